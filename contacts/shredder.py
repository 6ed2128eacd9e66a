"""Forgetting a contact."""

from uuid import UUID

from contacts.keys import columns_of
from contacts.models import Contact
from engage_portal.core.privacy import register_shredder


def shred_contact(contact_id: UUID) -> int:
    """Blank everything personal; the row stays, so that ids given out keep meaning the same nobody."""
    blank = columns_of({})
    return Contact.objects.filter(pk=contact_id).update(snapshot={}, changes={}, **blank)


register_shredder("contacts.Contact", shred_contact)
