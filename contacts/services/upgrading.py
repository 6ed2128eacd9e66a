"""Raising somebody to another contact type: to member, mostly."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from contacts.kinds import CHANGE_TYPE
from contacts.models import Contact
from contacts.services.answering import Asked
from contacts.services.changing import Written, contact_update, locked
from contacts.services.creating import contact_type_of
from engage_portal.core.clock import Deadline
from engage_portal.outbox.delivery.live import Delivered, deliver_now
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import enqueue


def contact_change_type(
    *,
    contact: Contact,
    contact_type: str,
    asked: Asked,
    deadline: Deadline,
    enrichment: Mapping[str, Any] | None = None,
) -> Written:
    """Change the type of a contact, after the data that the new type needs (`enrichment`), in this order.

    Raises Rejected where Engage misses data, Conflict where somebody of that type has the key already. Asking again for
    the same type does nothing more.
    """
    if enrichment:
        contact = contact_update(contact=contact, body=enrichment, asked=asked, deadline=deadline).contact
    wanted = contact_type_of(contact_type)
    item = change_type_queued(contact, wanted, asked)
    if item is None:
        return Written(contact, is_live=True)
    outcome = deliver_now(item, deadline=deadline)
    return Written(Contact.objects.get(pk=contact.pk), is_live=isinstance(outcome, Delivered))


@transaction.atomic
def change_type_queued(contact: Contact, wanted: str, asked: Asked) -> Item | None:
    """For callers that do not wait. The item that changes the type, new or waiting already; None where it is so."""
    contact = locked(contact.pk)
    waiting = Item.objects.open().filter(stream=contact.stream, kind=CHANGE_TYPE).order_by("-pk").first()
    if waiting is not None and waiting.reference == wanted:
        return waiting
    if waiting is None and contact.contact_type == wanted and contact.engage_id is not None:
        return None
    return enqueue(
        kind=CHANGE_TYPE,
        subject_id=contact.pk,
        stream=contact.stream,
        reference=wanted,
        store=asked.store,
        actor=asked.actor,
    )
