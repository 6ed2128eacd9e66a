"""A plain folder as dropbox: a share that is mounted here, or the sandbox's."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from engage_portal.fallback.dropbox.box import PIECE, DropboxError, Progress, RemoteFile, Trouble, Where

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_PERMISSION = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_UNKNOWN_TO_FILE_SYSTEM = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})


class FolderBox:
    """Everything below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def where(self, folder: str) -> Where:
        """How people know a folder of this dropbox."""
        return Where(folder=str(self._folder(folder)))

    def files(self, folder: str) -> list[RemoteFile]:
        """What lies in a folder, without folders."""
        with self._said(folder, Trouble.NO_FOLDER):
            found = []
            for path in self._folder(folder).iterdir():
                facts = _facts(path)
                if facts is not None:
                    found.append(RemoteFile(path.name, facts.st_size, int(facts.st_mtime)))
            return found

    def pieces(self, folder: str, file: RemoteFile) -> Iterator[bytes]:
        """The bytes of a file. Raises where they are not as many as were listed: it is still being written."""
        size = 0
        path = self._path(folder, file.name)
        with self._said(folder, Trouble.NO_FILE), path.open("rb", buffering=0) as source:
            while piece := source.read(PIECE):
                size += len(piece)
                yield piece
        if size != file.size:
            raise DropboxError(Trouble.CHANGED, self.where(folder))

    def remove(self, folder: str, name: str) -> None:
        """Delete a file. May run twice."""
        with self._said(folder, Trouble.NO_FILE):
            self._path(folder, name).unlink(missing_ok=True)

    def put(self, folder: str, name: str, local: Path, progress: Progress | None = None) -> None:
        """Write a new file, for its owner and group alone, down to the disk; an existing one is left alone."""
        sent = 0
        with local.open("rb") as source, self._created(folder, name) as target:
            while piece := source.read(PIECE):
                with self._said(folder, Trouble.NO_FILE):
                    target.write(piece)
                sent += len(piece)
                if progress is not None:
                    progress(sent)
            with self._said(folder, Trouble.NO_FILE):
                target.flush()
                os.fsync(target.fileno())

    def size(self, folder: str, name: str) -> int | None:
        """How many bytes a file has; None where there is none."""
        with self._said(folder, Trouble.NO_FOLDER):
            facts = _facts(self._path(folder, name))
        return None if facts is None else facts.st_size

    def rename(self, folder: str, name: str, new: str) -> None:
        """Give a file another name, unless that is taken.

        Looked for, then renamed in one step: with a link and a deletion instead, a kill between the two would leave
        both names. Nobody else uses ours.
        """
        if self.size(folder, new) is not None:
            raise DropboxError(Trouble.NAME_TAKEN, self.where(folder))
        with self._said(folder, Trouble.NO_FILE):
            self._path(folder, name).rename(self._path(folder, new))
            _keep_names(self._folder(folder))

    @contextmanager
    def _created(self, folder: str, name: str) -> Iterator[BinaryIO]:
        with self._said(folder, Trouble.NO_FOLDER):
            handle = os.open(self._path(folder, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o660)
        with os.fdopen(handle, "wb", buffering=0) as target:
            yield target

    @contextmanager
    def _said(self, folder: str, missing: Trouble) -> Iterator[None]:
        """What the system says, in our words: its own name files."""
        try:
            yield
        except OSError as error:
            raise DropboxError(_trouble(error, missing), self.where(folder)) from error

    def _folder(self, folder: str) -> Path:
        return self._root / folder.strip("/")

    def _path(self, folder: str, name: str) -> Path:
        return self._folder(folder) / name


def _facts(path: Path) -> os.stat_result | None:
    """Of a file; None for anything else, and where there is nothing."""
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return None
    return facts if stat.S_ISREG(facts.st_mode) else None


def _keep_names(folder: Path) -> None:
    """Have the folder written down to the disk, where its file system knows how to."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _UNKNOWN_TO_FILE_SYSTEM:
            raise
    finally:
        os.close(handle)


def _trouble(error: OSError, missing: Trouble) -> Trouble:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return missing
    if isinstance(error, FileExistsError):
        return Trouble.NAME_TAKEN
    if error.errno in _FULL:
        return Trouble.FULL
    return Trouble.NO_PERMISSION if error.errno in _NO_PERMISSION else Trouble.UNREACHABLE
