"""What can be done with receipts: record one."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from contacts.models import KEY_FIELDS, Contact
from contacts.selectors import contact_by_id, contacts_matching
from contacts.services import Asked as Sale
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.ids import parse_guid
from engage_portal.engage import Conflict, FieldError, Identifier, payloads
from engage_portal.outbox.services import enqueue
from receipts.models import Receipt
from receipts.services.clashes import clash_noted
from receipts.services.newcomers import newcomer_kept, without_person
from receipts.services.rules import check_receipt, moment_of, warnings_about
from receipts.services.sameness import digest_of
from receipts.stores import store_asked
from receipts.tagging import IDENTIFIERS, type_of

POST = "receipt.post"
_LEVEL_WITH_COPY = 3


@dataclass(frozen=True, slots=True)
class Recorded:
    """A receipt that is kept, whether this call kept it or an earlier one, and what looks like a mistake in it."""

    receipt: Receipt
    is_new: bool
    warnings: tuple[FieldError, ...] = ()


def receipt_record(*, payload: payloads.Receipt, actor: str, deadline: Deadline | None = None) -> Recorded:
    """Keep a sale and queue it for Engage, in one transaction.

    Engage is asked only about a store that our copy does not have, and only within a deadline; whatever becomes of
    that, nothing waits longer and no sale is refused for what the portal does not know.

    Raises PayloadError with everything that is wrong with it. The same `uniqueReceiptId` with the same content gives
    the same answer, however often it comes and whatever is asked of receipts by then; Conflict once staff gave it up.
    Other content under a known id raises Conflict too: Engage would drop it silently
    [developer.voyado.com/docs/transactions/field-definitions]. A guest's sale is kept and counted, and never sent:
    Engage has nobody to give it to.
    """
    body = payloads.encode_receipt(without_person(payload))
    digest = digest_of(body)
    store = store_asked(payload.store_external_id, deadline=deadline)
    whose = payload.contact
    owner = contact_of(whose) if whose else None
    warnings = tuple(warnings_about(payload, store=store, owner=owner))
    try:
        check_receipt(payload, store=store)
    except payloads.PayloadError:
        kept = _kept(payload)
        if kept is None or not digest.is_of(kept.content_hash):
            raise
        return _once_more(kept, warnings)
    is_claimed = whose is not None and owner is not None and _is_only_claimed(owner, whose)
    receipt = Receipt(
        unique_receipt_id=payload.unique_receipt_id,
        receipt_number=payload.receipt_number,
        store=payload.store_external_id,
        created_date=moment_of(payload),
        currency=payload.currency,
        total=payload.total_gross_price,
        contact=None if is_claimed else owner,
        match_contact_id=_given_id(whose) if whose else None,
        is_guest=whose is None,
        body=body.decode(),
        content_hash=digest.of_content,
    )
    try:
        _keep(receipt, payload, actor, behind=owner)
    except IntegrityError:
        kept = _kept(payload)
        if kept is None:
            raise
        if not digest.is_of(kept.content_hash):
            raise clash_noted(kept=kept, refused=receipt, actor=actor) from None
        return _once_more(kept, warnings)
    return Recorded(receipt, is_new=True, warnings=warnings)


def _kept(payload: payloads.Receipt) -> Receipt | None:
    return Receipt.objects.filter(unique_receipt_id=payload.unique_receipt_id).first()


def _once_more(kept: Receipt, warnings: tuple[FieldError, ...]) -> Recorded:
    _refuse_given_up(kept)
    return Recorded(kept, is_new=False, warnings=warnings)


@transaction.atomic
def _keep(receipt: Receipt, payload: payloads.Receipt, actor: str, *, behind: Contact | None) -> None:
    """Insert without looking first: almost every receipt is new, and the database knows."""
    receipt.save(force_insert=True)
    if receipt.contact is None and receipt.match_contact_id is None:
        asked = Sale(
            actor=actor, store=receipt.store, channel="POS", at=min(receipt.created_date, clock.now())
        )
        receipt.contact = newcomer_kept(payload.contact, source=settings.ENGAGE_SOURCE, asked=asked)
        if receipt.contact is not None:
            receipt.save(update_fields=["contact"])
    if receipt.is_guest:
        return
    enqueue(
        kind=POST,
        subject_id=receipt.pk,
        stream=_stream(receipt, behind),
        reference=receipt.unique_receipt_id,
        store=receipt.store,
        actor=actor,
    )


def _refuse_given_up(kept: Receipt) -> None:
    """A 202 would say that it goes out, and staff have decided that it does not."""
    if kept.given_up_at is not None:
        raise Conflict(
            "Staff have given this receipt up, so it is not sent. If the sale took place, number it anew and send it "
            "again.",
            status=409,
            error_code="ReceiptGivenUp",
        )


def _is_only_claimed(owner: Contact, key: payloads.ReceiptContact) -> bool:
    """Whether a key is somebody's by a change that Engage has not taken yet: until then it may be another's.

    Then the sale goes out after the change, by its key, and Engage says whose it is.
    """
    return owner.engage_id is not None and str(key.match_key_type) in owner.changes


def _given_id(key: payloads.ReceiptContact) -> UUID | None:
    return parse_guid(key.match_key) if key.match_key_type == "contactId" else None


def _stream(receipt: Receipt, behind: Contact | None) -> str:
    """Receipts of one contact go in order. One with a personal key that we do not know waits for nobody."""
    if contact := receipt.contact or behind:
        return contact.stream
    return f"contact:{receipt.match_contact_id}" if receipt.match_contact_id else f"receipt:{receipt.pk}"


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
    found = contacts_matching(Identifier(IDENTIFIERS[kind], key.match_key), contact_type=type_of(key))
    return found[0] if len(found) == 1 else None
