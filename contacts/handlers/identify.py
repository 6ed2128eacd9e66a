"""How the id of somebody whom Engage knows, and this portal only by a key, is found."""

from collections.abc import Collection, Mapping
from uuid import UUID

from contacts.handlers.linking import keys_of, link, search
from contacts.kinds import IDENTIFY
from contacts.models import Contact
from contacts.selectors import contacts_by_id
from engage_portal.engage import Contact as EngageContact
from engage_portal.engage import EngageClient, Identifier, NotFound
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import Call, Handler, NothingToSendError


class ContactIdentify(Handler[Contact]):
    """Look up by every key and keep the id; what was queued about the contact goes on afterwards."""

    kind = IDENTIFY
    label = "Contact to identify"
    priority = 30
    holds_back = True

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        """The contacts of the batch."""
        return contacts_by_id(subject_ids)

    def request(self, item: Item, subject: Contact) -> Call:
        """`GET /api/v3/contacts/id`, once per key. Raises NotFound there where nobody has any of them."""
        del item
        keys = keys_of(subject)
        if subject.engage_id is not None or not keys:
            raise NothingToSendError
        contact_type, email = subject.contact_type, subject.email
        return Call(
            "GET /api/v3/contacts/id",
            lambda client: _found(client, keys, contact_type, email),
            calls=len(keys) + 1,
        )

    def settle(self, item: Item, subject: Contact, call: Call, answer: EngageContact) -> None:
        """Keep Engage's id. Changes that are queued stay queued."""
        link(Contact.objects.select_for_update().get(pk=subject.pk), answer, call.sent, item)


def _found(client: EngageClient, keys: list[Identifier], contact_type: str, email: str) -> EngageContact:
    contact = search(client, keys, contact_type, email)
    if contact is None:
        raise NotFound("Nobody in Engage has these keys.", status=404, error_code="ContactNotFound")
    return contact
