"""Which dropbox the settings name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from engage_portal.fallback.dropbox.box import Dropbox, DropboxError, Trouble
from engage_portal.fallback.dropbox.folder import FolderBox


def is_configured() -> bool:
    """Whether there is a dropbox at all."""
    return bool(settings.SFTP_URL or settings.DROPBOX_FOLDER)


def is_server() -> bool:
    """Whether it is an SFTP server, and no plain folder."""
    return bool(settings.SFTP_URL)


@contextmanager
def opened() -> Iterator[Dropbox]:
    """The dropbox, for as long as the block lasts. Raises DropboxError where there is none or it does not answer."""
    if is_server():
        from engage_portal.fallback.dropbox.sftp import connected  # noqa: PLC0415 - it loads paramiko

        with connected() as box:
            yield box
    elif settings.DROPBOX_FOLDER:
        yield FolderBox(Path(settings.DROPBOX_FOLDER))
    else:
        raise DropboxError(Trouble.NOT_CONFIGURED)
