"""The dropbox: an SFTP server or a plain folder, where files for Engage are put and Engage's own are found."""

from engage_portal.fallback.dropbox.box import Dropbox, DropboxError, Progress, RemoteFile, Trouble, Where
from engage_portal.fallback.dropbox.deliver import (
    Delivered,
    FateUnknownError,
    Note,
    Outgoing,
    Step,
    deliver,
    discard,
    still_there,
)
from engage_portal.fallback.dropbox.opening import is_configured, is_server, opened

__all__ = [
    "Delivered",
    "Dropbox",
    "DropboxError",
    "FateUnknownError",
    "Note",
    "Outgoing",
    "Progress",
    "RemoteFile",
    "Step",
    "Trouble",
    "Where",
    "deliver",
    "discard",
    "is_configured",
    "is_server",
    "opened",
    "still_there",
]
