"""What can be done with receipts: record one, bring a contact's history up to date."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from contacts.keys import normalised
from contacts.models import KEY_FIELDS, Contact
from contacts.selectors import contact_by_id, contacts_matching
from contacts.snapshots import OUTAGES, read_through
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Freshness, Read
from engage_portal.core.ids import EngageContactId, parse_guid
from engage_portal.engage import Conflict, Identifier, IdentifierKind, Page, Transaction, payloads
from engage_portal.engage.wire import encode
from engage_portal.outbox import line
from engage_portal.outbox.services import confirm, enqueue
from receipts.models import HistorySnapshot, Receipt
from receipts.models import Transaction as TransactionRow
from receipts.selectors import history_rows, history_total

POST = "receipt.post"
HISTORY_COUNT = 100
_LEVEL_WITH_COPY = 3
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_NOBODY = "00000000-0000-0000-0000-000000000000"
_LONGEST_ID = 60
_LONGEST_RECEIPT_ID = 100
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


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some of a contact's history in Engage's own words, newest first, of a total, with its age."""

    rows: list[Mapping[str, Any]]
    total: int
    read: Read[None]


def receipt_record(*, payload: payloads.Receipt, actor: str) -> Recorded:
    """Keep a sale and queue it for Engage, in one transaction. Never waits for Engage.

    The same `uniqueReceiptId` with the same content gives the same answer, however often it comes. Other content
    under a known id raises Conflict: Engage would drop it silently
    [developer.voyado.com/docs/transactions/field-definitions].
    """
    created = _created(payload.created_date)
    _check_signs(payload)
    body = payloads.encode_receipt(payload)
    digest = hashlib.sha256(body).hexdigest()
    contact = contact_of(payload.contact)
    with transaction.atomic():
        receipt, is_new = Receipt.objects.get_or_create(
            unique_receipt_id=payload.unique_receipt_id,
            defaults={
                "receipt_number": payload.receipt_number,
                "store": payload.store_external_id,
                "created_date": created,
                "currency": payload.currency,
                "total": payload.total_gross_price,
                "contact": contact,
                "match_contact_id": _given_id(payload.contact),
                "body": body.decode(),
                "content_hash": digest,
            },
        )
        if is_new:
            enqueue(
                kind=POST,
                subject_id=receipt.pk,
                stream=_stream(receipt),
                reference=receipt.unique_receipt_id,
                store=receipt.store,
                actor=actor,
            )
    if not is_new and receipt.content_hash != digest:
        raise _other_content(receipt)
    return Recorded(receipt, is_new)


def _given_id(key: payloads.ReceiptContact) -> UUID | None:
    return parse_guid(key.match_key) if key.match_key_type == "contactId" else None


def _stream(receipt: Receipt) -> str:
    """Receipts of one contact go in order. One with a personal key that we do not know waits for nobody."""
    if receipt.contact is not None:
        return receipt.contact.stream
    return f"contact:{receipt.match_contact_id}" if receipt.match_contact_id else f"receipt:{receipt.pk}"


def _created(text: str) -> datetime:
    """When the sale happened, in UTC. Raises PayloadError for a date that no till can mean."""
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise payloads.PayloadError(
            field="createdDate", problem=f"Expected a year from {_FIRST_YEAR} to {_LAST_YEAR}."
        )
    return moment


def _check_signs(payload: payloads.Receipt) -> None:
    """The signs of the totals [developer.voyado.com/en/transactions/register-a-return.html]; a mixed receipt has any.

    Raises PayloadError. A sum that is off is kept: some tenants have that check switched off (US sales tax).
    """
    kinds = {str(item.type) for item in payload.items}
    for place, item in enumerate(payload.items):
        if item.type == "PURCHASE" and item.tax_amount < 0:
            raise payloads.PayloadError(
                field=f"items[{place}].taxAmount", problem="The tax of a purchase is not negative."
            )
    if kinds == {"PURCHASE"} and payload.total_gross_price < 0:
        raise payloads.PayloadError(
            field="totalGrossPrice", problem="The total of a purchase is not negative."
        )
    if kinds != {"RETURN"}:
        return
    if payload.total_gross_price > 0:
        raise payloads.PayloadError(field="totalGrossPrice", problem="The total of a return is negative.")
    for place, method in enumerate(payload.payment_methods):
        if method.value > 0:
            raise payloads.PayloadError(
                field=f"paymentMethods[{place}].value", problem="What is paid back is negative."
            )


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
    return read_through(
        contact=contact,
        fetched_at=snapshot.fetched_at if snapshot else None,
        fetch=lambda client, engage_id: client.list_transactions(engage_id, count=HISTORY_COUNT),
        keep=lambda page: history_store(contact=contact, page=page),
        deadline=deadline,
    )


def history_page(*, contact: Contact, offset: int, count: int, deadline: Deadline) -> HistoryPage:
    """A page of a contact's history as Engage lists it; beyond what is kept here Engage itself is asked.

    Raises NotFound where Engage no longer has the contact, and Unavailable where it is away and the page not kept.
    """
    read = history_current(contact=contact, deadline=deadline)
    if read.freshness is Freshness.NONE:
        raise line.line_down("Engage is away, and this history was never fetched before.")
    total = history_total(contact)
    if contact.engage_id is None or offset >= total or min(offset + count, total) <= HISTORY_COUNT:
        return HistoryPage(
            [entry.raw for entry in history_rows(contact, offset=offset, count=count)], total, read
        )
    engage_id = EngageContactId(str(contact.engage_id))
    try:
        page = line.ask(
            lambda client: client.list_transactions(engage_id, offset=offset, count=count), deadline=deadline
        )
    except OUTAGES:
        raise line.line_down(
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


def receipt_tagged(*, receipt_id: UUID) -> None:
    """Once Engage has a receipt, forget the personal key that it came with. May run twice."""
    receipt = Receipt.objects.select_related("contact__same_as").get(pk=receipt_id)
    payload = payloads.decode_receipt(receipt.body.encode())
    if payload.contact.match_key_type == "contactId":
        return
    known = receipt.contact.public_id if receipt.contact else _NOBODY
    receipt.body = payloads.encode_receipt(tagged_by_id(payload, known)).decode()
    receipt.save(update_fields=["body"])


def untagged(body: str) -> str:
    """A kept receipt that names nobody: where it has not left yet, Engage takes it in and ties it to nobody either."""
    return payloads.encode_receipt(tagged_by_id(payloads.decode_receipt(body.encode()), _NOBODY)).decode()


def receipts_naming(keys: Collection[str]) -> list[Receipt]:
    """The receipts that came with one of these keys and were not tied to anybody.

    Personal keys are blanked once a receipt has arrived, so those that still have one are few, and all are read.
    """
    wanted = {_folded(key) for key in keys}
    personal = Q(*[("body__contains", f'"matchKeyType":"{kind}"') for kind in KEY_FIELDS], _connector=Q.OR)
    named = Q(*[("body__icontains", key) for key in keys if parse_guid(key)], _connector=Q.OR)
    rows = Receipt.objects.filter(personal | named, contact=None)
    return [row for row in rows.iterator() if _names(row, wanted)]


def _names(receipt: Receipt, wanted: Collection[str]) -> bool:
    key = payloads.decode_receipt(receipt.body.encode()).contact
    column = KEY_FIELDS.get(str(key.match_key_type), "")
    return _folded(normalised(column, key.match_key)) in wanted


def _folded(key: str) -> str:
    return key.strip().casefold()


def tagged_by_id(payload: payloads.Receipt, contact_id: str) -> payloads.Receipt:
    """The same receipt, matched by Engage's contact id instead of a personal key."""
    key = payloads.ReceiptContact(match_key=contact_id, match_key_type="contactId")
    return msgspec.structs.replace(payload, contact=key)
