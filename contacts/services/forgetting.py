"""Deleting a contact: Engage is told, and nothing personal stays here, whoever asked for it."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from contacts.kinds import CREATE, DELETE
from contacts.models import Contact, ContactEvent, Happened
from contacts.services.answering import Asked
from contacts.services.changing import locked
from engage_portal.core import clock, privacy
from engage_portal.core.clock import Deadline
from engage_portal.engage import Conflict
from engage_portal.outbox.delivery.live import Delivered, deliver_now
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import enqueue
from engage_portal.outbox.states import State

_ON_THEIR_WAY = (State.SENDING, State.SPOOLED)


def contact_delete(*, contact_id: UUID, source: str, asked: Asked, deadline: Deadline) -> bool:
    """Delete a contact in Engage and forget it here; True where Engage did it in time, else it is queued.

    Raises NotFound and Rejected as Engage does, and Conflict where a creation may have reached Engage without an
    answer; then nothing was forgotten. What waits about the contact goes first,
    receipts too, but changes that nobody needs any more do not.
    """
    outcome = deliver_now(_queue_deletion(contact_id, source, asked), deadline=deadline)
    contact_forget(contact_id=contact_id, actor=asked.actor)
    return isinstance(outcome, Delivered)


@transaction.atomic
def _queue_deletion(contact_id: UUID, source: str, asked: Asked) -> Item:
    known = Contact.objects.filter(pk=contact_id).exists()
    contact = (
        locked(contact_id) if known else Contact.objects.create(pk=contact_id, engage_contact_id=contact_id)
    )
    mine = Item.objects.open().filter(stream=contact.stream)
    may_be_there = mine.filter(Q(was_in_doubt=True) | Q(state__in=_ON_THEIR_WAY), kind=CREATE)
    if contact.engage_id is None and (contact.filed_at is not None or may_be_there.exists()):
        # Forgotten now, nobody could find out any more whether Engage has them, and by which id.
        raise Conflict(
            "Whether Engage has this contact is being looked up. Delete it once that is known.",
            status=409,
            error_code="ContactWithKeyIsBeingCreated",
        )
    waiting = mine.filter(kind=DELETE).first()
    return waiting or enqueue(
        kind=DELETE,
        subject_id=contact.pk,
        stream=contact.stream,
        reference=source,
        store=asked.store,
        actor=asked.actor,
    )


def contact_forget(*, contact_id: UUID, actor: str) -> None:
    """Remove everything personal about a contact here, and keep that it was deleted. May run twice."""
    with transaction.atomic():
        contact = locked(contact_id)
        privacy.shred(contact.pk)
        now = clock.now()
        if Contact.objects.filter(pk=contact.pk, deleted_at__isnull=True).update(deleted_at=now, as_of=now):
            ContactEvent.objects.create(contact=contact, what=Happened.DELETED, actor=actor)


def contact_gone(*, engage_contact_id: UUID) -> bool:
    """Engage says that it deleted a contact: forget it. False where nobody here has the id. May run twice."""
    contact = Contact.objects.filter(engage_contact_id=engage_contact_id, deleted_at__isnull=True).first()
    if contact is None:
        return False
    contact_forget(contact_id=contact.pk, actor="Engage")
    return True
