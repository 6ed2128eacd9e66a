"""Forgetting a contact."""

from uuid import UUID

from django.db.models import Q, QuerySet

from contacts.keys import columns_of
from contacts.models import Answer, BatchRow, Contact, ContactEvent
from engage_portal.core.privacy import register_shredder


def shred_contact(contact_id: UUID) -> int:
    """Blank everything personal; the row stays, so that ids given out keep meaning the same nobody."""
    blank = columns_of({})
    return known_as(contact_id).update(snapshot={}, changes={}, fetched_at=None, **blank)


def shred_answers(contact_id: UUID) -> int:
    """Delete what they allowed and forbade."""
    removed, _ = Answer.objects.filter(contact__in=known_as(contact_id)).delete()
    return removed


def shred_journal(contact_id: UUID) -> int:
    """Blank the values in the journal; that something happened stays."""
    rows = ContactEvent.objects.filter(contact__in=known_as(contact_id)).exclude(old=None, new=None)
    return rows.update(old=None, new=None)


def shred_batch_rows(contact_id: UUID) -> int:
    """Blank rows of bulk calls that came to be this contact."""
    return BatchRow.objects.filter(contact__in=known_as(contact_id), body__isnull=False).update(body=None)


def known_as(contact_id: UUID) -> QuerySet[Contact]:
    """Every row that is this person: somebody born here may have turned out to be a contact that we knew already."""
    row = Contact.objects.filter(pk=contact_id).first()
    person = (row.same_as_id or row.pk) if row else contact_id
    return Contact.objects.filter(Q(pk=person) | Q(same_as=person))


register_shredder("contacts.Contact", shred_contact)
register_shredder("contacts.Answer", shred_answers)
register_shredder("contacts.ContactEvent", shred_journal)
register_shredder("contacts.BatchRow", shred_batch_rows)
