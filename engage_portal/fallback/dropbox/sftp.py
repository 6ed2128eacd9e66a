"""The dropbox on an SFTP server.

Engage names host and port 22, user name and password
[developer.voyado.com/docs/file-based-transfer/file-transfer-by-ftp]; logging in with a key, and the host key, are not
documented. The host key is pinned all the same: what is on there is personal data.
"""

import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import paramiko
from django.conf import settings

from engage_portal.core.clock import Deadline
from engage_portal.fallback.dropbox.box import PIECE, DropboxError, Progress, RemoteFile, Trouble, Where
from engage_portal.fallback.dropbox.host_keys import PATIENCE, host_key

PORT = 22
_REQUEST = 32 * 1024
"""Bytes in one message of the protocol."""
_LONGEST = 1024 * 1024
_SOON = 1.0
"""Seconds in which the server should have taken a piece: then the next one is longer."""
_LOST = (paramiko.SSHException, paramiko.SFTPError, EOFError, TimeoutError, ConnectionError)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files are."""

    host: str
    port: int
    user: str
    root: str

    def where(self, folder: str = "") -> Where:
        """How people know a folder there."""
        box = self.host if self.port == PORT else f"{self.host}:{self.port}"
        return Where(box, self.path(folder), self.user)

    def path(self, folder: str) -> str:
        """A folder as the server is asked for it; empty: the one of the login."""
        return "/".join(part for part in (self.root, folder.strip("/")) if part)


def place(url: str) -> Place:
    """From sftp://user@host:port/folder. The folder is seen from where the server puts whoever logs in; with two
    slashes, sftp://user@host//folder, from the server's root.
    """
    parts = urlsplit(url)
    root = unquote(parts.path).removeprefix("/").rstrip("/")
    return Place(parts.hostname or "", parts.port or PORT, unquote(parts.username or ""), root)


@contextmanager
def connected() -> Iterator["SftpBox"]:
    """The server of `SFTP_URL`, for as long as the block lasts. Raises DropboxError."""
    there = place(settings.SFTP_URL)
    with paramiko.SSHClient() as client:
        try:
            _log_in(client, there)
            sftp = client.open_sftp()
        except (paramiko.SSHException, OSError, EOFError, ValueError) as error:
            raise DropboxError(_why_not(error), there.where()) from error
        sftp.get_channel().settimeout(PATIENCE)
        yield SftpBox(sftp, there)


def _log_in(client: Any, there: Place) -> None:
    key = host_key(settings.SFTP_HOST_KEY)
    name = there.host if there.port == PORT else f"[{there.host}]:{there.port}"
    client.get_host_keys().add(name, key.get_name(), key)
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.connect(
        there.host,
        there.port,
        there.user,
        password=settings.SFTP_PASSWORD or None,
        key_filename=settings.SFTP_KEY_FILE or None,
        timeout=PATIENCE,
        banner_timeout=PATIENCE,
        auth_timeout=PATIENCE,
        channel_timeout=PATIENCE,
        look_for_keys=False,
        allow_agent=False,
        transport_factory=_transport,
    )


def _transport(line: Any, **options: Any) -> Any:
    """With the ciphers first that read each byte once: encrypting is most of what an upload costs here."""
    transport = paramiko.Transport(line, **options)
    security = transport.get_security_options()
    security.ciphers = sorted(security.ciphers, key=lambda name: "gcm" not in name)
    return transport


def _why_not(error: Exception) -> Trouble:
    """What kept the portal out. A line that is no key at all pins nothing, so nobody is let in."""
    if isinstance(error, paramiko.BadHostKeyException | ValueError):
        return Trouble.HOST_KEY
    if isinstance(error, paramiko.AuthenticationException):
        return Trouble.REFUSED_LOGIN
    return Trouble.UNREACHABLE


class SftpBox:
    """Everything below one folder of a server."""

    def __init__(self, sftp: Any, place: Place) -> None:
        self._sftp = sftp
        self._place = place

    def where(self, folder: str) -> Where:
        """How people know a folder of this dropbox."""
        return self._place.where(folder)

    def files(self, folder: str) -> list[RemoteFile]:
        """What lies in a folder, without folders."""
        with self._said(folder, missing=Trouble.NO_FOLDER):
            return [
                RemoteFile(found.filename, found.st_size or 0, int(found.st_mtime or 0))
                for found in self._sftp.listdir_attr(self._place.path(folder) or ".")
                if stat.S_ISREG(found.st_mode or 0)
            ]

    def pieces(self, folder: str, file: RemoteFile) -> Iterator[bytes]:
        """The bytes of a file. Raises where they are not as many as were listed: it is still being written."""
        size = 0
        path = self._path(folder, file.name)
        with self._said(folder, missing=Trouble.NO_FILE), self._sftp.open(path, "rb") as remote:
            remote.prefetch(file.size)
            while piece := remote.read(PIECE):
                size += len(piece)
                yield piece
        if size != file.size:
            raise DropboxError(Trouble.CHANGED, self.where(folder))

    def remove(self, folder: str, name: str) -> None:
        """Delete a file. May run twice."""
        with self._said(folder), suppress(FileNotFoundError):
            self._sftp.remove(self._path(folder, name))

    def put(self, folder: str, name: str, local: Path, progress: Progress | None = None) -> None:
        """Write a new file; the server refuses one that exists, so that nothing is overwritten."""
        with local.open("rb") as source:
            remote = self._created(folder, name)
            try:
                self._write(folder, remote, source, progress)
            finally:
                with self._said(folder):
                    remote.close()

    def _created(self, folder: str, name: str) -> Any:
        try:
            with self._said(folder, missing=Trouble.NO_FOLDER, refused=Trouble.FULL):
                return self._sftp.open(self._path(folder, name), "wx")
        except DropboxError as error:
            if error.trouble is Trouble.FULL and self.size(folder, name) is not None:
                raise DropboxError(Trouble.NAME_TAKEN, self.where(folder)) from error
            raise

    def _write(self, folder: str, remote: Any, source: Any, progress: Progress | None) -> None:
        """Many messages are under way at once, and all of a piece are answered before progress is told: no refusal is
        lost, and on a slow line, too, it is told often, for its pieces are short.
        """
        sent, length = 0, _REQUEST
        while piece := source.read(length):
            soon = Deadline.after(_SOON)
            with self._said(folder, refused=Trouble.FULL):
                remote.set_pipelined(True)
                remote.write(piece[:-_REQUEST])
                remote.set_pipelined(False)  # the last message waits for the answers to all
                remote.write(piece[-_REQUEST:])
            length = max(length // 2, _REQUEST) if soon.is_past else min(length * 2, _LONGEST)
            sent += len(piece)
            if progress is not None:
                progress(sent)

    def size(self, folder: str, name: str) -> int | None:
        """How many bytes a file has; None where there is none."""
        with self._said(folder):
            try:
                return int(self._sftp.lstat(self._path(folder, name)).st_size or 0)
            except FileNotFoundError:
                return None

    def rename(self, folder: str, name: str, new: str) -> None:
        """Give a file another name. The protocol's own rename, unlike OpenSSH's, never overwrites."""
        with self._said(
            folder, missing=Trouble.NO_FILE, refused=Trouble.RENAME_REFUSED, forbidden=Trouble.RENAME_REFUSED
        ):
            self._sftp.rename(self._path(folder, name), self._path(folder, new))

    def _path(self, folder: str, name: str) -> str:
        return "/".join(part for part in (self._place.path(folder), name) if part)

    @contextmanager
    def _said(
        self,
        folder: str,
        *,
        missing: Trouble = Trouble.NO_FILE,
        refused: Trouble = Trouble.UNREACHABLE,
        forbidden: Trouble = Trouble.NO_PERMISSION,
    ) -> Iterator[None]:
        """What the server answers, in our words: its own may name people and files.

        The protocol knows four refusals: no such file, no permission, not supported, and plain failure. A line that
        is cut is none of them: nobody knows what the server still did.
        """
        try:
            yield
        except _LOST as error:
            raise DropboxError(Trouble.UNREACHABLE, self.where(folder)) from error
        except OSError as error:
            is_cut = self._sftp.get_channel().closed
            trouble = {FileNotFoundError: missing, PermissionError: forbidden}.get(type(error), refused)
            raise DropboxError(Trouble.UNREACHABLE if is_cut else trouble, self.where(folder)) from error
