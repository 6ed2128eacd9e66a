"""How somebody new reaches Engage: looked up by every key, then created."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from contacts.flat import nested
from contacts.handlers.filing import creation_row, left_out
from contacts.handlers.linking import keys_in, keys_of, link, search
from contacts.kinds import CREATE
from contacts.models import Contact
from contacts.selectors import newborns_by_id
from engage_portal.core import clock
from engage_portal.engage import Contact as EngageContact
from engage_portal.engage import EngageError
from engage_portal.engage.xml import FileType
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import (
    BulkRow,
    Call,
    FileRow,
    Handler,
    NothingToSendError,
    ReadBack,
    Verdict,
)
from engage_portal.outbox.services import confirm_items
from engage_portal.outbox.states import State

_TAKEN = ("ApprovedContactWithKeyExists", "ContactWithKeyIsBeingCreated")
_TRIES_BEFORE_A_PERSON = 4


class ContactCreate(Handler[Contact]):
    """Look up by every key, then create; what is found is linked and never overwritten."""

    kind = CREATE
    label = "New contact"
    priority = 30
    holds_back = True
    goes_in_bulk = True
    file_type = FileType.CONTACTS
    is_repeatable = True
    is_read_back = is_awaited = True

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        """The contacts of the batch, and whether our copy knows their keys already."""
        return newborns_by_id(subject_ids)

    def request(self, item: Item, subject: Contact) -> Call:
        """`POST /api/v3/contacts` with everything that is known here."""
        del item
        body = {"contactType": subject.contact_type, **_newborn_body(subject)}
        source, store, unapproved = subject.source, subject.created_in_store, subject.created_as_unapproved
        return Call(
            "POST /api/v3/contacts",
            lambda client: client.create_contact(
                body, source=source, store_external_id=store, unapproved=unapproved
            ),
            sent=dict(subject.changes),
        )

    def bulk_row(self, item: Item, subject: Contact) -> BulkRow | None:
        """A flat contact. A bulk call knows no recruiting store, so whoever was born in one goes alone.

        [developer.voyado.com/docs/contacts/bulk-contacts-api]
        """
        del item
        body = _newborn_body(subject)
        if subject.created_in_store or subject.created_as_unapproved:
            return None
        return BulkRow(subject.contact_type, body, keys=keys_in(body))

    def bulk_call(self, group: str, rows: Sequence[Mapping[str, Any]]) -> Call:
        """`POST /api/v3/contacts/bulk`; the ids are looked up afterwards."""
        return Call(
            "POST /api/v3/contacts/bulk",
            lambda client: client.bulk_create_contacts(rows, contact_type=group),
        )

    def file_row(self, item: Item, subject: Contact) -> FileRow | None:
        """A record by the tenant's key of members: whoever has that key already in Engage is changed, not doubled.

        So somebody whose key our copy knows there is left to the API, which links and overwrites nothing.
        """
        del item
        return creation_row(subject)

    def went_by_file(self, items: Sequence[Item]) -> None:
        """From here on sales may follow in files, by the key; the id is found at the next chance."""
        Contact.objects.filter(pk__in=[item.subject_id for item in items]).update(filed_at=clock.now())

    def read_back(self, items: Sequence[Item]) -> Iterator[ReadBack]:
        """Somebody sent in a file has no id here yet: `GET /api/v3/contacts/id` finds it, once per key."""
        contacts = self.load({item.subject_id for item in items})
        for item in items:
            if (contact := contacts.get(item.subject_id)) is not None and keys_of(contact):
                yield ReadBack((item,), self.look(item, contact))

    def keep(self, back: ReadBack, answer: EngageContact | None) -> None:
        """Keep Engage's id; what it lacks follows through the API."""
        (item,) = back.items
        if answer is None:
            return
        contact = Contact.objects.select_for_update().filter(pk=item.subject_id).first()
        if contact is not None and contact.engage_id is None and contact.deleted_at is None:
            link(contact, answer, {}, item)
        confirm_items(pks=[item.pk], seen_in="Engage's look-up")

    def unseen(self, item: Item, error: EngageError | None) -> Verdict | None:
        """A file's import leaves people out and tells only its own log."""
        return left_out("skips a contact without a valid key, or under the minimum age", item, error)

    def look(self, item: Item, subject: Contact) -> Call:
        """Search Engage by each key that the contact has, within its type."""
        del item
        keys = keys_of(subject)
        contact_type, email = subject.contact_type, subject.email
        return Call(
            "GET /api/v3/contacts/id",
            lambda client: search(client, keys, contact_type, email),
            calls=len(keys) + 1,
        )

    def settle(self, item: Item, subject: Contact, call: Call, answer: EngageContact | None) -> None:
        """Keep Engage's id; send afterwards what the person gave here and Engage lacks."""
        if answer is not None:
            link(Contact.objects.select_for_update().get(pk=subject.pk), answer, call.sent, item)

    def refused(self, item: Item, subject: Contact, call: Call, error: EngageError) -> None:
        """The caller knows that nobody was created: nobody is kept."""
        del item, call, error
        Contact.objects.filter(pk=subject.pk, engage_contact_id__isnull=True).delete()

    def judge(self, item: Item, error: EngageError) -> Verdict | None:
        """A taken key means: look who has it [developer.voyado.com/docs/contacts/create-contact]."""
        if error.error_code in _TAKEN and item.tries < _TRIES_BEFORE_A_PERSON:
            return Verdict(
                State.IN_DOUBT, error.error_code, "Engage has a contact with this key; it is looked up."
            )
        return None


def _newborn_body(contact: Contact) -> dict[str, Any]:
    """Everything that is known here of somebody who has to be created."""
    if contact.engage_id is not None or not contact.changes:  # known already, or forgotten
        raise NothingToSendError
    # A creation erases nothing: what was cleared before it left is not sent.
    return nested({name: value for name, value in contact.changes.items() if value not in (None, "")})
