"""Background work about contacts. Arguments are ids; each may run twice."""

from uuid import UUID

from contacts.models import Contact
from contacts.snapshots import OUTAGES, contact_store
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import NotFound
from engage_portal.outbox import line


def refresh_contact(contact_id: str) -> bool:
    """Bring our copy of one contact up to date; False where Engage did not answer or no longer knows it."""
    contact = Contact.objects.select_related("same_as").filter(pk=UUID(contact_id)).first()
    if contact is None or contact.engage_id is None:
        return False
    try:
        answer = line.client().get_contact(EngageContactId(str(contact.engage_id)))
    except (*OUTAGES, NotFound) as error:
        line.report([error])
        return False
    line.report([None])
    contact_store(answer)
    return True
