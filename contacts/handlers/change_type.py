"""How a contact gets another type: an upgrade to member, mostly."""

from collections.abc import Collection, Mapping
from uuid import UUID

from contacts.handlers.update import not_known_yet
from contacts.kinds import CHANGE_TYPE
from contacts.models import Contact, ContactEvent
from contacts.selectors import contacts_by_id
from contacts.snapshots import refresh_later, store_answer
from engage_portal.core import clock
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import Contact as EngageContact
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import Call, Handler


class ContactChangeType(Handler[Contact]):
    """The only way to another type, which is the item's reference; the data that it needs goes before, in the stream.

    [developer.voyado.com/docs/contacts/update-contact]
    """

    kind = CHANGE_TYPE
    label = "Changed contact type"
    priority = 30

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        """The contacts of the batch."""
        return contacts_by_id(subject_ids)

    def request(self, item: Item, subject: Contact) -> Call:
        """`POST /api/v3/contacts/{contactId}/updateContactType`: repeatable, so nothing is looked up first."""
        contact = subject.same_as or subject
        if contact.engage_contact_id is None:
            raise not_known_yet(contact)
        engage_id, wanted = EngageContactId(str(contact.engage_contact_id)), item.reference
        return Call(
            "POST /api/v3/contacts/{contactId}/updateContactType",
            lambda client: client.update_contact_type(engage_id, contact_type=wanted),
        )

    def settle(self, item: Item, subject: Contact, call: Call, answer: EngageContact | None) -> None:
        """Our copy has the new type; what else Engage made of it, a member number perhaps, is fetched."""
        del call
        contact = Contact.objects.select_for_update().get(pk=subject.same_as_id or subject.pk)
        contact.contact_type = item.reference
        events = store_answer(contact, answer, as_of=clock.now()) if answer is not None else []
        contact.save()
        ContactEvent.objects.bulk_create(events)
        if answer is None:
            refresh_later(contact.pk)
