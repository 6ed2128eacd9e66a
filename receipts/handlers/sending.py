"""A receipt as it leaves: to whom Engage says that its key belongs, and with what the copy adds to it.

None of that is in the kept body: what a till is held to is what it sent.
"""

from dataclasses import dataclass
from datetime import timedelta

import msgspec

from contacts.handlers import not_known_yet
from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.core.ids import EngageContactId, parse_guid
from engage_portal.engage import EngageClient, payloads
from engage_portal.outbox.delivery.verdicts import is_exhausted
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import Call, NotReadyError
from promotions.models import Assignment
from promotions.selectors.underway import (
    uses_of_offers_underway,
    uses_of_promotions_underway,
    uses_of_vouchers_underway,
)
from receipts.models import Receipt
from receipts.tagging import PersonalKey, is_tagged, key_as_sent, personal_key, tagged_by_id

_POST = "POST /api/v3/receipts"
_COPY_IS_TRUSTED_FOR = timedelta(days=7)
"""A phone number moves to another person sooner or later: an older copy is asked about while Engage answers."""


@dataclass(frozen=True, slots=True)
class Found:
    """Whom Engage named when it was asked for the personal key of a receipt; the receipt went to them."""

    engage_id: EngageContactId


def posting(receipt: Receipt) -> Call:
    """The request that brings a receipt to Engage, by the contact's id wherever that can be known.

    With a personal key that our copy does not know, or not of late, Engage is asked first: a receipt of nobody or of
    several it would take with a 2xx, and drop later. Raises NotReadyError where the contact is not in Engage yet.
    """
    if receipt.contact is not None and receipt.contact.engage_id is None:
        raise not_known_yet(receipt.contact)
    key = _key_to_ask_for(receipt)
    if key is not None:
        payload = _payload(receipt, contact=None)
        return Call(_POST, lambda client: _post_to_its_owner(client, payload, key), calls=1 + key.calls)
    body = _body_sent(receipt)
    return Call(_POST, lambda client: client.post_receipt(body))


def hold_for_uses(item: Item, receipt: Receipt) -> None:
    """Raise NotReadyError while Engage is about to hear of what a receipt says was used: that goes first.

    What fails stops no sale, and neither does one wait that has waited for as long as anybody wants to: what is not
    ready then would need a person. A receipt that names nothing, as most, costs no query.
    """
    names_offers, names_vouchers = '"usedPromotions":' in receipt.body, '"usedBonusChecks":' in receipt.body
    if not (names_offers or names_vouchers) or is_exhausted(item):
        return
    if (names_offers and _are_offers_underway(receipt)) or (
        names_vouchers and receipt.contact and uses_of_vouchers_underway(whose=receipt.contact).exists()
    ):
        raise NotReadyError("What was used in it goes first.")


def _are_offers_underway(receipt: Receipt) -> bool:
    """By its own id, which may be somebody else's; by that of the promotion only where the contact is known."""
    used = payloads.decode_receipt(receipt.body.encode()).used_promotions
    ids = [
        (parse_guid(str(each.coupon_id)), parse_guid(str(each.promotion_id)))
        for each in (used if isinstance(used, tuple) else ())
    ]
    offers = [offer for offer, _ in ids if offer]
    templates = [template for offer, template in ids if template and not offer]
    if uses_of_offers_underway(offers).exists():
        return True
    whose = receipt.contact
    return whose is not None and uses_of_promotions_underway(templates, whose=whose).exists()


def payload_sent(receipt: Receipt) -> payloads.Receipt:
    """A receipt with its key as Engage keeps it, by id where the contact is known, and both ids of what was used."""
    return _payload(receipt, receipt.contact)


def _payload(receipt: Receipt, contact: Contact | None) -> payloads.Receipt:
    """The receipt as one of this contact, or of nobody that is known for certain."""
    payload = payloads.decode_receipt(receipt.body.encode())
    if contact is not None and contact.engage_id is not None:
        payload = tagged_by_id(payload, str(contact.engage_id))
    elif payload.contact is not None:
        payload = msgspec.structs.replace(payload, contact=key_as_sent(payload.contact))
    if not isinstance(payload.used_promotions, tuple):
        return payload
    used = tuple(_with_both_ids(each, contact) for each in payload.used_promotions)
    return msgspec.structs.replace(payload, used_promotions=used)


def _key_to_ask_for(receipt: Receipt) -> PersonalKey | None:
    if is_tagged(receipt) or (receipt.contact is not None and not _is_old(receipt.contact)):
        return None
    return personal_key(receipt)


def _is_old(contact: Contact) -> bool:
    seen_at = contact.as_of or contact.fetched_at or contact.created_at
    return clock.now() - seen_at > _COPY_IS_TRUSTED_FOR


def _post_to_its_owner(client: EngageClient, payload: payloads.Receipt, key: PersonalKey) -> Found | None:
    """Post it by id, or by its key where Engage cannot be asked for that.

    Raises NotFound and Conflict before Engage has seen the receipt. For a thread: no database.
    """
    engage_id = key.owner(client)
    whole = payload if engage_id is None else tagged_by_id(payload, engage_id)
    client.post_receipt(payloads.encode_receipt(whole))
    return None if engage_id is None else Found(engage_id)


def _body_sent(receipt: Receipt) -> bytes:
    """Almost every receipt leaves as it was kept, and is not read again for that."""
    engage_id = receipt.contact.engage_id if receipt.contact else None
    if is_tagged(receipt, str(engage_id or "")) and '"usedPromotions":' not in receipt.body:
        return receipt.body.encode()
    return payloads.encode_receipt(payload_sent(receipt))


def _with_both_ids(used: payloads.UsedPromotion, contact: Contact | None) -> payloads.UsedPromotion:
    """The template's id and the assignment's, where a till gave one and our copy knows the other for certain.

    Few receipts use anything, fewer with one id only: each of those costs a query.
    """
    template, assignment = parse_guid(str(used.promotion_id)), parse_guid(str(used.coupon_id))
    if assignment is not None and template is None:
        rows = Assignment.objects.filter(pk=assignment, promotion_id__isnull=False)
    elif template is not None and assignment is None:
        rows = Assignment.objects.filter(promotion_id=template, contact=contact)
    else:
        return used
    known = list(rows.values_list("promotion_id", "pk")[:2])
    if len(known) != 1:
        return used
    promotion_id, assignment_id = map(str, known[0])
    return payloads.UsedPromotion(promotion_id=promotion_id, coupon_id=assignment_id)
