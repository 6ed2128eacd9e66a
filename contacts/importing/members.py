"""The reader of contacts exports: what `reading.py` needs to know about them."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from contacts.importing import alarms, missing, turns
from contacts.importing.pieces import Piece
from contacts.importing.profile import current_profile
from contacts.importing.readers import Found, Reader
from contacts.importing.reporting import Report
from contacts.importing.rows import key_column
from contacts.importing.values import CONTACT_ID, Plan, guid, key_of
from contacts.models import ExportFile
from engage_portal.engage.xml import (
    Record,
    Section,
    Survey,
    UnreadableExportError,
    records,
    survey,
)

PIECE = 1000
"""Records that are put in at once; a transaction of less than a tenth of a second."""
_AHEAD = 20_000
"""Records looked through for somebody who lives on: Engage opens a new file after 10,000 contacts
[developer.voyado.com/docs/file-based-transfer/contact-xml-export]."""


class ContactsReader(Reader):
    """Puts people into the copy."""

    kind = ExportFile.Kind.CONTACTS

    def __init__(self) -> None:
        self._names = current_profile().contacts_export
        self._plan = Plan()

    def survey(self, stream: BinaryIO, *, seen: Callable[[int], None]) -> Survey:
        """Check all of it and count."""
        return survey(stream, self._names, seen=seen)

    def alarms(self, file: ExportFile, found: Found) -> Iterator[str]:
        """Unknown names, missing files."""
        if isinstance(found, Survey):
            yield from alarms.of(file, found)

    def pieces(self, file: ExportFile, stream: BinaryIO) -> Iterator[Piece]:
        """A thousand people at a time."""
        position, left = file.position, records(stream, self._names, skip=file.position)
        while some := list(islice(left, PIECE)):
            position += len(some)
            yield Piece(
                some,
                plan=self._plan,
                as_of=file.made_at,
                position=position,
                survives=lambda place, engage_id, key: self._survives(file, place, engage_id, key),
            )

    def finish(self, file: ExportFile, report: Report) -> list[ExportFile]:
        """Of files that list everybody, who is missing; then the files are not needed any more."""
        group = missing.group_of(file)
        if group:
            report.missing = missing.report(group, self._names)
        return group if file.is_complete else [file]

    def _survives(self, file: ExportFile, position: int, engage_id: str, key: str) -> bool:
        """Whether somebody is alive without this key a little later, in this file or the next."""
        column, name = key_column(), settings.ENGAGE_KEY
        return any(
            guid(record.fields.get(CONTACT_ID, "")) == engage_id
            and record.section is not Section.DELETED
            and key_of(column, record.fields.get(name)) != key
            for record in self._later(file, position)
        )

    def _later(self, file: ExportFile, position: int) -> Iterator[Record]:
        """The records that come next. A file of this run that cannot be read is told about in its own turn."""
        with Path(file.path).open("rb") as stream:
            yield from islice(records(stream, self._names, skip=position), _AHEAD)
        after = turns.following(file)
        if after is not None:
            with suppress(UnreadableExportError, FileNotFoundError), Path(after.path).open("rb") as stream:
                yield from islice(records(stream, self._names), _AHEAD)
