"""From a file's items to the file on disk: built from what is true now, checked, and only then released."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate

from engage_portal.core import clock
from engage_portal.engage.xml import (
    FileType,
    InvalidRecordError,
    NoRecordsError,
    TenantProfile,
    UnfitRecordsError,
    UnusableTransformationError,
    Written,
    check_file,
    transformed,
    untransformable,
    write_file,
)
from engage_portal.fallback.models import SpoolEvent, SpoolFile
from engage_portal.fallback.profile import profile
from engage_portal.fallback.spool import folder
from engage_portal.fallback.spool.leases import Lease, LostLeaseError, count_try, failed, held
from engage_portal.fallback.spool.rows import row_of
from engage_portal.outbox import spooling
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import FileRow, handlers_of

State = SpoolFile.State
_TOLD = 20
"""Bad records in a file's story, each in a line of its own."""


def write_next() -> SpoolFile | None:
    """Write the next file that was claimed; None where there is none. May run again after a crash: it starts over."""
    due = SpoolFile.objects.filter(state=State.WRITING, not_before__lte=clock.now())
    with held(due) as lease:
        if lease is None:
            return None
        with suppress(LostLeaseError):
            _write(lease)
        lease.file.refresh_from_db()
        return lease.file


def _write(lease: Lease) -> None:
    """What cannot be said in a file is set aside. What the writer finds costs nothing more; what the check finds costs
    another go, however much it is, and so does what the tenant's transformation fails on.
    """
    try:
        while not _is_written(lease):
            continue
    except (UnfitRecordsError, UnusableTransformationError) as trouble:
        _try_later(lease, str(trouble))
    except OSError as trouble:
        _try_later(lease, f"The spool folder cannot hold it: {trouble.strerror}.")


def _try_later(lease: Lease, why: str) -> None:
    count_try(lease)
    failed(lease, why, what="writing failed")


def _is_written(lease: Lease) -> bool:
    """Write, check, transform, release; False where bad records were found, and the others have to be written again."""
    file, tenant, records = lease.file, profile(), _Records(lease)
    file_type = FileType(file.file_type)
    with folder.drafting(file, lease.token) as draft:
        try:
            written = write_file(
                draft.stream,
                file_type,
                records,
                tenant,
                source=file.source,
                today=localdate(clock.now()),
                left_out=records.left_out,
            )
        except NoRecordsError:
            records.set_aside()
            _end_empty(lease)
            return True
        draft.stream.flush()
        final, faults = _finished(draft.path, file_type, tenant, written)
        records.set_aside(faults)
        if final is not None:
            _release(lease, draft, final)
    return final is not None


def _finished(
    path: Path, file_type: FileType, tenant: TenantProfile, written: Written
) -> tuple[Written | None, list[InvalidRecordError]]:
    """The file as it leaves, or the records because of which it cannot. Raises UnusableTransformationError where none
    of them is at fault.
    """
    if faults := check_file(path, file_type, tenant):
        return None, faults
    try:
        return transformed(path, file_type, tenant, written), []
    except UnusableTransformationError:
        if not (faults := untransformable(path, file_type, tenant)):
            raise
        return None, faults


def _release(lease: Lease, draft: folder.Draft, written: Written) -> None:
    lease.keep()
    folder.release(lease.file, draft)
    lease.tell(
        "written",
        detail=f"{written.records:,} record{'' if written.records == 1 else 's'}",
        state=State.READY,
        is_kept=True,
        records=written.records,
        lines=written.lines,
        size=written.size,
        digest=written.digest,
        tries=0,
        problem="",
    )


class _Records:
    """The records of a file in order, which item each of them is, and which items cannot be in it."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._items: list[int] = []
        self._bad: dict[int, str] = {}
        self._records = self._made()

    def __iter__(self) -> Iterator[Any]:
        return self._records

    def left_out(self, invalid: InvalidRecordError) -> None:
        """The newest record is not in the file."""
        self._bad[self._items.pop()] = invalid.sentence

    def set_aside(self, faults: Sequence[InvalidRecordError] = ()) -> None:
        """What is bad goes alone, so that Engage says why; `faults` are of records that are in the file."""
        self._bad |= {self._items[fault.position]: fault.sentence for fault in faults}
        if self._bad:
            _set_aside(self._lease, self._bad)

    def _made(self) -> Iterator[Any]:
        for batch in spooling.inside(self._lease.file.key):
            self._lease.keep()
            rows, gone = _rows(batch), dict[int, str]()
            for item in batch:
                row = rows.get(item.pk)
                if row is None:
                    gone[item.pk] = "It has nothing for a file any more."
                elif row.group != self._lease.file.group:
                    gone[item.pk] = "It belongs in another file by now."
                else:
                    self._items.append(item.pk)
                    yield row.record
            if gone:
                spooling.set_aside(spool_file=self._lease.file.key, reasons=gone, goes_alone=False)


def _rows(batch: list[Item]) -> dict[int, FileRow]:
    """The record of each item that has one still."""
    found: dict[int, FileRow] = {}
    for handler, mine in handlers_of(batch):
        subjects = handler.load({item.subject_id for item in mine})
        for item in mine:
            if (row := row_of(handler, item, subjects.get(item.subject_id))) is not None:
                found[item.pk] = row
    return found


@transaction.atomic
def _set_aside(lease: Lease, reasons: Mapping[int, str]) -> None:
    """Each item says why; the file's story has the first of them, and how many there are."""
    lease.keep()
    spooling.set_aside(spool_file=lease.file.key, reasons=reasons)
    told = [f"Item {pk}: {why}" for pk, why in islice(reasons.items(), _TOLD)]
    if len(reasons) > _TOLD:
        told.append(f"And {len(reasons) - _TOLD:,} more: each item says why.")
    SpoolEvent.objects.bulk_create(
        SpoolEvent(file=lease.file, what="one left out", detail=line[:300]) for line in told
    )


@transaction.atomic
def _end_empty(lease: Lease) -> None:
    """Nothing is left in the file: it never was."""
    lease.keep(state=State.WITHDRAWN, ended_at=clock.now(), records=0, lines=0, is_kept=False)
    SpoolEvent.objects.create(file=lease.file, what="withdrawn", detail="Nothing was left for it.")
