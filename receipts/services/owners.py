"""Saying whose a sale is where its key does not tell: a person decides."""

from django.db import transaction

from contacts.models import Contact
from contacts.services.linking import having, link_target
from contacts.snapshots import contact_store
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import Contact as EngageContact
from engage_portal.engage import EngageClient, Identifier, NotFound, payloads
from engage_portal.outbox import control
from engage_portal.outbox.line import door
from engage_portal.outbox.models import Event, Item
from receipts.models import Receipt
from receipts.services.recording import POST
from receipts.tagging import personal_key, receipt_given

NOBODYS = ("ContactNotFound", "MultipleMatches")
"""Why a receipt needs attention where whom it names is not one contact of Engage's."""
_MOST = 5
"""So many people are shown at most; more with one key is a mistake in Engage, and an id can always be typed."""


class OwnerRefusedError(Exception):
    """The sale cannot be given to anybody now; the text says why."""


def ownerless(item: Item) -> Receipt | None:
    """The receipt of an item that needs attention, and of which only a person can say whose it is; else None.

    It names its contact by a personal key alone, or by anything that Engage has nobody for, or several.
    """
    if item.kind != POST or not item.needs_attention:
        return None
    receipt = Receipt.objects.filter(pk=item.subject_id, is_guest=False).first()
    if receipt is None:
        return None
    is_by_key = receipt.contact_id is None and personal_key(receipt) is not None
    return receipt if is_by_key or item.reason_code in NOBODYS else None


def key_given(receipt: Receipt) -> dict[str, str]:
    """The key that came with a receipt, under Engage's name. Personal."""
    key = payloads.decode_receipt(receipt.body.encode()).contact
    return {str(key.match_key_type): key.match_key} if key else {}


def owner_candidates(*, receipt: Receipt, deadline: Deadline) -> list[EngageContact]:
    """Who in Engage has the key of a receipt, of any type: Engage itself looks inside one only. Raises EngageError.

    [developer.voyado.com/docs/transactions/field-definitions]
    """
    key = personal_key(receipt)
    if key is None:
        return []
    return door.ask(lambda client: _search(client, key.identifier), deadline=deadline, calls=1 + _MOST)


def _search(client: EngageClient, key: Identifier) -> list[EngageContact]:
    found = []
    for engage_id in having(client, key, None)[:_MOST]:
        try:
            found.append(client.get_contact(engage_id))
        except NotFound:
            continue  # deleted since the look-up
    return found


def owner_choose(*, item: Item, engage_id: EngageContactId, by: str, deadline: Deadline) -> Contact:
    """Give a sale to a contact of Engage's and send it again; its story says who did.

    Raises EngageError where Engage cannot show the contact, and OwnerRefusedError where the sale does not wait for
    this decision any more, so that a second time is refused.
    """
    asked_at = clock.now()
    answer = link_target(engage_id=engage_id, deadline=deadline)
    with transaction.atomic():
        held = Item.objects.select_for_update().get(pk=item.pk)
        receipt = ownerless(held)
        if receipt is None:
            raise OwnerRefusedError("Somebody has decided this already, or it is on its way.")
        contact = contact_store(answer, as_of=asked_at)
        if contact.deleted_at is not None:
            raise OwnerRefusedError("This contact is being deleted.")
        receipt_given(receipt, contact)
        Item.objects.filter(pk=held.pk).update(stream=contact.stream)
        Event.objects.create(item=held, what="given to a contact", actor=by, detail=str(contact.public_id))
        control.retry(items=Item.objects.filter(pk=held.pk), by=by)
    return contact
