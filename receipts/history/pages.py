"""A contact's purchases as Engage lists them: from our copy; Engage is asked only for what is missing in it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from contacts.models import Contact
from contacts.snapshots import OUTAGES, Want, is_fresh, read_through
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Freshness, Read, ReadPage
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import Page, Transaction
from engage_portal.engage.wire import decode
from engage_portal.outbox.line import door
from receipts.history.numbered import history_deepen, history_store, identity_of
from receipts.history.walking import Given, last_given, note_given
from receipts.models import HistorySnapshot
from receipts.models import Transaction as TransactionRow

HISTORY_COUNT = 100
_MOST_AT_ONCE = 500
_MOST_CALLS = 4
_MOST_LATE = 300


@dataclass(frozen=True, slots=True)
class Part:
    """What the copy has of a part of the history, newest first, and which ranks of it are missing."""

    rows: Sequence[TransactionRow]
    total: int
    missing: Sequence[int] = ()
    """Lowest first."""
    counted: tuple[int, int] = (0, 0)
    """In which numbering, and how many Engage counted last."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it has to be asked for."""
        return not self.missing

    @property
    def last(self) -> Given | None:
        """The transaction with which it ends."""
        return Given(self.rows[-1].engage_transaction_id, self.rows[-1].rank) if self.rows else None


def history_current(*, contact: Contact, deadline: Deadline) -> Read[None]:
    """Make our copy of a contact's newest purchases fresh where that is needed and possible.

    Raises NotFound where Engage no longer has the contact; never another EngageError.
    """
    return read_through(contact=contact, want=history_want(contact), deadline=deadline)


def history_want(contact: Contact) -> Want:
    """A contact's newest purchases, for `read_through` and `read_together`."""
    snapshot = HistorySnapshot.objects.filter(contact=contact).first()
    return Want(
        snapshot.fetched_at if snapshot else None,
        lambda client, engage_id: client.list_transactions(engage_id, count=HISTORY_COUNT),
        lambda page: history_store(contact=contact, page=page),
    )


def history_page(
    *, contact: Contact, offset: int, count: int, deadline: Deadline, reader: str = ""
) -> ReadPage:
    """A page of a contact's history; what the copy has no part of, Engage is asked for, and it is kept.

    A reader who goes on from page to page gets each transaction once, whatever is sold meanwhile. Raises NotFound where
    Engage no longer has the contact, and Unavailable where it is away and the page not kept.
    """
    after = last_given(reader, contact, offset)
    read = _newest(contact, after, deadline)
    if read.freshness is Freshness.NONE:
        raise door.line_down("Engage is away, and this history was never fetched before.")
    part = part_of(contact, offset=offset, count=count, after=after)
    if part.is_whole:
        page, last = _page_of(part, read), part.last
    else:
        page, last = _completed(contact, offset, count, after, deadline)
    if offset + len(page.rows) < page.total and last:
        note_given(reader, contact, offset + len(page.rows), last)
    return page


def history_part(*, contact: Contact, offset: int, count: int, deadline: Deadline) -> Part:
    """A part of a contact's history from the copy, completed where Engage answers in time; else with its gaps.

    Raises NotFound where Engage no longer has the contact.
    """
    with suppress(*OUTAGES):  # the gaps tell
        return _fetched(contact, offset, count, None, deadline)
    return part_of(contact, offset=offset, count=count)


def part_of(contact: Contact, *, offset: int, count: int, after: Given | None = None) -> Part:
    """What the copy has of a page: from an offset, or what follows the transaction that was given last before it."""
    snapshot = HistorySnapshot.objects.filter(contact=contact).first()
    if snapshot is None:
        return Part([], 0)
    top = snapshot.total_count - offset - 1
    if after is not None:
        ranked = TransactionRow.objects.filter(contact=contact, numbering=snapshot.numbering)
        begin = (
            ranked.filter(engage_transaction_id=after.transaction_id).values_list("rank", flat=True).first()
        )
        if begin is not None:
            return _between(snapshot, begin - count, begin - 1, total=offset + begin)
        # In a new numbering it is where it was, or higher by the sales that arrived late: no more than arrived at all.
        nearby = _between(
            snapshot, after.rank - count, min(max(after.rank, top + 1), after.rank + _MOST_LATE)
        )
        if nearby.missing:
            return nearby
    return _between(snapshot, top - count + 1, top)


def _between(snapshot: HistorySnapshot, low: int, high: int, *, total: int | None = None) -> Part:
    low = max(low, 0)
    ranked = TransactionRow.objects.filter(contact=snapshot.contact_id, numbering=snapshot.numbering)
    rows = list(ranked.filter(rank__range=(low, high)).order_by("-rank"))
    kept = {row.rank for row in rows}
    missing = [rank for rank in range(low, min(high + 1, snapshot.newest_total)) if rank not in kept]
    counted = (snapshot.numbering, snapshot.newest_total)
    return Part(rows, snapshot.total_count if total is None else total, missing, counted)


def _newest(contact: Contact, after: Given | None, deadline: Deadline) -> Read[None]:
    """The newest page has to be fresh for those who begin; who goes on reads what follows their last page."""
    snapshot = HistorySnapshot.objects.filter(contact=contact).first() if after else None
    if snapshot is None:
        return history_current(contact=contact, deadline=deadline)
    freshness = Freshness.CACHED if is_fresh(snapshot.fetched_at) else Freshness.STALE
    return Read(None, freshness, snapshot.fetched_at)


def _completed(
    contact: Contact, offset: int, count: int, after: Given | None, deadline: Deadline
) -> tuple[ReadPage, Given | None]:
    """A page with what was missing, and its last transaction; as Engage lists it now where the copy cannot follow.

    The copy cannot where Engage's list moves in its midst while it is read. Raises EngageError.
    """
    try:
        part = _fetched(contact, offset, count, after, deadline)
        if part.is_whole:
            return _page_of(part, _just_now()), part.last
        page = _ask(contact, offset, count, deadline)
    except OUTAGES:
        raise door.line_down("Engage is away, and this part of the history is not kept.") from None
    rank = page.total_count - page.offset - page.count
    last = Given(identity_of(page.items[-1]), max(rank, 0)) if page.items else None
    return ReadPage([entry.raw for entry in page.items], page.total_count, _just_now()), last


def _fetched(contact: Contact, offset: int, count: int, after: Given | None, deadline: Deadline) -> Part:
    """A part, after Engage was asked for what was missing of it as often as that made it more. Raises EngageError."""
    part = part_of(contact, offset=offset, count=count, after=after)
    for _ in range(_MOST_CALLS):
        if part.is_whole:
            break
        _fetch(contact, part, deadline)
        before, part = part, part_of(contact, offset=offset, count=count, after=after)
        if (part.missing, part.counted) == (before.missing, before.counted):
            break
    return part


def _fetch(contact: Contact, part: Part, deadline: Deadline) -> None:
    """Ask for what is missing of a part. What does not fit the copy shows that the newest page is to be read anew."""
    low, high = part.missing[0], part.missing[-1]
    wanted = min(high - low + 1, _MOST_AT_ONCE)
    page = _ask(contact, max(part.counted[1] - 1 - high, 0), wanted, deadline)
    if not history_deepen(contact=contact, page=page):
        history_store(contact=contact, page=_ask(contact, 0, HISTORY_COUNT, deadline))


def _ask(contact: Contact, offset: int, count: int, deadline: Deadline) -> Page[Transaction]:
    engage_id = EngageContactId(str(contact.engage_id))
    return door.ask(
        lambda client: client.list_transactions(engage_id, offset=offset, count=count), deadline=deadline
    )


def _page_of(part: Part, read: Read[None]) -> ReadPage:
    return ReadPage([decode(row.raw.encode()) for row in part.rows], part.total, read)


def _just_now() -> Read[None]:
    return Read(None, Freshness.LIVE, clock.now())
