"""How new and changed contacts reach Engage."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from contacts.flat import from_engage, nested
from contacts.models import KEY_FIELDS, Contact
from contacts.selectors import contacts_by_id
from contacts.services import CREATE, UPDATE
from contacts.snapshots import refresh_keys, store_answer
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import Conflict, EngageClient, EngageError, Identifier, IdentifierKind, NotFound
from engage_portal.engage import Contact as EngageContact
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import Call, Handler, NothingToSendError, NotReadyError, Verdict, register
from engage_portal.outbox.services import enqueue_update
from engage_portal.outbox.states import OPEN, State

_LOOK_BY = (
    ("externalId", IdentifierKind.CUSTOM_KEY),
    ("memberNumber", IdentifierKind.CUSTOM_KEY),
    ("email", IdentifierKind.EMAIL),
    ("socialSecurityNumber", IdentifierKind.SOCIAL_SECURITY_NUMBER),
    ("mobilePhone", IdentifierKind.MOBILE_PHONE),
)
_TAKEN = ("ApprovedContactWithKeyExists", "ContactWithKeyIsBeingCreated")
_TRIES_BEFORE_A_PERSON = 4


class ContactCreate(Handler[Contact]):
    """Look up by every key, then create; what is found is linked and never overwritten."""

    kind = CREATE
    label = "New contact"
    priority = 30
    holds_back = True

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        """The contacts of the batch."""
        return contacts_by_id(subject_ids)

    def request(self, item: Item, subject: Contact) -> Call:
        """`POST /api/v3/contacts` with everything that is known here."""
        del item
        if subject.engage_id is not None or not subject.changes:  # known already, or forgotten
            raise NothingToSendError
        # A creation erases nothing: what was cleared before it left is not sent.
        given = {name: value for name, value in subject.changes.items() if value not in (None, "")}
        body = {"contactType": subject.contact_type, **nested(given)}
        source, store, unapproved = subject.source, subject.created_in_store, subject.created_as_unapproved
        return Call(
            "POST /api/v3/contacts",
            lambda client: client.create_contact(
                body, source=source, store_external_id=store, unapproved=unapproved
            ),
            sent=dict(subject.changes),
        )

    def look(self, item: Item, subject: Contact) -> Call:
        """Search Engage by each key that the contact has, within its type."""
        del item
        data = {**subject.snapshot, **subject.changes}
        keys = [Identifier(kind, str(data[name])) for name, kind in _LOOK_BY if data.get(name)]
        contact_type, email = subject.contact_type, subject.email
        return Call(
            "GET /api/v3/contacts/id",
            lambda client: _search(client, keys, contact_type, email),
            calls=len(keys) + 1,
        )

    def settle(self, item: Item, subject: Contact, call: Call, answer: EngageContact | None) -> None:
        """Keep Engage's id; send afterwards what the person gave here and Engage lacks."""
        if answer is not None:
            _link(Contact.objects.select_for_update().get(pk=subject.pk), answer, call.sent, item)

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


def _search(
    client: EngageClient, keys: list[Identifier], contact_type: str, email: str
) -> EngageContact | None:
    """The one contact that all keys mean, if there is one.

    Raises Conflict where keys mean several people, or somebody with another e-mail address: a phone number that two
    people gave must never make one of them the other. Then a person decides.
    """
    found = {guid for key in keys if (guid := _find(client, key, contact_type))}
    if not found:
        return None
    contact = client.get_contact(next(iter(found)))
    theirs = str(contact.attributes.get("email") or "").strip().lower()
    if len(found) > 1 or (email and theirs and email != theirs):
        raise Conflict(
            "A key of this sign-up belongs to somebody else in Engage.",
            status=409,
            error_code="KeyOfAnotherContact",
            candidates=tuple(found),
        )
    return contact


def _find(client: EngageClient, key: Identifier, contact_type: str) -> EngageContactId | None:
    try:
        return client.find_contact_id(key, contact_type=contact_type)
    except NotFound:
        return None


def _link(contact: Contact, answer: EngageContact, sent: Mapping[str, Any], item: Item) -> None:
    """Tie somebody born here to Engage's contact, who may be somebody that we knew already."""
    known = (
        Contact.objects.select_for_update()
        .filter(engage_contact_id=UUID(answer.id))
        .exclude(pk=contact.pk)
        .first()
    )
    missing = _missing_in_engage(contact, from_engage(answer), sent)
    target = known or contact
    target.changes = {**target.changes, **missing} if known else missing
    target.engage_contact_id = UUID(answer.id)
    store_answer(target, answer)
    if known:
        contact.same_as, contact.changes = known, {}
        refresh_keys(contact)  # the keys are the other one's now
        Item.objects.filter(stream=f"contact:{contact.pk}", state__in=OPEN).exclude(pk=item.pk).update(
            stream=known.stream
        )
        contact.save()
    elif not target.snapshot:
        target.snapshot = dict(sent)
        refresh_keys(target)
    target.save()
    if missing:
        enqueue_update(
            kind=UPDATE, subject_id=target.pk, stream=target.stream, fields=missing, store=item.store
        )


def _missing_in_engage(contact: Contact, there: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """What the person gave here and Engage has nothing for, or changed after it was sent. Never overwrites more."""
    updates = Item.objects.filter(stream=contact.stream, kind=UPDATE, state__in=OPEN).values_list(
        "fields", flat=True
    )
    queued = {name for fields in updates for name in fields}
    keys = set(KEY_FIELDS)
    if sent:
        return {name: value for name, value in contact.changes.items() if sent.get(name) != value}
    return {
        name: value
        for name, value in contact.changes.items()
        if name in queued or (name not in keys and there.get(name) in (None, "") and value not in (None, ""))
    }


class ContactUpdate(Handler[Contact]):
    """Send changed fields, and only those."""

    kind = UPDATE
    label = "Changed contact"
    priority = 30

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        """The contacts of the batch."""
        return contacts_by_id(subject_ids)

    def request(self, item: Item, subject: Contact) -> Call:
        """`PATCH /api/v3/contacts/{contactId}`: repeatable by nature, so nothing is looked up first."""
        contact = subject.same_as or subject
        engage_id = contact.engage_contact_id
        if engage_id is None:
            raise NotReadyError("The contact has to reach Engage first.")
        sent = {name: contact.changes[name] for name in item.fields if name in contact.changes}
        if not sent:
            raise NothingToSendError
        body = nested(sent)
        return Call(
            "PATCH /api/v3/contacts/{contactId}",
            lambda client: client.update_contact(EngageContactId(str(engage_id)), changes=body),
            sent=sent,
        )

    def settle(self, item: Item, subject: Contact, call: Call, answer: EngageContact | None) -> None:
        """What was sent is no longer a change; what was changed again meanwhile still is."""
        del item
        contact = Contact.objects.select_for_update().get(pk=subject.same_as_id or subject.pk)
        contact.changes = {
            name: value
            for name, value in contact.changes.items()
            if name not in call.sent or call.sent[name] != value
        }
        if answer is not None:
            store_answer(contact, answer)
        else:
            contact.snapshot = {**contact.snapshot, **call.sent}
            refresh_keys(contact)
        contact.save()

    def refused(self, item: Item, subject: Contact, call: Call, error: EngageError) -> None:
        """The caller knows that nothing changed: the contact is as it was, but for what others changed meanwhile."""
        del item, error
        contact = Contact.objects.select_for_update().get(pk=subject.same_as_id or subject.pk)
        contact.changes = {
            name: value
            for name, value in contact.changes.items()
            if name not in call.sent or call.sent[name] != value
        }
        refresh_keys(contact)
        contact.save()


register(ContactCreate())
register(ContactUpdate())
