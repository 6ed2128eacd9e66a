"""Files that somebody puts into a folder are taken in once they are whole, in order."""

from pathlib import Path

import structlog
from django.conf import settings
from django.core.cache import cache

from contacts.importing.intake import take_file
from contacts.importing.naming import ImportRefusedError, export_name
from contacts.models import ExportFile

BY = "folder"
_REMEMBERED_SECONDS = 86_400
_SEEN = "contacts:exports:sizes"
_TAKEN = "contacts:exports:taken"

log = structlog.get_logger(__name__)


def take_settled() -> list[ExportFile]:
    """Take in the files of `ENGAGE_EXPORT_FOLDER` whose size and time have not changed since the last look.

    No file that is made after an unsettled one is taken, so that order is kept. The files stay where they lie: nobody
    documents who deletes exports. May run twice.
    """
    if not settings.ENGAGE_EXPORT_FOLDER:
        return []
    before: dict[str, tuple[int, int]] = cache.get(_SEEN) or {}
    taken: dict[str, tuple[int, int]] = cache.get(_TAKEN) or {}
    now = {path.name: _print(path) for path in in_order(Path(settings.ENGAGE_EXPORT_FOLDER))}
    cache.set(_SEEN, now, _REMEMBERED_SECONDS)
    found = []
    for name, print_ in now.items():
        if taken.get(name) == print_:
            continue
        if before.get(name) != print_:
            break
        found += _taken(Path(settings.ENGAGE_EXPORT_FOLDER) / name)
        taken[name] = print_
    # Only spares hashing them again: what was read is known by its content.
    cache.set(_TAKEN, {name: taken[name] for name in now if name in taken}, _REMEMBERED_SECONDS)
    return found


def in_order(folder: Path) -> list[Path]:
    """The XML files of a folder, in the order in which Engage made them; others, by their names, at the end."""
    found = [path for path in folder.iterdir() if path.suffix.lower() == ".xml" and path.is_file()]
    return sorted(found, key=_order)


def _order(path: Path) -> tuple[bool, str, int, str]:
    try:
        name = export_name(path.name)
    except ImportRefusedError:
        name = None
    if name is None or name.made_at is None:
        return True, "", 0, path.name
    return False, path.name[:14], name.number or 0, path.name


def _print(path: Path) -> tuple[int, int]:
    try:
        seen = path.stat()
    except FileNotFoundError:
        return 0, 0
    return seen.st_size, seen.st_mtime_ns


def _taken(path: Path) -> list[ExportFile]:
    try:
        return [take_file(path, by=BY, origin=ExportFile.Origin.FOLDER)]
    except (ImportRefusedError, OSError) as error:
        # Neither the file's name nor the system's words: only what kind of trouble it is.
        log.warning("a file in the folder was not taken in", problem=type(error).__name__)
        return []
