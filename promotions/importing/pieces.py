"""One piece of a promotions export, put into the copy: decided in memory, written in a few statements.

The newer of file and API counts for each assignment. What one run of Engage's export says comes in several files, in
any order [developer.voyado.com/docs/file-based-transfer/promotions-xml-export]: in one run what was used or withdrawn
stays so, and only a later run brings it back. What was used here stays used whatever a file says: `Redemption` says
why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from contacts.importing.reporting import Report
from engage_portal.core.ids import parse_guid
from engage_portal.engage import PromotionAssignment
from engage_portal.engage.wire import decode, encode
from engage_portal.engage.xml import PromotionRecord, Told
from promotions.importing.people import NOBODY, People
from promotions.importing.saying import Said, said
from promotions.models import Assignment, AssignmentSnapshot, Redemption, Withdrawal

RUN = timedelta(minutes=10)
"""Files that were made closer to each other than this belong to one run; public examples are seconds apart
[developer.voyado.com/docs/file-based-transfer/contact-xml-export]."""
_AFTER_ENGAGES_OWN = 1_000_000
"""Positions in Engage's list are smaller. What only files told of comes behind, until the list is fetched."""
_LARGEST = 2**31 - 1
_OLDER = "older than the copy"
_COLUMNS = (
    "contact", "promotion_id", "redeemed", "valid_from", "expires_on", "raw", "position", "as_of"
)  # fmt: skip


class Piece:
    """Some records of a file that shows Engage as it was at `as_of`; `run_before` is when the run before was made."""

    def __init__(
        self,
        records: Sequence[PromotionRecord],
        *,
        as_of: datetime,
        run_before: datetime | None,
        position: int,
    ) -> None:
        """Needs no database, so that a thread can do it while the piece before this one is written."""
        self.position = position
        """How many records of the file are dealt with once this piece is."""
        self.report = Report()
        self._as_of, self._run_before = as_of, run_before
        self._entries = [entry for record in records if (entry := self._entry(record))]
        self._unusable = self.report

    def _entry(self, record: PromotionRecord) -> Said | None:
        entry = said(record)
        if isinstance(entry, str):
            self._skip(entry)
            return None
        if entry.invalid:
            self.report.because("a field has an invalid value", entry.invalid)
        return entry

    def look(self) -> None:
        """Begin, or begin again."""
        self.report = replace(self._unusable, reasons={**self._unusable.reasons})

    def write(self, *, ids_may_be_taken: bool = False) -> None:
        """Put everything in, in document order."""
        del ids_may_be_taken  # who is there already is taken as they are
        self._load()
        for number, entry in enumerate(self._entries, start=self.position - len(self._entries)):
            if entry.told is Told.DELETED:
                self._withdraw(entry)
            elif (contact := self._contact(entry)) is not None:
                self._put(entry, contact, position=min(_AFTER_ENGAGES_OWN + number, _LARGEST))
        self._flush()

    def _load(self) -> None:
        """In few queries, however many records; contacts are locked first, as everywhere."""
        self._people = People(self._entries)
        ids = {entry.assignment_id for entry in self._entries}
        locked = Assignment.objects.select_for_update().order_by("pk")
        self._rows = {row.pk: row for row in locked.filter(pk__in=ids)}
        used = Redemption.objects.filter(assignment_id__in=ids)
        self._used = set(used.values_list("assignment_id", flat=True))
        self._withdrawn = dict(Withdrawal.objects.filter(pk__in=ids).values_list("pk", "as_of"))
        theirs = {found for entry in self._entries if isinstance(found := self._people.of(entry), UUID)}
        lists = AssignmentSnapshot.objects.filter(pk__in=theirs, as_of__gt=self._as_of)
        self._listed_later = set(lists.values_list("pk", flat=True))
        self._known = frozenset(self._rows)
        self._touched: dict[UUID, Assignment] = {}
        self._gone: set[UUID] = set()

    def _contact(self, entry: Said) -> UUID | None:
        """Whose it is; None where it cannot be kept, which is counted."""
        found, row = self._people.of(entry), self._rows.get(entry.assignment_id)
        if isinstance(found, UUID):
            return found
        if found is None and row is not None:
            return row.contact_id
        self._skip(found or NOBODY)
        return None

    def _put(self, entry: Said, contact: UUID, *, position: int) -> None:
        row = self._rows.get(entry.assignment_id)
        withdrawn = self._withdrawn.get(entry.assignment_id)
        if withdrawn is not None and not self._is_of_a_later_run(withdrawn):
            self._nothing("withdrawn already")
        elif self._is_older(row, entry) if row else contact in self._listed_later:
            self._nothing(_OLDER)
        else:
            self._keep(entry, row, contact, position=position)

    def _keep(self, entry: Said, row: Assignment | None, contact: UUID, *, position: int) -> None:
        before: Mapping[str, Any] = decode(row.raw.encode()) if row else {}
        redeemed = self._is_redeemed(entry, row)
        members = {**before, **entry.members, "redeemed": redeemed}
        if redeemed and not members.get("redeemedOn"):
            members["redeemedOn"] = before.get("redeemedOn")
        elif not redeemed:
            members["redeemedOn"] = None
        if row and (row.redeemed, row.contact_id, before) == (redeemed, contact, members):
            self._nothing("")
            return
        read = PromotionAssignment.read(members)
        self._remember(
            Assignment(
                pk=entry.assignment_id,
                contact_id=contact,
                promotion_id=parse_guid(read.promotion_id or ""),
                redeemed=redeemed,
                valid_from=read.valid_from,
                expires_on=read.expires_on,
                raw=encode(members).decode(),
                position=row.position if row else position,
                as_of=self._as_of,
            )
        )
        self.report.changed += row is not None
        self.report.new += row is None

    def _is_redeemed(self, entry: Said, row: Assignment | None) -> bool:
        if entry.told is Told.REDEEMED or entry.assignment_id in self._used:
            return True
        return row is not None and row.redeemed and not self._is_of_a_later_run(row.as_of)

    def _is_of_a_later_run(self, known: datetime | None) -> bool:
        """Whether the file tells of what happened after something was known: an earlier run had told of that."""
        return known is not None and self._run_before is not None and known <= self._run_before

    def _is_older(self, row: Assignment, entry: Said) -> bool:
        """Whether the copy knows better; what ends an assignment counts in the whole of its run."""
        if row.as_of is None:
            return False
        return row.as_of > self._as_of + (timedelta() if entry.told is Told.NEW else RUN)

    def _withdraw(self, entry: Said) -> None:
        row = self._rows.get(entry.assignment_id)
        if row and self._is_older(row, entry):
            self._nothing(_OLDER)
            return
        known = self._withdrawn.get(entry.assignment_id)
        self._withdrawn[entry.assignment_id] = max(known or self._as_of, self._as_of)
        self._gone.add(entry.assignment_id)
        self._rows.pop(entry.assignment_id, None)
        self._touched.pop(entry.assignment_id, None)
        if row:
            self.report.deleted += 1
        else:
            self._nothing("withdrawn, and nobody here has it")

    def _remember(self, row: Assignment) -> None:
        self._rows[row.pk] = self._touched[row.pk] = row
        self._gone.discard(row.pk)

    def _flush(self) -> None:
        Assignment.objects.filter(pk__in=self._gone & self._known).delete()
        Withdrawal.objects.filter(pk__in=self._touched.keys() & self._withdrawn.keys()).delete()
        Withdrawal.objects.bulk_create(
            [Withdrawal(pk=each, as_of=self._withdrawn[each]) for each in sorted(self._gone)],
            update_conflicts=True,
            unique_fields=["assignment_id"],
            update_fields=["as_of"],
        )
        Assignment.objects.bulk_create(
            [self._touched[each] for each in sorted(self._touched)],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=_COLUMNS,
        )

    def _skip(self, reason: str) -> None:
        self.report.skipped += 1
        self.report.because(reason)

    def _nothing(self, reason: str) -> None:
        self.report.unchanged += 1
        if reason:
            self.report.because(reason)
