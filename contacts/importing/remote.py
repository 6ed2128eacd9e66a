"""Exports in the dropbox are taken in once they are whole, in order, each once."""

from datetime import UTC, datetime

import structlog
from django.conf import settings
from django.core.cache import cache

from contacts.importing.intake import take_pieces
from contacts.importing.naming import ImportRefusedError, export_name
from contacts.importing.profile import current_profile
from contacts.models import ExportFile
from engage_portal.fallback.dropbox import Dropbox, DropboxError, RemoteFile, is_configured, is_server, opened

_SEEN = "contacts:exports:remote"
_REMEMBERED_SECONDS = 86_400

log = structlog.get_logger(__name__)


def take_remote() -> list[ExportFile]:
    """Download the exports whose size and time have not changed since the last look. May run twice.

    No file after an unsettled one is taken, so that order is kept. Files that were read are deleted there only
    with `SFTP_DELETE`: nobody documents who deletes exports. Trouble with the dropbox is logged, not raised.
    Raises ImportRefusedError where it cannot be told in which folders exports lie.
    """
    if not is_configured():
        return []
    profile, found = current_profile(), list[ExportFile]()
    for folder in sorted({profile.contacts_export.folder, profile.promotions_export.folder}):
        try:
            with opened() as box:
                for file in _settled(folder, box.files(folder)):
                    found += _taken(box, folder, file)
        except DropboxError as error:
            log.warning("exports cannot be fetched", problem=str(error))
    return found


def _settled(folder: str, files: list[RemoteFile]) -> list[RemoteFile]:
    """The exports up to the first that is still being written, in order."""
    exports = sorted((file for file in files if _is_export(file)), key=_order)
    before: dict[str, tuple[int, int]] = cache.get(f"{_SEEN}:{folder}") or {}
    now = {file.name: (file.size, file.changed_at) for file in exports}
    cache.set(f"{_SEEN}:{folder}", now, _REMEMBERED_SECONDS)
    settled = []
    for file in exports:
        if before.get(file.name) != now[file.name]:
            break
        settled.append(file)
    return settled


def _is_export(file: RemoteFile) -> bool:
    """Any XML file with a sensible name: what promotions exports are called is not public."""
    try:
        export_name(file.name)
    except ImportRefusedError:
        return False
    return file.name.lower().endswith(".xml")


def _order(file: RemoteFile) -> tuple[bool, str, int, str]:
    """By the time and the number in the name; other names at the end, by when they were written."""
    name = export_name(file.name)
    if name.made_at is None:
        return True, "", file.changed_at, file.name
    return False, file.name[:14], name.number or 0, file.name


def _taken(box: Dropbox, folder: str, file: RemoteFile) -> list[ExportFile]:
    """Download what is new; delete what was read, where that is wanted."""
    written_at = datetime.fromtimestamp(file.changed_at, UTC)
    like_it = ExportFile.objects.filter(name=file.name, size=file.size)
    known = like_it.filter(written_at=written_at).order_by("-added_at").first()
    if known is None:
        origin = ExportFile.Origin.SFTP if is_server() else ExportFile.Origin.DROPBOX
        taken = take_pieces(
            file.name, box.pieces(folder, file), origin.value, origin=origin, written_at=written_at
        )
        # Content that was here already: the next look knows it by this name and time.
        ExportFile.objects.filter(pk=taken.pk).exclude(written_at=written_at).update(
            name=file.name, written_at=written_at
        )
        return [taken]
    if known.state == ExportFile.State.DONE and settings.SFTP_DELETE:
        box.remove(folder, file.name)
    return []
