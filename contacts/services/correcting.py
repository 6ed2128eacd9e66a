"""Correcting by hand: what waits or was refused gets another value, and goes again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from contacts.flat import differs
from contacts.keys import columns_of, normalised
from contacts.kinds import CREATE, IDENTIFY, UPDATE
from contacts.merging import refresh_keys
from contacts.models import KEY_FIELDS, Contact, ContactEvent, Happened
from contacts.services.changing import locked, save_keys
from contacts.services.creating import enqueue_creation
from contacts.shapes import check_body
from engage_portal.engage import Rejected
from engage_portal.outbox import control
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import enqueue_update
from engage_portal.outbox.states import State

_BUILDS_ANEW = (State.PENDING, State.IN_DOUBT, State.ATTENTION)
"""What an item sends is built when it goes: those that have not left yet take a corrected value along."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction: the contact as it is now, and what became of it."""

    contact: Contact
    fields: tuple[str, ...]
    """Names of what got another value; empty where nothing differed, and then nothing else happened."""
    sent_again: int
    """Items that had stopped and are due now."""


def contact_correct(*, contact: Contact, changes: Mapping[str, Any], by: str) -> Corrected:
    """Give attributes another value, keep the old one in the journal, and send what had stopped again.

    `changes` are attributes by Engage's names, no permissions: those only the person gives. Raises Rejected as the API
    does, with every problem at its field, and Conflict where somebody else here has the key; then nothing has changed.
    May run twice: the second time nothing differs.
    """
    check_body(changes)
    with transaction.atomic():
        return _correct(locked(contact.pk), _normalised(changes), by)


def _normalised(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: normalised(KEY_FIELDS[name], str(value)) if name in KEY_FIELDS and value else value
        for name, value in changes.items()
    }


def _correct(contact: Contact, wanted: Mapping[str, Any], by: str) -> Corrected:
    if contact.deleted_at is not None:
        raise Rejected("The contact was deleted.", status=422)
    before = {**contact.snapshot, **contact.changes}
    changed = {name: value for name, value in wanted.items() if differs(name, value, before.get(name))}
    if not changed:
        return Corrected(contact, (), 0)
    contact.changes = {**contact.changes, **changed}
    if not any(columns_of({**contact.snapshot, **contact.changes}).values()):
        raise Rejected("A contact needs at least one key.", status=422)
    refresh_keys(contact)
    save_keys(contact)
    ContactEvent.objects.bulk_create(
        [
            ContactEvent(
                contact=contact,
                what=Happened.CORRECTED,
                actor=by,
                field=name,
                old=before.get(name),
                new=value,
            )
            for name, value in changed.items()
        ]
    )
    if _queue(contact, changed, by):
        return Corrected(contact, tuple(changed), 0)
    stopped = Item.objects.filter(stream=contact.stream, state=State.ATTENTION, kind__startswith="contact.")
    return Corrected(contact, tuple(changed), control.retry(items=stopped, by=by).queued)


def _queue(contact: Contact, changed: Mapping[str, Any], by: str) -> bool:
    """See to it that an item carries what changed; True where the contact is created anew.

    Then nothing else of the stream may be sent again yet: it would stand before the creation that it waits for.
    """
    mine = Item.objects.open().filter(stream=contact.stream)
    if contact.engage_id is None:
        return _founded(contact, mine.exclude(kind=UPDATE).values_list("kind", flat=True), by)
    waiting = mine.filter(kind=UPDATE, state__in=_BUILDS_ANEW).values_list("fields", flat=True)
    missing = set(changed) - {name for fields in waiting for name in fields}
    if missing:
        enqueue_update(
            kind=UPDATE,
            subject_id=contact.pk,
            stream=contact.stream,
            fields=missing,
            cleared=[name for name in missing if changed[name] in (None, "")],
            actor=by,
        )
    return False


def _founded(contact: Contact, kinds: Collection[str], by: str) -> bool:
    """Of somebody whom Engage does not know: a new creation, where the first one was given up."""
    if {CREATE, IDENTIFY} & set(kinds):
        return False
    if Item.objects.filter(holds=True, stream=contact.stream).exists():
        raise Rejected("Other items of this contact are on their way. Cancel them, or wait.", status=422)
    enqueue_creation(contact, looks_first=True, actor=by)
    return True
