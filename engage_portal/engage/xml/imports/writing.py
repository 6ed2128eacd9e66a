"""Writes one import file as a stream, in memory that does not grow with the number of records.

UTF-8 without byte order mark, DTD or CDATA, one record per line.
"""

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any, BinaryIO, Protocol

from engage_portal.core import clock
from engage_portal.engage.xml.content import MOST_LINES, AnyRecord, FileType, Written, lines_of
from engage_portal.engage.xml.errors import InvalidRecordError, NoRecordsError, UnfitRecordsError
from engage_portal.engage.xml.imports.contacts import ContactElements
from engage_portal.engage.xml.imports.receipts import ReceiptElements
from engage_portal.engage.xml.imports.redemptions import RedemptionElements
from engage_portal.engage.xml.imports.texts import attribute, clean
from engage_portal.engage.xml.profile import ImportProfile, TenantProfile

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


def write_file(
    stream: BinaryIO,
    file_type: FileType,
    records: Iterable[AnyRecord],
    profile: TenantProfile,
    *,
    source: str = "",
    is_silent: bool = False,
    today: date | None = None,
    left_out: Callable[[InvalidRecordError], None] | None = None,
) -> Written:
    """Write all records, of one type, in their order; what has been written by then if it raises is to be thrown away.

    A record that cannot be written is told to `left_out`, and the others are written; without it, the first one raises
    InvalidRecordError.

    `source` says where contacts come from; `is_silent` keeps contacts from coming back in Engage's next export, for
    which they may have no standard fields but keys; `today` is the tenant's own day, for the age of contacts.
    Raises UnfitRecordsError for records that may not share a file or are too many, NoRecordsError where none is left.
    """
    part = profile.of(file_type)
    elements = _elements(file_type, part, is_silent=is_silent, today=today or clock.now().date())
    begin, end = _frame(part, source=source, is_silent=is_silent)
    out = _Counted(stream)
    out.write(_DECLARATION + begin)
    count = lines = 0
    for position, record in enumerate(records):
        try:
            said, more = elements.element(position, record), _lines(position, record)
        except InvalidRecordError as invalid:
            if left_out is None:
                raise
            left_out(invalid)
            continue
        lines += more
        if lines > MOST_LINES:
            raise UnfitRecordsError(f"A file holds at most {MOST_LINES:,} lines.")
        out.write(said + "\n")
        count += 1
    if not count:
        raise NoRecordsError("A file has at least one record.")
    out.write(end)
    return Written(count, lines, out.size, out.digest.hexdigest())


def _elements(file_type: FileType, part: ImportProfile, *, is_silent: bool, today: date) -> "_Elements":
    if file_type is FileType.CONTACTS:
        return ContactElements(part, is_silent=is_silent, today=today)
    return ReceiptElements(part) if file_type is FileType.TRANSACTIONS else RedemptionElements(part)


def _lines(position: int, record: AnyRecord) -> int:
    """What a record counts. One that no file could hold must not keep the others out of theirs."""
    lines = lines_of(record)
    if lines > MOST_LINES:
        raise InvalidRecordError(
            position, f"It has more than {MOST_LINES:,} lines, and a file holds no more."
        )
    return lines


def _frame(part: ImportProfile, *, source: str, is_silent: bool) -> tuple[str, str]:
    """What stands before the records, and after them: the root, and the section where there is one.

    What stands in them has no prefix, and so is of the root's namespace, without naming it each time.
    """
    namespace = attribute("xmlns", part.namespace) if part.namespace else ""
    silent = attribute("avoidTriggeringExport", "true") if is_silent else ""
    begin, end = f"<{part.root}{namespace}{silent}>\n", f"</{part.root}>"
    if part.section:
        said = attribute("source", source) if clean(source).strip() else ""
        begin, end = f"{begin}<{part.section}{said}>\n", f"</{part.section}>{end}"
    return begin, end


class _Elements(Protocol):
    """One file's records."""

    def element(self, position: int, record: Any) -> str: ...


class _Counted:
    """A stream, and what went into it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, text: str) -> None:
        piece = text.encode()
        self._stream.write(piece)
        self.digest.update(piece)
        self.size += len(piece)


def file_name(file_type: FileType, at: datetime, counter: int, profile: TenantProfile) -> str:
    """`20260412093015_000042_contacts.xml`: the moment in UTC, and a counter that no two files share.

    [developer.voyado.com/en/receipts/receipt-xml-import.html]; which zone is meant is not published. Raises ValueError
    for a moment without zone.
    """
    if at.tzinfo is None or counter < 0:
        raise ValueError("A file's name needs a moment with its zone, and a counter from 0.")
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}_{counter:06d}_{profile.of(file_type).suffix}.xml"
