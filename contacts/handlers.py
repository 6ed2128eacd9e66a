"""How new and changed contacts reach Engage."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from contacts.flat import differs, from_engage, is_permission, nested
from contacts.models import KEY_FIELDS, Contact
from contacts.selectors import contacts_by_id
from contacts.services import CREATE, UPDATE
from contacts.snapshots import refresh_keys, store_answer
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import Conflict, EngageClient, EngageError, Identifier, IdentifierKind, NotFound
from engage_portal.engage import Contact as EngageContact
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import (
    BulkRow,
    Call,
    Handler,
    NothingToSendError,
    NotReadyError,
    UnsendableError,
    Verdict,
    register,
)
from engage_portal.outbox.services import enqueue_update, move_stream
from engage_portal.outbox.states import Channel, State

_LOOK_BY = (
    ("externalId", IdentifierKind.CUSTOM_KEY),
    ("memberNumber", IdentifierKind.CUSTOM_KEY),
    ("email", IdentifierKind.EMAIL),
    ("socialSecurityNumber", IdentifierKind.SOCIAL_SECURITY_NUMBER),
    ("mobilePhone", IdentifierKind.MOBILE_PHONE),
)
_TAKEN = ("ApprovedContactWithKeyExists", "ContactWithKeyIsBeingCreated")
_TRIES_BEFORE_A_PERSON = 4
_PERMISSIONS_PRIORITY = 10


class ContactCreate(Handler[Contact]):
    """Look up by every key, then create; what is found is linked and never overwritten."""

    kind = CREATE
    label = "New contact"
    priority = 30
    holds_back = True
    goes_in_bulk = True

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        """The contacts of the batch."""
        return contacts_by_id(subject_ids)

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
        return BulkRow(subject.contact_type, body, keys=_keys_in(body))

    def bulk_call(self, group: str, rows: Sequence[Mapping[str, Any]]) -> Call:
        """`POST /api/v3/contacts/bulk`; the ids are looked up afterwards."""
        return Call(
            "POST /api/v3/contacts/bulk",
            lambda client: client.bulk_create_contacts(rows, contact_type=group),
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


def _newborn_body(contact: Contact) -> dict[str, Any]:
    """Everything that is known here of somebody who has to be created."""
    if contact.engage_id is not None or not contact.changes:  # known already, or forgotten
        raise NothingToSendError
    # A creation erases nothing: what was cleared before it left is not sent.
    return nested({name: value for name, value in contact.changes.items() if value not in (None, "")})


def _keys_in(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{name}={str(body[name]).casefold()}" for name in KEY_FIELDS if body.get(name))


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
        move_stream(of=f"contact:{contact.pk}", to=known.stream, but_not=item)
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
    updates = Item.objects.open().filter(stream=contact.stream, kind=UPDATE).values_list("fields", flat=True)
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
    goes_in_bulk = True

    def priority_of(self, fields: Collection[str]) -> int:
        """What a person allows or forbids goes before everything else."""
        return _PERMISSIONS_PRIORITY if any(is_permission(name) for name in fields) else self.priority

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        """The contacts of the batch."""
        return contacts_by_id(subject_ids)

    def request(self, item: Item, subject: Contact) -> Call:
        """`PATCH /api/v3/contacts/{contactId}`: repeatable by nature, so nothing is looked up first."""
        engage_id, sent = _changes_to_send(item, subject)
        body = nested(sent)
        return Call(
            "PATCH /api/v3/contacts/{contactId}",
            lambda client: client.update_contact(engage_id, changes=body),
            sent=sent,
        )

    def bulk_row(self, item: Item, subject: Contact) -> BulkRow | None:
        """The changes with one key that Engage knows and that does not change; permissions go alone, at once."""
        _, sent = _changes_to_send(item, subject)
        contact = subject.same_as or subject
        key = next((name for name in KEY_FIELDS if contact.snapshot.get(name) and name not in sent), None)
        if key is None or any(is_permission(name) for name in sent):
            return None
        body = {key: contact.snapshot[key], **sent}
        return BulkRow(contact.contact_type, body, keys=_keys_in(body), sent=sent)

    def bulk_call(self, group: str, rows: Sequence[Mapping[str, Any]]) -> Call:
        """`PATCH /api/v3/contacts/bulk`."""
        return Call(
            "PATCH /api/v3/contacts/bulk",
            lambda client: client.bulk_update_contacts(rows, contact_type=group),
        )

    def look(self, item: Item, subject: Contact) -> Call | None:
        """After a bulk call: whether Engage has the new values. A single call is simply repeated."""
        if item.channel != Channel.BULK:
            return None
        engage_id, wanted = _changes_to_send(item, subject)
        return Call(
            "GET /api/v3/contacts/{contactId}",
            lambda client: _has_changed(client, engage_id, wanted),
            sent=wanted,
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

    def given_up(self, item: Item, subject: Contact) -> None:
        """The contact is again as Engage knows it, but for what other items still bring."""
        contact = Contact.objects.select_for_update().get(pk=subject.same_as_id or subject.pk)
        others = Item.objects.open().filter(stream=contact.stream, kind=UPDATE).exclude(pk=item.pk)
        still = {name for fields in others.values_list("fields", flat=True) for name in fields}
        contact.changes = {
            name: value for name, value in contact.changes.items() if name not in item.fields or name in still
        }
        refresh_keys(contact)
        contact.save()


def not_known_yet(contact: Contact) -> NotReadyError | UnsendableError:
    """Why something about a contact cannot be sent: it is on its way to Engage, or nobody will ever create it."""
    if Item.objects.open().filter(stream=contact.stream, kind=CREATE).exists():
        return NotReadyError("The contact has to reach Engage first.")
    return UnsendableError("ContactNotInEngage", "Its contact was never created in Engage.")


def _changes_to_send(item: Item, subject: Contact) -> tuple[EngageContactId, dict[str, Any]]:
    contact = subject.same_as or subject
    engage_id = contact.engage_contact_id
    if engage_id is None:
        raise not_known_yet(contact)
    sent = {name: contact.changes[name] for name in item.fields if name in contact.changes}
    if not sent:
        raise NothingToSendError
    return EngageContactId(str(engage_id)), sent


def _has_changed(
    client: EngageClient, engage_id: EngageContactId, wanted: Mapping[str, Any]
) -> EngageContact | None:
    contact = client.get_contact(engage_id)
    there = from_engage(contact)
    return None if any(differs(name, value, there.get(name)) for name, value in wanted.items()) else contact


register(ContactCreate())
register(ContactUpdate())
