"""Who is missing from a complete export. They are reported and never deleted: no full export is documented by Engage
[developer.voyado.com/docs/file-based-transfer/contact-xml-export], so a file that looks complete may not be."""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from heapq import merge
from pathlib import Path
from typing import Any
from uuid import UUID

from contacts.importing import turns
from contacts.importing.rows import MEMBER
from contacts.importing.values import CONTACT_ID, guid
from contacts.models import Contact, ExportFile
from engage_portal.engage.xml import ExportNames, Section, records

MOST_IDS = 1000
_OPEN = (ExportFile.State.WAITING, ExportFile.State.REJECTED)
_HALF = (1 << 64) - 1


def group_of(file: ExportFile) -> list[ExportFile]:
    """The files that are complete together, once this last one of them is read; empty where that is not so.

    Engage begins a new file after 10,000 contacts, numbered from 0: files of consecutive numbers belong together.
    """
    if not file.is_complete:
        return []
    waiting = ExportFile.objects.filter(kind=file.kind, is_complete=True, state__in=_OPEN)
    if waiting.exclude(pk=file.pk).exists():
        return []
    group = [file]
    for earlier in turns.before(file) if file.number else ():
        last = group[-1].number
        if not (
            last
            and earlier.number == last - 1
            and earlier.is_complete
            and earlier.state == ExportFile.State.DONE
        ):
            break
        group.append(earlier)
    return group


def report(group: Sequence[ExportFile], names: ExportNames) -> dict[str, Any]:
    """How many members of the copy are in none of the files, and our ids of the first of them."""
    try:
        seen = _seen(group, names)
    except FileNotFoundError:
        return {"count": None, "ids": []}
    count, ids = 0, list[str]()
    known = Contact.objects.filter(
        engage_contact_id__isnull=False, deleted_at__isnull=True, same_as__isnull=True, contact_type=MEMBER
    )
    for pk, engage_id in known.values_list("pk", "engage_contact_id").iterator(chunk_size=5000):
        number = _short(engage_id.int) if engage_id else 0
        place = bisect_left(seen, number)
        if place == len(seen) or seen[place] != number:
            count += 1
            if len(ids) < MOST_IDS:
                ids.append(str(pk))
    return {"count": count, "ids": ids}


def _seen(group: Sequence[ExportFile], names: ExportNames) -> "array[int]":
    """Eight bytes for each id, sorted: ten million people take 80 MB."""
    found = array("Q")
    for file in group:
        with Path(file.path).open("rb") as stream:
            for record in records(stream, names):
                written = guid(record.fields.get(CONTACT_ID, ""))
                if written and record.section is not Section.DELETED:
                    found.append(_short(UUID(written).int))
    return _sorted(found)


def _sorted(numbers: "array[int]") -> "array[int]":
    """Sorted in slices: a list of all would take four times the memory of the array."""
    step = 1_000_000
    slices = [array("Q", sorted(numbers[begin : begin + step])) for begin in range(0, len(numbers), step)]
    return slices[0] if len(slices) == 1 else array("Q", merge(*slices))


def _short(number: int) -> int:
    """Both halves of a GUID folded together."""
    return (number & _HALF) ^ (number >> 64)
