"""Where spool files lie until Engage has them. They are personal data: one owner alone may read them, and where
`SPOOL_KEY` is set, nobody without the key.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import structlog
from django.conf import settings

from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool import sealing

log = structlog.get_logger(__name__)

_DRAFT = ".writing"
_SEALED = ".sealed"
_OURS = re.compile(r"\d{14}_\d{6,}_")
_DRAFTS = re.compile(r"(\.[0-9a-f]{32})?\.writing$")
_PRIVATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class LostError(Exception):
    """A file does not lie here, or not as it was written."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that is being written: its stream, and where it can be read again."""

    stream: BinaryIO
    path: Path
    lies: Path
    """Where it is on the disk until it is released."""


def folder() -> Path:
    """The spool folder, made where it is missing. Raises OSError where it cannot be."""
    path = Path(settings.SPOOL_FOLDER)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def problem() -> str:
    """Why files cannot be kept in the folder, as the end of a sentence; empty where they can."""
    try:
        path = folder()
    except OSError:
        return "names a folder that cannot be made"
    if not os.access(path, os.W_OK | os.X_OK):
        return "names a folder that may not be written to"
    if path.stat().st_mode & 0o077:
        return "names a folder that others may look into: `chmod 700` it, for its files hold personal data"
    return ""


@contextmanager
def drafting(file: SpoolFile, token: UUID) -> Iterator[Draft]:
    """A draft, empty; gone at the end, unless it was released. What will be sealed is never on the disk before.

    It is the token's alone: who had the file before, stood still and wakes does not write into it.
    """
    for left in _drafts(file):
        left.unlink(missing_ok=True)
    lies = _path(file, f".{token.hex}{_DRAFT}")
    if settings.SPOOL_KEY:
        with _in_memory() as (handle, path), os.fdopen(handle, "wb", closefd=False) as stream:
            yield Draft(stream, path, lies)
        return
    try:
        with os.fdopen(os.open(lies, _PRIVATE, 0o600), "wb") as stream:
            yield Draft(stream, lies, lies)
    finally:
        lies.unlink(missing_ok=True)


def release(file: SpoolFile, draft: Draft) -> None:
    """The draft is the file from now on, also after a power cut. Raises OSError, and then it is not."""
    draft.stream.flush()
    if not settings.SPOOL_KEY:
        os.fsync(draft.stream.fileno())
        draft.path.replace(_path(file))
    else:
        _seal(draft).replace(_path(file, _SEALED))
    _keep_names()


@contextmanager
def readable(file: SpoolFile) -> Iterator[Path]:
    """A path under which the file can be read as it was written. Raises FileNotFoundError and UnsealError."""
    sealed = _path(file, _SEALED)
    if not sealed.is_file():
        yield _path(file)
        return
    with _in_memory() as (handle, path):
        with sealed.open("rb") as source, os.fdopen(handle, "wb", closefd=False) as target:
            sealing.unseal(source, target)
        yield path


@contextmanager
def intact(file: SpoolFile) -> Iterator[Path]:
    """The same, compared with what was written. Raises LostError and UnsealError."""
    try:
        with readable(file) as path:
            with path.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            if digest != file.digest:
                raise LostError
            yield path
    except FileNotFoundError as gone:
        raise LostError from gone


def remove(file: SpoolFile) -> None:
    """Delete whatever there is of a file. May run twice."""
    for path in (_path(file), _path(file, _SEALED), *_drafts(file)):
        path.unlink(missing_ok=True)


def remove_or_leave(file: SpoolFile) -> None:
    """The same of one that ended: where the folder cannot be used the sweep deletes it once it can."""
    try:
        remove(file)
    except OSError as trouble:
        log.warning("a copy stays here for now", file=file.pk, problem=type(trouble).__name__)


def lying() -> list[Path]:
    """What lies there and could be ours."""
    return [path for path in folder().iterdir() if _OURS.match(path.name) and path.is_file()]


def owner_of(path: Path) -> str:
    """The name of the file that something in the folder belongs to."""
    return _DRAFTS.sub("", path.name.removesuffix(_SEALED))


def _drafts(file: SpoolFile) -> list[Path]:
    return [path for path in lying() if path.name.endswith(_DRAFT) and owner_of(path) == file.name]


def _path(file: SpoolFile, kind: str = "") -> Path:
    return folder() / f"{file.name}{kind}"


def _seal(draft: Draft) -> Path:
    """Nothing stays of what the disk could not take: a full one would only stay full."""
    try:
        with draft.path.open("rb") as plain, os.fdopen(os.open(draft.lies, _PRIVATE, 0o600), "wb") as sealed:
            sealing.seal(plain, sealed)
            sealed.flush()
            os.fsync(sealed.fileno())
    except OSError:
        draft.lies.unlink(missing_ok=True)
        raise
    return draft.lies


def _keep_names() -> None:
    """Have the folder itself written down."""
    handle = os.open(folder(), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _in_memory() -> Iterator[tuple[int, Path]]:
    """A file that is nowhere but in this process's memory, and the path that only this process can open."""
    handle = os.memfd_create("spool", os.MFD_CLOEXEC)
    try:
        yield handle, Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
