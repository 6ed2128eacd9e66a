"""A page of a member's purchases: Engage's history and the sales that it does not list yet, as one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django_q.tasks import async_task

from contacts.models import Contact
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Freshness, Read
from engage_portal.outbox.line import breaker
from receipts.history.pages import history_current, history_part, part_of
from receipts.models import HistorySnapshot, Receipt
from receipts.models import Transaction as TransactionRow
from receipts.selectors.purchases import Purchase, listed_dated, purchases_of, receipts_not_listed, years_of
from receipts.selectors.wishes import Wish

_COMPLETE_AGAIN_AFTER = 600
_AT_ONCE = 100
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
Row = TransactionRow | Receipt


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of purchases, newest first, whether more follow, and what may be missing."""

    rows: Sequence[Purchase]
    has_more: bool
    years: Sequence[int]
    read: Read[None]
    is_incomplete: bool
    """Whether Engage has purchases that are not kept here and may belong on this page."""


def purchases_shown(*, contact: Contact, wish: Wish, offset: int, count: int, deadline: Deadline) -> Shown:
    """A page of what a member wants to see; only what is missing of it is asked for, within the deadline.

    Raises NotFound where Engage no longer has the contact.
    """
    read = history_current(contact=contact, deadline=deadline)
    waiting = receipts_not_listed(contact, wish, most=offset + count + 1)
    skipped = min(len(waiting), offset)
    first, many = offset - skipped, skipped + count + 1
    if wish.is_everything:
        part = history_part(contact=contact, offset=first, count=many, deadline=deadline)
        listed, lacks = part.rows, not part.is_whole
    else:
        listed, lacks = listed_dated(contact, wish, first, many), not _is_whole(contact)
    rows = _newest_first(waiting, listed)[skipped : skipped + count + 1]
    if not _is_whole(contact):
        complete_later(contact.pk)
    return Shown(
        purchases_of(contact, rows[:count]),
        len(rows) > count,
        years_of(contact, waiting),
        Read(None, Freshness.NONE, read.fetched_at) if lacks and wish.is_everything else read,
        is_incomplete=lacks,
    )


def purchases_newest(contact: Contact, *, count: int) -> list[Purchase]:
    """The latest purchases, from the copy alone."""
    waiting = receipts_not_listed(contact, Wish(), most=count)
    part = part_of(contact, offset=0, count=count)
    return purchases_of(contact, _newest_first(waiting, part.rows)[:count])


def _newest_first(waiting: Sequence[Receipt], listed: Sequence[TransactionRow]) -> list[Row]:
    """Merged by date; Engage's own order stays where dates are equal."""
    rows: list[Row] = [*waiting, *listed]
    return sorted(rows, key=lambda row: row.created_date or _LONG_AGO, reverse=True)


def _is_whole(contact: Contact) -> bool:
    snapshot = HistorySnapshot.objects.filter(contact=contact).first()
    return snapshot is None or snapshot.is_whole


def complete_later(contact_id: UUID) -> None:
    """Let a worker read what our copy of a history lacks; once in a while at most. May be lost."""
    transaction.on_commit(lambda: _complete_later(contact_id), robust=True)


def _complete_later(contact_id: UUID) -> None:
    if breaker.is_closed() and cache.add(f"history:complete:{contact_id}", 1, _COMPLETE_AGAIN_AFTER):
        async_task("receipts.tasks.complete_history", str(contact_id), task_name="complete history")  # type: ignore[no-untyped-call]


def history_complete(*, contact: Contact, until: Deadline) -> bool:
    """Read what our copy of a contact's history lacks, a page at a time; False where time or Engage ran out.

    Raises NotFound where Engage no longer has the contact. May run twice: what is kept is not asked for again.
    """
    offset = 0
    while not until.is_past:
        snapshot = HistorySnapshot.objects.filter(contact=contact).first()
        if snapshot is None or snapshot.is_whole or offset >= snapshot.total_count:
            return True
        patience = Deadline.after(settings.ENGAGE_READ_TIMEOUT)
        part = history_part(contact=contact, offset=offset, count=_AT_ONCE, deadline=patience)
        if not part.is_whole:
            return False
        offset += _AT_ONCE
    return False
