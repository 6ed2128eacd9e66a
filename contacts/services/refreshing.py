"""Asking Engage about a contact because a person wants to know now."""

from contacts.models import Contact, ContactEvent, Happened
from contacts.snapshots import contact_store
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.ids import EngageContactId
from engage_portal.outbox.line import door


def contact_refresh(*, contact: Contact, by: str, deadline: Deadline) -> Contact:
    """The contact as Engage has it at this moment, however fresh our copy is; kept, with who asked.

    Raises EngageError where Engage is away or no longer has the contact, and ValueError for somebody whom Engage does
    not know yet. May run twice.
    """
    if contact.engage_id is None:
        raise ValueError("Engage does not know this contact yet.")
    engage_id, asked_at = EngageContactId(str(contact.engage_id)), clock.now()
    answer = door.ask(lambda client: client.get_contact(engage_id), deadline=deadline)
    stored = contact_store(answer, as_of=asked_at)
    ContactEvent.objects.create(contact=stored, what=Happened.REFRESHED, actor=by)
    return stored
