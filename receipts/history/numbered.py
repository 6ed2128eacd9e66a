"""Our copy of a contact's history, numbered from the oldest, so that a page once read keeps its place.

Engage numbers from the newest: each new sale moves every `offset` by one. A `rank` is how many older transactions
Engage counts, and moves only where one is put in among the old ones (a sale that arrives late). A page shows that by
what it has in common with the copy; then a new numbering begins, and what was kept is asked for again as it is needed.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.engage import Page, Transaction
from engage_portal.engage.wire import encode
from engage_portal.outbox.services import confirm
from receipts.models import HistorySnapshot, Receipt
from receipts.models import Transaction as TransactionRow
from receipts.services import POST

_LONGEST_ID = 60
_LONGEST_RECEIPT_ID = 100


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A page of Engage's with the rank of each entry."""

    total: int
    rows: Mapping[str, tuple[int, Transaction]]
    """Identity → rank and entry, newest first."""

    @classmethod
    def of(cls, page: Page[Transaction]) -> "_Numbered":
        # Where Engage leaves out the total, the page still tells whether there is more.
        total = max(page.total_count, page.offset + page.count + page.has_more)
        rows: dict[str, tuple[int, Transaction]] = {}
        for place, entry in enumerate(page.items):
            rows.setdefault(identity_of(entry), (total - 1 - page.offset - place, entry))
        return cls(total, rows)

    @property
    def span(self) -> tuple[int, int]:
        """The lowest rank and the highest; nothing at all lies between 0 and -1."""
        ranks = [rank for rank, _ in self.rows.values()]
        return (ranks[-1], ranks[0]) if ranks else (0, -1)


def identity_of(entry: Transaction) -> str:
    """What a transaction is known by: Engage's id, or a digest where that is none or far too long."""
    if 0 < len(entry.id) <= _LONGEST_ID:
        return entry.id
    told = entry.id.encode() or encode(entry.raw)
    return hashlib.sha256(told).hexdigest()[:_LONGEST_ID]


def is_return(entry: Transaction) -> bool:
    """Whether goods or money went back."""
    total = entry.local_net_price_sum if entry.local_net_price_sum is not None else entry.net_price_sum
    return (total or 0) < 0 or (entry.number_of_items or 0) < 0


@transaction.atomic
def history_store(*, contact: Contact, page: Page[Transaction]) -> datetime:
    """Keep the newest page of Engage's history. What is kept of older ones stays where nothing contradicts it.

    Writes only what changed: its cost does not grow with the history. May run twice.
    """
    snapshot, numbered = _locked(contact), _Numbered.of(page)
    known = _known(contact, numbered)
    if not _goes_on(snapshot, numbered, known):
        snapshot.numbering, snapshot.kept_count = snapshot.numbering + 1, 0
    _keep(snapshot, numbered, known)
    low, high = numbered.span
    others = TransactionRow.objects.filter(contact=contact)
    if page.has_more:
        others = others.filter(numbering=snapshot.numbering, rank__gt=high)
        snapshot.kept_count -= others.delete()[0]
    else:
        others.exclude(numbering=snapshot.numbering, rank__range=(low, high)).delete()
        snapshot.kept_count = len(numbered.rows)
    snapshot.total_count = snapshot.newest_total = numbered.total
    snapshot.fetched_at = clock.now()
    snapshot.save()
    return snapshot.fetched_at


@transaction.atomic
def history_deepen(*, contact: Contact, page: Page[Transaction]) -> bool:
    """Keep an older page of Engage's history; False, and nothing is kept, where it may not fit the copy.

    It fits where it has something in common with the copy and nothing against it, or where Engage counts what it
    counted last. May run twice.
    """
    snapshot, numbered = _locked(contact), _Numbered.of(page)
    known = _known(contact, numbered)
    if not _fits(snapshot, numbered, known):
        return False
    _keep(snapshot, numbered, known)
    snapshot.newest_total = numbered.total
    snapshot.save(update_fields=["newest_total", "kept_count"])
    return True


def history_confirm(*, contact: Contact, page: Page[Transaction]) -> None:
    """What a page lists of a contact's sales has arrived; nothing of the page is kept. May run twice."""
    _confirm(contact, [entry.external_id for entry in page.items if entry.external_id])


def _locked(contact: Contact) -> HistorySnapshot:
    snapshot, _ = HistorySnapshot.objects.select_for_update().get_or_create(
        contact=contact, defaults={"fetched_at": clock.now()}
    )
    return snapshot


def _known(contact: Contact, numbered: _Numbered) -> dict[str, TransactionRow]:
    rows = TransactionRow.objects.filter(contact=contact, engage_transaction_id__in=numbered.rows)
    return {row.engage_transaction_id: row for row in rows}


def _goes_on(snapshot: HistorySnapshot, numbered: _Numbered, known: Mapping[str, TransactionRow]) -> bool:
    """Whether what lies below the newest page is where it was: told by the oldest entry that we have as well."""
    ours = [row for row in known.values() if row.numbering == snapshot.numbering]
    if not ours:
        return numbered.total == snapshot.newest_total
    oldest = min(ours, key=lambda row: numbered.rows[row.engage_transaction_id][0])
    return oldest.rank == numbered.rows[oldest.engage_transaction_id][0]


def _fits(snapshot: HistorySnapshot, numbered: _Numbered, known: Mapping[str, TransactionRow]) -> bool:
    """Whether each entry that we have is where we have it, and each place that we have holds what we have there."""
    at = TransactionRow.objects.filter(
        contact=snapshot.contact_id, numbering=snapshot.numbering, rank__range=numbered.span
    )
    ours = {
        row.engage_transaction_id: row.rank for row in known.values() if row.numbering == snapshot.numbering
    }
    ours |= dict(at.values_list("engage_transaction_id", "rank"))
    theirs = {transaction_id: rank for transaction_id, (rank, _) in numbered.rows.items()}
    if not ours:
        return numbered.total == snapshot.newest_total
    return ours.items() <= theirs.items()


def _keep(snapshot: HistorySnapshot, numbered: _Numbered, known: Mapping[str, TransactionRow]) -> None:
    """Write what is new or changed, and take away what Engage has at none of these places any more."""
    rows = [_row(snapshot, transaction_id, *told) for transaction_id, told in numbered.rows.items()]
    changed = [row for row in rows if not _is_kept(row, known.get(row.engage_transaction_id))]
    TransactionRow.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["contact", "engage_transaction_id"],
        update_fields=["unique_receipt_id", "created_date", "is_return", "numbering", "rank", "raw"],
    )
    were = sum(row.numbering == snapshot.numbering for row in known.values())
    gone = TransactionRow.objects.filter(
        contact=snapshot.contact_id, numbering=snapshot.numbering, rank__range=numbered.span
    ).exclude(engage_transaction_id__in=numbered.rows)
    snapshot.kept_count += len(rows) - were - gone.delete()[0]
    _confirm(snapshot.contact, [row.unique_receipt_id for row in rows if row.unique_receipt_id])


def _row(snapshot: HistorySnapshot, transaction_id: str, rank: int, entry: Transaction) -> TransactionRow:
    return TransactionRow(
        contact_id=snapshot.contact_id,
        engage_transaction_id=transaction_id,
        unique_receipt_id=(entry.external_id or "")[:_LONGEST_RECEIPT_ID],
        created_date=entry.created_date,
        is_return=is_return(entry),
        numbering=snapshot.numbering,
        rank=rank,
        raw=encode(entry.raw).decode(),
    )


def _is_kept(row: TransactionRow, known: TransactionRow | None) -> bool:
    return known is not None and (known.numbering, known.rank, known.raw) == (
        row.numbering,
        row.rank,
        row.raw,
    )


def _confirm(contact: Contact, listed: Iterable[str]) -> None:
    """What Engage lists has arrived: neither the queue nor a page need wonder about it any more."""
    ids = [guid for guid in (contact.pk, contact.engage_contact_id) if guid]
    ours = Receipt.objects.filter(
        Q(contact=contact) | Q(match_contact_id__in=ids), unique_receipt_id__in=listed
    )
    confirm(
        kind=POST,
        subject_ids=list(ours.values_list("pk", flat=True)),
        seen_in="Seen in the contact's purchases in Engage.",
    )
    ours.filter(is_listed=False).update(is_listed=True)
