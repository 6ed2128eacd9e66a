"""A contact's purchases as Engage lists them: kept here page by page, and proof that our receipts arrived."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from contacts.models import Contact
from contacts.snapshots import OUTAGES, Want, read_through
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Freshness, Read
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import Page, Transaction
from engage_portal.engage.wire import encode
from engage_portal.outbox.line import door
from engage_portal.outbox.services import confirm
from receipts.models import HistorySnapshot, Receipt
from receipts.models import Transaction as TransactionRow
from receipts.selectors import history_rows, history_total
from receipts.services import POST

HISTORY_COUNT = 100
_LONGEST_ID = 60
_LONGEST_RECEIPT_ID = 100


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some of a contact's history in Engage's own words, newest first, of a total, with its age."""

    rows: list[Mapping[str, Any]]
    total: int
    read: Read[None]


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


def history_page(*, contact: Contact, offset: int, count: int, deadline: Deadline) -> HistoryPage:
    """A page of a contact's history as Engage lists it; beyond what is kept here Engage itself is asked.

    Raises NotFound where Engage no longer has the contact, and Unavailable where it is away and the page not kept.
    """
    read = history_current(contact=contact, deadline=deadline)
    if read.freshness is Freshness.NONE:
        raise door.line_down("Engage is away, and this history was never fetched before.")
    total = history_total(contact)
    if contact.engage_id is None or offset >= total or min(offset + count, total) <= HISTORY_COUNT:
        return HistoryPage(
            [entry.raw for entry in history_rows(contact, offset=offset, count=count)], total, read
        )
    engage_id = EngageContactId(str(contact.engage_id))
    try:
        page = door.ask(
            lambda client: client.list_transactions(engage_id, offset=offset, count=count), deadline=deadline
        )
    except OUTAGES:
        raise door.line_down(
            f"Engage is away, and only the newest {HISTORY_COUNT} of this history are kept."
        ) from None
    return HistoryPage(
        [entry.raw for entry in page.items], page.total_count, Read(None, Freshness.LIVE, clock.now())
    )


@transaction.atomic
def history_store(*, contact: Contact, page: Page[Transaction]) -> datetime:
    """Keep the newest page of Engage's history; rows that we had are replaced."""
    listed = {entry.id[:_LONGEST_ID]: entry for entry in page.items if entry.id}
    rows = [
        TransactionRow(
            contact=contact,
            engage_transaction_id=transaction_id,
            unique_receipt_id=(entry.external_id or "")[:_LONGEST_RECEIPT_ID],
            created_date=entry.created_date,
            raw=encode(entry.raw).decode(),
        )
        for transaction_id, entry in listed.items()
    ]
    TransactionRow.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["contact", "engage_transaction_id"],
        update_fields=["unique_receipt_id", "created_date", "raw"],
    )
    _confirm(contact, [row.unique_receipt_id for row in rows if row.unique_receipt_id])
    fetched_at = clock.now()
    HistorySnapshot.objects.update_or_create(
        contact=contact, defaults={"fetched_at": fetched_at, "total_count": page.total_count}
    )
    return fetched_at


def _confirm(contact: Contact, listed: list[str]) -> None:
    """What Engage lists has arrived: the queue need not wonder about it any more."""
    ids = [guid for guid in (contact.pk, contact.engage_contact_id) if guid]
    ours = Receipt.objects.filter(
        Q(contact=contact) | Q(match_contact_id__in=ids), unique_receipt_id__in=listed
    )
    confirm(
        kind=POST,
        subject_ids=list(ours.values_list("pk", flat=True)),
        seen_in="Seen in the contact's purchases in Engage.",
    )
