"""Taking files in: each content once, whatever it is called and however it comes."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction

from contacts.importing.naming import ExportName, ImportRefusedError, export_name
from contacts.importing.readers import kind_of
from contacts.models import ExportFile
from engage_portal.core import clock

LEVEL_WITH_COPY = 3
_PIECE = 2**20
_A_DAY = 86_400
_SETTLED = (ExportFile.State.DONE, ExportFile.State.PASSED)
_KNOWN = (ExportFile.State.WAITING, ExportFile.State.RUNNING, ExportFile.State.DONE)


def check_level() -> None:
    """Raises ImportRefusedError where the preparation level keeps no copy."""
    if settings.ENGAGE_LEVEL < LEVEL_WITH_COPY:
        raise ImportRefusedError(
            f"ENGAGE_LEVEL is {settings.ENGAGE_LEVEL}: only levels 3 and 4 keep a local copy of contacts."
        )


def take_upload(name: str, chunks: Iterable[bytes], by: str, *, is_complete: bool = False) -> ExportFile:
    """Keep a file that somebody sends, in the spool folder, until it is read. May run twice: nothing more happens.

    Content that waits, is being read or was read is not kept again: the row that it has is returned. Raises
    ImportRefusedError for a senseless name and below level 3, OSError where the disk is full.
    """
    return take_pieces(name, chunks, by, origin=ExportFile.Origin.UPLOAD, is_complete=is_complete)


def take_pieces(
    name: str,
    pieces: Iterable[bytes],
    by: str,
    *,
    origin: ExportFile.Origin,
    is_complete: bool = False,
    written_at: datetime | None = None,
) -> ExportFile:
    """The same for whatever comes from elsewhere."""
    check_level()
    parsed = export_name(name)
    path = spool_folder() / f"{uuid4()}.xml"
    try:
        digest, size = _spooled(path, pieces)
        file = _registered(
            parsed,
            digest,
            size,
            path=path,
            origin=origin,
            by=by,
            is_complete=is_complete,
            written_at=written_at,
        )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if file.path != str(path):
        path.unlink()
    return file


def take_file(
    path: Path, *, by: str, origin: ExportFile.Origin, name: str = "", is_complete: bool = False
) -> ExportFile:
    """Take in a file that stays where it lies. Raises as `take_upload`, and OSError where it cannot be read."""
    check_level()
    parsed = export_name(name or path.name)
    digest, size = hashlib.sha256(), 0
    for piece in _pieces(path):
        digest.update(piece)
        size += len(piece)
    return _registered(
        parsed,
        digest.hexdigest(),
        size,
        path=path.resolve(),
        origin=origin,
        by=by,
        is_complete=is_complete,
        written_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
    )


def spool_folder() -> Path:
    """Where files lie until they are read: of one owner alone, since all of them are personal data."""
    folder = _spool()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def is_ours(file: ExportFile) -> bool:
    """Whether the portal made the file itself, and has to delete it."""
    return bool(file.path) and Path(file.path).parent == _spool()


def _spool() -> Path:
    return Path(settings.ENGAGE_EXPORT_SPOOL).absolute()


def discard(file: ExportFile) -> None:
    """Delete the portal's own copy; somebody else's file is left alone. May run twice."""
    if is_ours(file):
        Path(file.path).unlink(missing_ok=True)


def sweep_spool() -> int:
    """Delete what an interruption left in the spool folder a day ago and no row names. Returns how many."""
    limit = clock.now().timestamp() - _A_DAY
    old = [path for path in spool_folder().iterdir() if path.is_file() and path.stat().st_mtime < limit]
    named = set(
        ExportFile.objects.filter(path__in=map(str, old))
        .exclude(state__in=_SETTLED)
        .values_list("path", flat=True)
    )
    left = [path for path in old if str(path) not in named]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _spooled(path: Path, pieces: Iterable[bytes]) -> tuple[str, int]:
    """Write under a temporary name first: what has its final name is whole."""
    part = path.with_suffix(".part")
    try:
        digest, size = _written(part, pieces)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return digest, size


def _written(path: Path, pieces: Iterable[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for piece in pieces:
            digest.update(piece)
            size += file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), size


def _registered(
    name: ExportName,
    digest: str,
    size: int,
    *,
    path: Path,
    origin: ExportFile.Origin,
    by: str,
    is_complete: bool,
    written_at: datetime | None,
) -> ExportFile:
    now, kind = clock.now(), kind_of(path, name.text)
    file = ExportFile(
        kind=kind,
        name=name.text,
        digest=digest,
        size=size,
        origin=origin,
        path=str(path),
        is_complete=is_complete and kind == ExportFile.Kind.CONTACTS,
        # A clock that is ahead must not make everything older than this file.
        made_at=min(name.made_at or written_at or now, now),
        written_at=written_at,
        number=name.number,
        added_by=by[:150],
    )
    known = _known(digest)
    if known:
        return known
    try:
        with transaction.atomic():
            _replace_rejected(file)
            file.save(force_insert=True)
    except IntegrityError:  # it came in twice at the same moment
        if known := _known(digest):
            return known
        raise
    return file


def _known(digest: str) -> ExportFile | None:
    return ExportFile.objects.filter(digest=digest, state__in=_KNOWN).first()


def _replace_rejected(file: ExportFile) -> None:
    """A file that was rejected and comes again, corrected or not, no longer holds up those after it.

    Nor does one that waited and was overwritten where it lies: nobody can read it any more.
    """
    overwritten = ExportFile.objects.filter(path=file.path, state=ExportFile.State.WAITING)
    overwritten.update(state=ExportFile.State.PASSED, finished_at=clock.now())
    again = ExportFile.objects.filter(state=ExportFile.State.REJECTED)
    for old in again.filter(name=file.name) | again.filter(digest=file.digest):
        if ExportFile.objects.filter(pk=old.pk, state=ExportFile.State.REJECTED).update(
            state=ExportFile.State.PASSED, finished_at=clock.now()
        ):
            discard(old)
