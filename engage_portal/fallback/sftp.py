"""The one door to the SFTP server on which Engage leaves its exports.

Engage names host and port 22, user name and password
[developer.voyado.com/docs/file-based-transfer/file-transfer-by-ftp]; logging in with a key, and the host key, are not
documented. The host key is pinned all the same: what is on there is
personal data.
"""

import base64
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import paramiko
from django.conf import settings

_PORT = 22
_PATIENCE = 15.0
"""Seconds for each step: connecting, the banner, logging in, a channel, a read."""
_PIECE = 256 * 1024


class SftpError(Exception):
    """The server cannot be used now. Its text is a sentence without secrets."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as the server lists it."""

    name: str
    size: int
    changed_at: int
    """Seconds since 1970, by the server's clock."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files are."""

    host: str
    port: int
    user: str
    folder: str


def place(url: str) -> Place:
    """From sftp://user@host:port/folder. The folder is seen from where the server puts whoever logs in; with two
    slashes, sftp://user@host//folder, from the server's root.
    """
    parts = urlsplit(url)
    folder = unquote(parts.path).removeprefix("/").rstrip("/")
    return Place(parts.hostname or "", parts.port or _PORT, unquote(parts.username or ""), folder)


def host_key(line: str) -> Any:
    """A public key as OpenSSH writes it: `ssh-ed25519 AAAA…`. Raises ValueError where it is none."""
    kind, _, rest = line.strip().partition(" ")
    try:
        return paramiko.PKey.from_type_string(kind, base64.b64decode(rest.split(" ")[0], validate=True))
    except Exception as error:
        raise ValueError("no public key") from error


@contextmanager
def session() -> Iterator["Session"]:
    """The folder of `SFTP_URL`, for as long as the block lasts. Raises SftpError, also out of the block."""
    there, client = place(settings.SFTP_URL), paramiko.SSHClient()
    try:
        key = host_key(settings.SFTP_HOST_KEY)
        name = there.host if there.port == _PORT else f"[{there.host}]:{there.port}"
        client.get_host_keys().add(name, key.get_name(), key)
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        client.connect(
            there.host,
            there.port,
            there.user,
            password=settings.SFTP_PASSWORD or None,
            key_filename=settings.SFTP_KEY_FILE or None,
            timeout=_PATIENCE,
            banner_timeout=_PATIENCE,
            auth_timeout=_PATIENCE,
            channel_timeout=_PATIENCE,
            look_for_keys=False,
            allow_agent=False,
        )
        with client.open_sftp() as sftp:
            sftp.get_channel().settimeout(_PATIENCE)
            yield Session(sftp, there.folder)
    except (paramiko.SSHException, OSError, EOFError, ValueError) as error:
        raise SftpError(_sentence(error)) from error
    finally:
        client.close()


def _sentence(error: Exception) -> str:
    """What went wrong, in our words: the library's may name people and paths."""
    if isinstance(error, paramiko.BadHostKeyException) or "not found in known_hosts" in str(error):
        return "The SFTP server shows another host key than SFTP_HOST_KEY: nothing was sent to it."
    if isinstance(error, paramiko.AuthenticationException):
        return "The SFTP server refuses the user of SFTP_URL, or the password or key."
    if isinstance(error, FileNotFoundError):
        return "The SFTP server has no such folder or file."
    return f"The SFTP server does not answer as it should ({type(error).__name__})."


class Session:
    """One folder on the server."""

    def __init__(self, sftp: Any, folder: str) -> None:
        self._sftp = sftp
        self._folder = folder

    def files(self) -> list[RemoteFile]:
        """What lies in the folder, without folders."""
        return [
            RemoteFile(found.filename, found.st_size or 0, int(found.st_mtime or 0))
            for found in self._sftp.listdir_attr(self._folder or ".")
            if stat.S_ISREG(found.st_mode or 0)
        ]

    def pieces(self, file: RemoteFile) -> Iterator[bytes]:
        """The bytes of a file. Raises OSError where they are not as many as were listed: it is still being written."""
        size = 0
        with self._sftp.open(self._path(file), "rb") as remote:
            remote.prefetch(file.size)
            while piece := remote.read(_PIECE):
                size += len(piece)
                yield piece
        if size != file.size:
            raise OSError("the file grew or shrank while it was read")

    def remove(self, file: RemoteFile) -> None:
        """Delete a file on the server."""
        self._sftp.remove(self._path(file))

    def _path(self, file: RemoteFile) -> str:
        return f"{self._folder}/{file.name}" if self._folder else file.name


def key_file_problem(path: str) -> str:
    """Why a private key cannot be used, as the end of a sentence; empty where it can."""
    try:
        paramiko.PKey.from_path(Path(path))
    except FileNotFoundError:
        return "names no file"
    except Exception:  # noqa: BLE001 - the library raises half a dozen kinds, and none may reach the screen
        return "names no private key without a passphrase"
    return ""
