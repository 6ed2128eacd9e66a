"""Who reads which kind of export. Each kind registers a reader while the apps load; what no other recognises is
read, and rejected if need be, by the first.

What all kinds share - taking in, turns, passes, the position - knows readers only by what is declared here.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, ClassVar, Protocol

from contacts.importing.profile import current_profile
from contacts.importing.reporting import Report
from contacts.models import ExportFile
from engage_portal.engage.xml import GLIMPSE, Glimpse, glimpse


class Found(Protocol):
    """What a first pass found."""

    total: int
    digest: str


class Piece(Protocol):
    """Some records, put into the copy together."""

    position: int
    """How many records of the file are dealt with once this piece is."""
    report: Report

    def look(self) -> None:
        """Before the transaction; may run again."""

    def write(self, *, ids_may_be_taken: bool = False) -> None:
        """In the transaction. Raises IntegrityError where somebody else was faster."""


class Reader(ABC):
    """Reads one kind of export. Made anew for each file; raises ImportRefusedError where settings forbid reading."""

    kind: ClassVar[ExportFile.Kind]

    @classmethod
    def recognises(cls, beginning: Glimpse, name: str) -> bool:
        """Whether a file that begins like this, and is called so, is of this kind. The first kind is not asked."""
        del beginning, name
        return False

    @abstractmethod
    def survey(self, stream: BinaryIO, *, seen: Callable[[int], None]) -> Found:
        """Check a whole file and count its records. Raises UnreadableExportError."""

    @abstractmethod
    def alarms(self, file: ExportFile, found: Found) -> Iterator[str]:
        """What somebody should know about a file though it is read: sentences without personal data."""

    @abstractmethod
    def pieces(self, file: ExportFile, stream: BinaryIO) -> Iterator[Piece]:
        """What is left of a file that was surveyed, from its position on."""

    @abstractmethod
    def finish(self, file: ExportFile, report: Report) -> list[ExportFile]:
        """The file is at its end: complete its report. Returns the files that are not needed any more."""


_readers: dict[ExportFile.Kind, type[Reader]] = {}


def register_reader(reader: type[Reader]) -> None:
    """Add the reader of a kind; called while the apps load."""
    _readers[reader.kind] = reader


def readers() -> list[type[Reader]]:
    """All of them. Files of the first kind are read first, where several wait: what follows may build on it."""
    return list(_readers.values())


def kind_of(path: Path, name: str) -> ExportFile.Kind:
    """What a file is, by how it begins. Raises OSError where it cannot be read, and ImportRefusedError."""
    with path.open("rb") as file:
        beginning = glimpse(file.read(GLIMPSE), current_profile().promotions_export)
    first, *others = _readers.values()
    return next((each.kind for each in others if each.recognises(beginning, name)), first.kind)
