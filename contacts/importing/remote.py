"""Exports on the SFTP server are taken in once they are whole, in order, each once."""

from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.core.cache import cache

from contacts.importing.intake import take_pieces
from contacts.importing.naming import ImportRefusedError, export_name
from contacts.models import ExportFile

if TYPE_CHECKING:
    from engage_portal.fallback.sftp import RemoteFile, Session

BY = "sftp"
_SEEN = "contacts:exports:remote"
_REMEMBERED_SECONDS = 86_400

log = structlog.get_logger(__name__)


def take_remote() -> list[ExportFile]:
    """Download the exports whose size and time have not changed since the last look. May run twice.

    No file after an unsettled one is taken, so that order is kept. Files that were read are deleted on the server only
    with `SFTP_DELETE`: nobody documents who deletes exports. Trouble with the server is logged, not raised.
    """
    if not settings.SFTP_URL:
        return []
    from engage_portal.fallback import sftp  # noqa: PLC0415 - it loads paramiko: only where there is a server

    found: list[ExportFile] = []
    try:
        with sftp.session() as there:
            for file in _settled(there.files()):
                found += _taken(there, file)
    except sftp.SftpError as error:
        log.warning("exports cannot be fetched", problem=str(error))
    return found


def _settled(files: "list[RemoteFile]") -> "list[RemoteFile]":
    """The exports up to the first that is still being written, in order."""
    exports = sorted((file for file in files if _order(file)), key=_order)
    before: dict[str, tuple[int, int]] = cache.get(_SEEN) or {}
    now = {file.name: (file.size, file.changed_at) for file in exports}
    cache.set(_SEEN, now, _REMEMBERED_SECONDS)
    settled = []
    for file in exports:
        if before.get(file.name) != now[file.name]:
            break
        settled.append(file)
    return settled


def _order(file: "RemoteFile") -> tuple[str, int, str] | tuple[()]:
    """By the time and the number in the name; empty for what is no export by its name."""
    try:
        name = export_name(file.name)
    except ImportRefusedError:
        return ()
    return () if name.made_at is None else (file.name[:14], name.number or 0, file.name)


def _taken(there: "Session", file: "RemoteFile") -> list[ExportFile]:
    """Download what is new; delete what was read, where that is wanted."""
    known = ExportFile.objects.filter(
        name=file.name, size=file.size, origin=ExportFile.Origin.SFTP
    ).order_by("-added_at").first()  # fmt: skip
    if known is None:
        return [take_pieces(file.name, there.pieces(file), BY, origin=ExportFile.Origin.SFTP)]
    if known.state == ExportFile.State.DONE and settings.SFTP_DELETE:
        there.remove(file)
    return []
