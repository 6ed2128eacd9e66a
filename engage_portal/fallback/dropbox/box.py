"""What every kind of dropbox can do, and the few ways in which it can fail."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

PIECE = 256 * 1024

Progress = Callable[[int], None]
"""Is told how many bytes are over; what it raises ends the transfer."""


class Trouble(StrEnum):
    """Why the dropbox cannot do what it was asked for."""

    NOT_CONFIGURED = "not_configured"
    UNNAMED_FOLDER = "unnamed_folder"
    UNREACHABLE = "unreachable"
    HOST_KEY = "host_key"
    REFUSED_LOGIN = "refused_login"
    NO_FOLDER = "no_folder"
    NO_FILE = "no_file"
    NO_PERMISSION = "no_permission"
    FULL = "full"
    RENAME_REFUSED = "rename_refused"
    NAME_TAKEN = "name_taken"
    CHANGED = "changed"
    INCOMPLETE = "incomplete"
    TOO_SLOW = "too_slow"
    SLOW_LOGIN = "slow_login"


_SENTENCES = {
    Trouble.NOT_CONFIGURED: "There is no dropbox: set SFTP_URL or DROPBOX_FOLDER.",
    Trouble.UNNAMED_FOLDER: "ENGAGE_FILE_PROFILE names no folder for {box}: ask Voyado.",
    Trouble.UNREACHABLE: "{box} does not answer as it should; what it was doing can simply be tried again.",
    Trouble.HOST_KEY: (
        "{box} shows another host key than SFTP_HOST_KEY: nothing was sent to it. Find out why; "
        "`manage.py spool pin-host` pins a new one."
    ),
    Trouble.REFUSED_LOGIN: "{box} refuses the login of user {user}: check SFTP_URL, and the password or key.",
    Trouble.NO_FOLDER: "{box} does not have {folder}: check its name.",
    Trouble.NO_FILE: "{box} does not have the file in {folder} any more.",
    Trouble.NO_PERMISSION: "{box} does not permit that: ask for the right to read and write in {folder}.",
    Trouble.FULL: "{box} cannot store a file in {folder}: its disk, or the share that is ours, seems to be full.",
    Trouble.RENAME_REFUSED: (
        "{box} refuses to rename files in {folder}: ask for that right, or allow less safe uploads with "
        "SFTP_DIRECT_UPLOAD."
    ),
    Trouble.NAME_TAKEN: "{box} has another file of this name in {folder} already; it was left as it is.",
    Trouble.CHANGED: "{box} has a file in {folder} that grew or shrank while it was read; it is read again later.",
    Trouble.INCOMPLETE: "{box} has not the whole file in {folder} although it took it; it is sent again next time.",
    Trouble.SLOW_LOGIN: (
        "{box} takes so long to log in that the worker has too little time left to upload: ask Voyado why. "
        "`manage.py spool upload` waits."
    ),
    Trouble.TOO_SLOW: (
        "{box} takes this file too slowly for one run of the worker: run `manage.py spool upload`, which waits, "
        "or withdraw it and lower SPOOL_MAX_RECORDS."
    ),
}
_OF_THE_WHOLE_BOX = (
    Trouble.NOT_CONFIGURED, Trouble.UNREACHABLE, Trouble.HOST_KEY, Trouble.REFUSED_LOGIN, Trouble.SLOW_LOGIN,
)  # fmt: skip
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Where:
    """What a trouble is about, for people: all of it configuration, and nothing of it secret."""

    box: str = "The dropbox"
    folder: str = ""
    user: str = ""

    def said(self, sentence: str) -> str:
        """The sentence with its names on one line; of a long one the end tells most."""
        folder = f"the folder {_shown(self.folder)}" if self.folder else "the folder of the login"
        return sentence.format(box=_shown(self.box), folder=folder, user=_shown(self.user))


def _shown(name: str) -> str:
    cut = name if len(name) <= _SHOWN else f"…{name[-_SHOWN:]}"
    return "".join(sign if sign.isprintable() else "?" for sign in cut)


class DropboxError(Exception):
    """The dropbox cannot be used now, or not for this. Its text is one sentence that names the server and the folder,
    and neither a file nor a secret.
    """

    def __init__(self, trouble: Trouble, where: Where | None = None) -> None:
        super().__init__((where or Where()).said(_SENTENCES[trouble]))
        self.trouble = trouble

    @property
    def is_given_up(self) -> bool:
        """Whether it was we who ended an upload, on a line that is sound."""
        return self.trouble in (Trouble.TOO_SLOW, Trouble.SLOW_LOGIN)

    @property
    def is_of_the_whole_box(self) -> bool:
        """Whether no other file or folder would fare better: then the server is not asked, nor a login tried, again."""
        return self.trouble in _OF_THE_WHOLE_BOX


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as the dropbox lists it."""

    name: str
    size: int
    changed_at: int
    """Seconds since 1970, by the dropbox's clock."""


class Dropbox(Protocol):
    """An open dropbox. Folders are relative to its root; "" is the root itself. Everything raises DropboxError."""

    def where(self, folder: str) -> Where:
        """How people know a folder of this dropbox."""

    def files(self, folder: str) -> list[RemoteFile]:
        """What lies in a folder, without folders."""

    def pieces(self, folder: str, file: RemoteFile) -> Iterator[bytes]:
        """The bytes of a file. Raises where they are not as many as were listed: it is still being written."""

    def remove(self, folder: str, name: str) -> None:
        """Delete a file. May run twice."""

    def put(self, folder: str, name: str, local: Path, progress: Progress | None = None) -> None:
        """Write a new file; one that has this name is left alone, and the call fails."""

    def size(self, folder: str, name: str) -> int | None:
        """How many bytes a file has; None where there is none."""

    def rename(self, folder: str, name: str, new: str) -> None:
        """Give a file another name, unless that is taken. RENAME_REFUSED says for sure that nothing happened."""
