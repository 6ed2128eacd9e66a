"""How a deletion reaches Engage."""

from collections.abc import Collection, Mapping
from uuid import UUID

from contacts.kinds import DELETE
from contacts.models import Contact, ContactEvent, Happened
from contacts.selectors import contacts_by_id
from engage_portal.core import clock, privacy
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import EngageError, NotFound
from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.registry import Call, Handler, NothingToSendError, Verdict
from engage_portal.outbox.states import State


class ContactDelete(Handler[Contact]):
    """Delete by id. Nothing personal is left here by then, so a repetition needs nothing but the id."""

    kind = DELETE
    label = "Deleted contact"
    priority = 30

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        """The contacts of the batch."""
        return contacts_by_id(subject_ids)

    def request(self, item: Item, subject: Contact) -> Call:
        """`DELETE /api/v3/contacts/{contactId}`; the item's reference is Engage's `source`."""
        engage_id = subject.engage_id
        if engage_id is None:
            raise NothingToSendError  # Engage never knew them
        asked, source = EngageContactId(str(engage_id)), item.reference
        return Call(
            "DELETE /api/v3/contacts/{contactId}",
            lambda client: client.delete_contact(asked, source=source),
        )

    def settle(self, item: Item, subject: Contact, call: Call, answer: None) -> None:
        """What was personal went when the deletion was accepted; what came in from Engage since then goes now."""
        del call, answer
        contact = Contact.objects.select_for_update().get(pk=subject.same_as_id or subject.pk)
        privacy.shred(contact.pk)
        now = clock.now()
        Contact.objects.filter(pk=contact.pk).update(deleted_at=contact.deleted_at or now, as_of=now)
        if contact.deleted_at is None:
            queued = Event.objects.filter(item=item).order_by("pk").values_list("actor", flat=True).first()
            ContactEvent.objects.create(contact=contact, what=Happened.DELETED, actor=queued or "portal")

    def judge(self, item: Item, error: EngageError) -> Verdict | None:
        """Already gone is gone [developer.voyado.com/docs/contacts/delete-contact]."""
        del item
        if isinstance(error, NotFound) and error.error_code:
            return Verdict(State.DELIVERED, error.error_code, "Engage no longer had the contact.")
        return None
