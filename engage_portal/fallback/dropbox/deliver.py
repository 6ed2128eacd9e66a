"""One file goes into the dropbox once, whatever breaks on the way.

It is written under a temporary name and renamed: the rename is what makes it Engage's. Nothing is documented about
half files, or about when a file is taken; all that can be seen from here is that it is gone
[developer.voyado.com/docs/file-based-transfer/file-transfer-by-ftp].
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from django.conf import settings

from engage_portal.fallback.dropbox.box import Dropbox, DropboxError, Progress, Trouble

PART = ".part"
_REFUSALS = (Trouble.RENAME_REFUSED, Trouble.NAME_TAKEN)


class Step(StrEnum):
    """How far a file came. Whoever delivers keeps it durably, and brings it along next time."""

    NOT_BEGUN = "not_begun"
    RENAMING = "renaming"
    WRITING = "writing"
    """It is written under its final name, because the server refuses to rename."""
    DONE = "done"


class Delivered(StrEnum):
    """How it is known that a file was delivered."""

    UPLOADED = "uploaded"
    FOUND = "found"
    """It lay there already."""


class FateUnknownError(Exception):
    """Nobody can tell whether the file reached Engage: sending it again might do everything in it twice.

    Gone means picked up only after a rename that was seen to succeed: others, too, can delete a temporary file.
    """

    def __init__(self) -> None:
        super().__init__(
            "The upload broke off and the file is gone: Engage has taken all of it, a part of it, or nothing."
        )


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file on its way."""

    folder: str
    name: str
    size: int
    content: Callable[[], AbstractContextManager[Path]]
    """A path to read it under; asked for only before bytes of it are sent. What it raises, `deliver` does, too."""


Note = Callable[[Step], None]


def deliver(
    box: Dropbox,
    file: Outgoing,
    *,
    step: Step,
    begin: Callable[[], None],
    note: Note,
    progress: Progress | None = None,
) -> Delivered:
    """Put a file into a folder of the dropbox. May run again after anything, with the step that was noted last.

    `note` has to have kept a step for good when it returns. So has `begin`, right before something is deleted or
    written there, that the file may have to be discarded; it raises where another process delivers the file by now, for
    only one at a time does. The file stays the same at every call where the step is not NOT_BEGUN.

    Raises DropboxError where it has to be tried again, and FateUnknownError where looking does not help: it broke off
    in the rename, or in an upload under the final name, and is gone.
    """
    if step is Step.DONE:
        return Delivered.UPLOADED
    return _Delivery(box, file, begin, note, progress).run(step)


def discard(box: Dropbox, *, folder: str, name: str) -> None:
    """Delete what an upload that broke off left of a file that is not wanted any more. May run twice.

    Not while its step is RENAMING: without the leftover nobody could tell whether Engage has taken it.
    """
    box.files(folder)  # raises where the folder is gone, a share not mounted: then nothing is deleted
    box.remove(folder, name + PART)


def still_there(box: Dropbox, folder: str, names: Iterable[str]) -> set[str]:
    """Which of these files were not picked up yet."""
    return {file.name for file in box.files(folder)}.intersection(names)


@dataclass(frozen=True, slots=True)
class _Delivery:
    box: Dropbox
    file: Outgoing
    begin: Callable[[], None]
    note: Note
    progress: Progress | None

    def run(self, step: Step) -> Delivered:
        # The temporary name first: a rename that is still under way moves from the one to the other.
        part, final = self._size(self._part), self._size(self.name)
        if final == self._whole:
            return self._found(part)
        if step is Step.WRITING:
            self._begin_again(final)
        elif final is not None:
            raise self._error(Trouble.NAME_TAKEN)
        elif step is Step.RENAMING and part is None:
            raise self._unknown()
        elif step is Step.RENAMING and part == self._whole:
            return self._rename()
        elif step is Step.RENAMING:
            self.note(Step.NOT_BEGUN)  # the server lost some of it: it may go now, and come again
        self._upload()
        return self._rename()

    def _found(self, part: int | None) -> Delivered:
        if part is not None:
            self.box.remove(self.folder, self._part)
        return self._over(Delivered.FOUND)

    def _begin_again(self, half: int | None) -> None:
        """After a direct upload that broke off. Where its half lies there still, nobody has taken anything."""
        if half is None:
            raise self._unknown()
        self.begin()
        self.box.remove(self.folder, self.name)
        self.note(Step.NOT_BEGUN)

    def _upload(self) -> None:
        """Write the temporary file anew: whoever broke off may still be writing into the old one."""
        with self.file.content() as local:
            self.box.files(
                self.folder
            )  # raises where there is no such folder: then nothing is left there, either
            self.begin()
            self.box.remove(self.folder, self._part)
            self.box.put(self.folder, self._part, local, self.progress)
        if self._size(self._part) != self._whole:
            raise self._error(Trouble.INCOMPLETE)

    def _rename(self) -> Delivered:
        self.note(Step.RENAMING)
        try:
            self.box.rename(self.folder, self._part, self.name)
        except DropboxError as error:
            if error.trouble not in _REFUSALS:
                raise
            return self._refused(error)
        return self._over(Delivered.UPLOADED)

    def _refused(self, error: DropboxError) -> Delivered:
        """The server will not rename. What lies there is deleted: it is personal data, and of no use."""
        if self._size(self._part) is None:
            raise error  # it was renamed after all; the next look tells
        self.note(Step.NOT_BEGUN)
        self.box.remove(self.folder, self._part)
        if self._size(self.name) is not None:
            raise self._error(Trouble.NAME_TAKEN) from error
        if not settings.SFTP_DIRECT_UPLOAD:
            raise error
        return self._upload_directly()

    def _upload_directly(self) -> Delivered:
        with self.file.content() as local:
            self.note(Step.WRITING)
            self._put_directly(local)
        size = self._size(self.name)
        if size is None:
            raise self._unknown()
        if size != self._whole:
            raise self._error(Trouble.INCOMPLETE)
        return self._over(Delivered.UPLOADED)

    def _put_directly(self, local: Path) -> None:
        """What is given up does not lie there half, under a name that Engage takes, until the next try."""
        try:
            self.box.put(self.folder, self.name, local, self.progress)
        except DropboxError as error:
            if error.is_given_up:
                self._begin_again(self._size(self.name))
            raise

    def _error(self, trouble: Trouble) -> DropboxError:
        return DropboxError(trouble, self.box.where(self.folder))

    def _over(self, how: Delivered) -> Delivered:
        self.note(Step.DONE)
        return how

    def _unknown(self) -> FateUnknownError:
        """The file is gone; raises where the folder itself is, a share not mounted: then that says nothing."""
        self.box.files(self.folder)
        return FateUnknownError()

    def _size(self, name: str) -> int | None:
        return self.box.size(self.folder, name)

    @property
    def _part(self) -> str:
        return self.name + PART

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def folder(self) -> str:
        return self.file.folder

    @property
    def _whole(self) -> int:
        return self.file.size
