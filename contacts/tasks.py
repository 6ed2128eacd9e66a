"""Background work about contacts. Arguments are ids; each may run twice."""

from uuid import UUID

from django.conf import settings

from contacts.importing import tasks as importing_tasks
from contacts.models import Contact
from contacts.services.batching import split_later, split_waiting
from contacts.services.consents import consents_current
from contacts.snapshots import OUTAGES, contact_store
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import NotFound
from engage_portal.outbox.line import door
from engage_portal.outbox.tasks import SLICE_SECONDS


def refresh_contact(contact_id: str) -> bool:
    """Bring our copy of one contact up to date; False where Engage did not answer or no longer knows it."""
    contact = Contact.objects.select_related("same_as").filter(pk=UUID(contact_id)).first()
    if contact is None or contact.engage_id is None:
        return False
    engage_id = EngageContactId(str(contact.engage_id))
    asked_at = clock.now()
    patience = Deadline.after(settings.ENGAGE_READ_TIMEOUT)
    try:
        answer = door.ask(lambda client: client.get_contact(engage_id), deadline=patience)
    except (*OUTAGES, NotFound):
        return False
    contact_store(answer, as_of=asked_at)
    return True


def split_batches() -> bool:
    """Split bulk calls into items; True where it goes on in another task."""
    is_more = split_waiting(seconds=SLICE_SECONDS)
    if is_more:
        split_later()
    return is_more


def read_exports() -> int:
    """Read contacts exports that wait, in order, for a time slice; what is left is read by a task of its own.

    Takes what lies in `ENGAGE_EXPORT_FOLDER` in first. Returns how many files it had in hand.
    """
    return importing_tasks.read_exports()


def read_consents() -> bool:
    """Keep the words that Engage asks for consents with, for pages and tills; False where it did not answer."""
    try:
        consents_current(deadline=Deadline.after(settings.ENGAGE_READ_TIMEOUT))
    except OUTAGES:
        return False
    return True
