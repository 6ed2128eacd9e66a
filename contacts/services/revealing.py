"""Showing personal data to somebody: whoever sees it is remembered."""

from contacts.models import Contact, ContactEvent, Happened


def contact_reveal(*, contact: Contact, by: str) -> None:
    """Write into the journal that a person is shown a contact's data now. Each time is a line of its own."""
    ContactEvent.objects.create(contact=contact, what=Happened.REVEALED, actor=by)
