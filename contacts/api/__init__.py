"""Contacts in Engage's v3 language."""

from contacts.api.asking import contact_or_404
from contacts.api.bulk import BulkContacts, BulkStatus, BulkStatusV2
from contacts.api.consents import Consents
from contacts.api.contacts import Contacts, ContactType, CountContacts, FindContactId, OneContact

__all__ = [
    "BulkContacts",
    "BulkStatus",
    "BulkStatusV2",
    "Consents",
    "ContactType",
    "Contacts",
    "CountContacts",
    "FindContactId",
    "OneContact",
    "contact_or_404",
]
