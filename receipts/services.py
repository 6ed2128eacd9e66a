"""What can be done with receipts: record one, bring a contact's history up to date."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction

from contacts.models import KEY_FIELDS, Contact
from contacts.selectors import contact_by_id, contacts_matching
from contacts.snapshots import OUTAGES
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Freshness, Read
from engage_portal.core.ids import EngageContactId, parse_guid
from engage_portal.engage import Conflict, Identifier, IdentifierKind, Page, Transaction, payloads
from engage_portal.engage.wire import encode
from engage_portal.outbox import line
from engage_portal.outbox.services import enqueue
from receipts.models import HistorySnapshot, Receipt
from receipts.models import Transaction as TransactionRow

POST = "receipt.post"
HISTORY_COUNT = 100
_LEVEL_WITH_COPY = 3
_KINDS = {
    "email": IdentifierKind.EMAIL,
    "mobilePhone": IdentifierKind.MOBILE_PHONE,
    "socialSecurityNumber": IdentifierKind.SOCIAL_SECURITY_NUMBER,
    "memberNumber": IdentifierKind.CUSTOM_KEY,
    "externalId": IdentifierKind.CUSTOM_KEY,
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A receipt that is kept, and whether this call kept it or an earlier one."""

    receipt: Receipt
    is_new: bool


def receipt_record(*, payload: payloads.Receipt, actor: str) -> Recorded:
    """Keep a sale and queue it for Engage, in one transaction. Never waits for Engage.

    The same `uniqueReceiptId` with the same content gives the same answer, however often it comes. Other content
    under a known id raises Conflict: Engage would drop it silently
    [developer.voyado.com/docs/transactions/field-definitions].
    """
    body = payloads.encode_receipt(payload)
    digest = hashlib.sha256(body).hexdigest()
    contact = contact_of(payload.contact)
    with transaction.atomic():
        receipt, is_new = Receipt.objects.get_or_create(
            unique_receipt_id=payload.unique_receipt_id,
            defaults={
                "receipt_number": payload.receipt_number,
                "store": payload.store_external_id,
                "created_date": datetime.fromisoformat(payload.created_date),
                "currency": payload.currency,
                "total": payload.total_gross_price,
                "contact": contact,
                "body": body.decode(),
                "content_hash": digest,
            },
        )
        if is_new:
            enqueue(
                kind=POST,
                subject_id=receipt.pk,
                stream=_stream(receipt, payload.contact),
                reference=receipt.unique_receipt_id,
                store=receipt.store,
                actor=actor,
            )
    if not is_new and receipt.content_hash != digest:
        raise _other_content(receipt)
    return Recorded(receipt, is_new)


def _stream(receipt: Receipt, key: payloads.ReceiptContact) -> str:
    """Receipts of one contact go in order. One with a personal key that we do not know waits for nobody."""
    if receipt.contact is not None:
        return receipt.contact.stream
    guid = parse_guid(key.match_key) if key.match_key_type == "contactId" else None
    return f"contact:{guid}" if guid else f"receipt:{receipt.pk}"


def _other_content(receipt: Receipt) -> Conflict:
    return Conflict(
        f"uniqueReceiptId is taken by another receipt, of store {receipt.store}, "
        f"recorded {receipt.recorded_at:%Y-%m-%d at %H:%M} UTC.",
        status=409,
        error_code="ReceiptIdTaken",
    )


def contact_of(key: payloads.ReceiptContact) -> Contact | None:
    """Whom a match key means in our copy; None where we do not know, or not for certain.

    Below level 3 there is no copy to look in, but ids given out here are always translated.
    """
    kind = str(key.match_key_type)
    if kind == "contactId":
        guid = parse_guid(key.match_key)
        return contact_by_id(guid) if guid else None
    if settings.ENGAGE_LEVEL < _LEVEL_WITH_COPY or kind not in KEY_FIELDS:
        return None
    contact_type = key.contact_type if isinstance(key.contact_type, str) else "Member"
    found = contacts_matching(Identifier(_KINDS[kind], key.match_key), contact_type=contact_type)
    return found[0] if len(found) == 1 else None


def history_current(*, contact: Contact, deadline: Deadline) -> Read[None]:
    """Make our copy of a contact's newest purchases fresh where that is needed and possible.

    Raises NotFound where Engage no longer has the contact; never another EngageError.
    """
    snapshot = HistorySnapshot.objects.filter(contact=contact).first()
    fetched_at = snapshot.fetched_at if snapshot else None
    limit = timedelta(seconds=settings.SNAPSHOT_FRESH_SECONDS)
    if contact.engage_id is None or (fetched_at and clock.now() - fetched_at < limit):
        return Read(None, Freshness.CACHED, fetched_at or contact.created_at)
    engage_id = EngageContactId(str(contact.engage_id))
    try:
        page = line.ask(
            lambda client: client.list_transactions(engage_id, count=HISTORY_COUNT), deadline=deadline
        )
    except OUTAGES:
        return Read(None, Freshness.STALE if fetched_at else Freshness.NONE, fetched_at)
    return Read(None, Freshness.LIVE, history_store(contact=contact, page=page))


@transaction.atomic
def history_store(*, contact: Contact, page: Page[Transaction]) -> datetime:
    """Keep one page of Engage's history; rows that we had are replaced."""
    rows = [
        TransactionRow(
            contact=contact,
            engage_transaction_id=entry.id,
            unique_receipt_id=entry.external_id or "",
            created_date=entry.created_date,
            raw=encode(entry.raw).decode(),
        )
        for entry in page.items
        if entry.id
    ]
    TransactionRow.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["contact", "engage_transaction_id"],
        update_fields=["unique_receipt_id", "created_date", "raw"],
    )
    fetched_at = clock.now()
    HistorySnapshot.objects.update_or_create(
        contact=contact, defaults={"fetched_at": fetched_at, "total_count": page.total_count}
    )
    return fetched_at


def history_total(contact: Contact) -> int:
    """How many purchases Engage says the contact has."""
    return HistorySnapshot.objects.filter(contact=contact).values_list("total_count", flat=True).first() or 0


def receipt_tagged(*, receipt_id: UUID) -> None:
    """Once Engage has a receipt, forget the personal key that it came with. May run twice."""
    receipt = Receipt.objects.select_related("contact__same_as").get(pk=receipt_id)
    payload = payloads.decode_receipt(receipt.body.encode())
    if payload.contact.match_key_type == "contactId":
        return
    known = receipt.contact.public_id if receipt.contact else "00000000-0000-0000-0000-000000000000"
    receipt.body = payloads.encode_receipt(tagged_by_id(payload, known)).decode()
    receipt.save(update_fields=["body"])


def tagged_by_id(payload: payloads.Receipt, contact_id: str) -> payloads.Receipt:
    """The same receipt, matched by Engage's contact id instead of a personal key."""
    key = payloads.ReceiptContact(match_key=contact_id, match_key_type="contactId")
    return msgspec.structs.replace(payload, contact=key)
