"""How changes of a contact reach Engage."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from contacts.flat import differs, from_engage, is_permission, nested
from contacts.handlers.filing import change_row, is_being_imported, left_out
from contacts.handlers.linking import keys_in
from contacts.kinds import CREATE, IDENTIFY, UPDATE
from contacts.merging import answer_date, is_overruled, merge, refresh_keys, said
from contacts.models import KEY_FIELDS, Contact, ContactEvent, Happened
from contacts.selectors import contacts_by_id
from contacts.snapshots import store_answer
from engage_portal.core import clock
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import Contact as EngageContact
from engage_portal.engage import EngageClient, EngageError
from engage_portal.engage.xml import FileType
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import (
    BulkRow,
    Call,
    FileRow,
    Handler,
    NothingToSendError,
    NotReadyError,
    ReadBack,
    UnsendableError,
    Verdict,
)
from engage_portal.outbox.services import confirm_items
from engage_portal.outbox.states import Channel, State

_PERMISSIONS_PRIORITY = 10
_PROMPT = timedelta(seconds=10)
"""So soon after the person's answer nobody can have given Engage a later one."""


class ContactUpdate(Handler[Contact]):
    """Send changed fields, and only those."""

    kind = UPDATE
    label = "Changed contact"
    priority = 30
    goes_in_bulk = True
    file_type = FileType.CONTACTS
    is_repeatable = True
    is_read_back = True

    def priority_of(self, fields: Collection[str]) -> int:
        """What a person allows or forbids goes before everything else."""
        return _PERMISSIONS_PRIORITY if any(is_permission(name) for name in fields) else self.priority

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        """The contacts of the batch."""
        return contacts_by_id(subject_ids)

    def request(self, item: Item, subject: Contact) -> Call:
        """`PATCH /api/v3/contacts/{contactId}`: repeatable by nature, so nothing is looked up first."""
        _wait_for_import(subject.same_as or subject)
        engage_id, sent = _changes_to_send(item, subject)
        asks_first = any(
            is_permission(name) and said(value) and (_has_waited(item) or _was_said_before(value))
            for name, value in sent.items()
        )
        known = subject.same_as or subject if asks_first else None
        return Call(
            "PATCH /api/v3/contacts/{contactId}",
            lambda client: _patch(client, engage_id, sent, known),
            sent=sent,
            calls=2 if asks_first else 1,
        )

    def bulk_row(self, item: Item, subject: Contact) -> BulkRow | None:
        """The changes with one key that Engage knows and that does not change; permissions go alone, at once."""
        contact = subject.same_as or subject
        _wait_for_import(contact)
        _, sent = _changes_to_send(item, subject)
        key = next((name for name in KEY_FIELDS if contact.snapshot.get(name) and name not in sent), None)
        if key is None or any(is_permission(name) for name in sent):
            return None
        body = {key: contact.snapshot[key], **sent}
        return BulkRow(contact.contact_type, body, keys=keys_in(body), sent=sent)

    def bulk_call(self, group: str, rows: Sequence[Mapping[str, Any]]) -> Call:
        """`PATCH /api/v3/contacts/bulk`."""
        return Call(
            "PATCH /api/v3/contacts/bulk",
            lambda client: client.bulk_update_contacts(rows, contact_type=group),
        )

    def file_row(self, item: Item, subject: Contact) -> FileRow | None:
        """A record by Engage's id with the changed fields alone."""
        _wait_for_import(subject.same_as or subject)
        _, changed = _changes_to_send(item, subject)
        return change_row(subject.same_as or subject, changed)

    def went_by_file(self, items: Sequence[Item]) -> None:
        """Till Engage has imported the file, a newer change of the same person waits."""
        subjects = self.load({item.subject_id for item in items}).values()
        Contact.objects.filter(pk__in=[each.same_as_id or each.pk for each in subjects]).update(
            filed_at=clock.now()
        )

    def read_back(self, items: Sequence[Item]) -> Iterator[ReadBack]:
        """After a file: whether Engage has the new values; it drops a field that it does not like without a word."""
        contacts = self.load({item.subject_id for item in items})
        for item in items:
            if (contact := contacts.get(item.subject_id)) is None:
                continue
            with suppress(NothingToSendError):
                yield ReadBack((item,), self._compared(item, contact))
                continue
            confirm_items(pks=[item.pk], seen_in="another item")

    def keep(self, back: ReadBack, answer: "Patched | None") -> None:
        """What Engage shows is no longer a change."""
        (item,) = back.items
        subject = self.load({item.subject_id}).get(item.subject_id)
        if answer is not None and subject is not None:
            self.settle(item, subject, back.call, answer)
            confirm_items(pks=[item.pk], seen_in="the contact in Engage")

    def unseen(self, item: Item, error: EngageError | None) -> Verdict | None:
        """A file's import leaves out what it does not like and tells only its own log."""
        return left_out(
            "drops a value that it does not take, and skips who is under the minimum age", item, error
        )

    def look(self, item: Item, subject: Contact) -> Call | None:
        """After a bulk call or a file: whether Engage has the new values. A single call is simply repeated."""
        return None if item.channel == Channel.API else self._compared(item, subject)

    def _compared(self, item: Item, subject: Contact) -> Call:
        engage_id, wanted = _changes_to_send(item, subject)
        return Call(
            "GET /api/v3/contacts/{contactId}",
            lambda client: _has_changed(client, engage_id, wanted),
            sent=wanted,
        )

    def settle(self, item: Item, subject: Contact, call: Call, answer: "Patched") -> None:
        """What was sent is no longer a change; what was changed again meanwhile still is."""
        del item
        contact = Contact.objects.select_for_update().get(pk=subject.same_as_id or subject.pk)
        _drop(contact, call.sent)
        if answer.contact is not None:
            events = store_answer(contact, answer.contact, as_of=clock.now())
        else:
            events = merge(contact, {**call.sent, **answer.overruled}, as_of=clock.now(), is_whole=False)
        contact.save()
        ContactEvent.objects.bulk_create([*events, *_overruled(contact, call, answer)])

    def refused(self, item: Item, subject: Contact, call: Call, error: EngageError) -> None:
        """The caller knows that nothing changed: the contact is as it was, but for what others changed meanwhile."""
        del item, error
        contact = Contact.objects.select_for_update().get(pk=subject.same_as_id or subject.pk)
        _drop(contact, call.sent)
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
    if Item.objects.filter(subject_id=contact.pk, kind=CREATE, state=State.ACCEPTED).exists():
        return NotReadyError("The contact went in a file: Engage's id for it has to be found first.")
    if Item.objects.open().filter(stream=contact.stream, kind__in=[CREATE, IDENTIFY]).exists():
        return NotReadyError("The contact has to reach Engage first.")
    return UnsendableError("ContactNotInEngage", "Its contact was never created in Engage.")


def _wait_for_import(contact: Contact) -> None:
    """Picked up is not imported: sent now, a newer value could be overwritten by an older one from a file."""
    if is_being_imported(contact):
        raise NotReadyError("Engage is still importing a file with an earlier change.")


def _changes_to_send(item: Item, subject: Contact) -> tuple[EngageContactId, dict[str, Any]]:
    contact = subject.same_as or subject
    engage_id = contact.engage_contact_id
    if engage_id is None:
        raise not_known_yet(contact)
    sent = {name: contact.changes[name] for name in item.fields if name in contact.changes}
    if not sent:
        raise NothingToSendError
    return EngageContactId(str(engage_id)), sent


@dataclass(frozen=True, slots=True)
class Patched:
    """What became of changes: the contact as it is now, where Engage shows it, and what was not sent."""

    contact: EngageContact | None
    overruled: Mapping[str, Any] = field(default_factory=dict)
    """Flat name → Engage's later no, for each yes that was left out."""


def _has_waited(item: Item) -> bool:
    return item.tries > 1 or clock.now() - item.created_at > _PROMPT


def _was_said_before(consent: Any) -> bool:
    """Whether it is dated earlier: a till that was offline sends it only now."""
    at = answer_date(consent)
    return at is not None and clock.now() - at > _PROMPT


def _patch(
    client: EngageClient,
    engage_id: EngageContactId,
    sent: Mapping[str, Any],
    known: Contact | None,
) -> Patched:
    """Send changes. A yes that waited is sent only if Engage got no later no than `known` shows: it is asked first."""
    if known is None:
        return Patched(client.update_contact(engage_id, changes=nested(sent)))
    contact = client.get_contact(engage_id)
    there = from_engage(contact)
    overruled = {
        name: there[name]
        for name, ours in sent.items()
        if name in there and is_overruled(known, name, ours, there[name])
    }
    rest = {name: value for name, value in sent.items() if name not in overruled}
    return Patched(client.update_contact(engage_id, changes=nested(rest)) if rest else contact, overruled)


def _has_changed(
    client: EngageClient, engage_id: EngageContactId, wanted: Mapping[str, Any]
) -> Patched | None:
    contact = client.get_contact(engage_id)
    there = from_engage(contact)
    if any(differs(name, value, there.get(name)) for name, value in wanted.items()):
        return None
    return Patched(contact)


def _drop(contact: Contact, sent: Mapping[str, Any]) -> None:
    """Take what was sent out of a contact's changes, but for what was changed again meanwhile."""
    contact.changes = {
        name: value for name, value in contact.changes.items() if name not in sent or sent[name] != value
    }


def _overruled(contact: Contact, call: Call, answer: Patched) -> list[ContactEvent]:
    return [
        ContactEvent(
            contact=contact, what=Happened.OVERRULED, actor="Engage", field=name, old=call.sent[name], new=no
        )
        for name, no in answer.overruled.items()
    ]
