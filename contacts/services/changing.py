"""Changing a contact: only what differs is kept and sent, and what was changed back is not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from contacts.flat import differs, flattened, for_engage, plain
from contacts.keys import normalised
from contacts.kinds import UPDATE
from contacts.merging import refresh_keys
from contacts.models import KEY_FIELDS, Contact, ContactEvent, Happened
from contacts.services.answering import Asked, dated, record_answers, without_older
from engage_portal.core.clock import Deadline
from engage_portal.engage import Conflict
from engage_portal.outbox.delivery.live import Delivered, deliver_now
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import enqueue_update, supersede
from engage_portal.outbox.states import State


@dataclass(frozen=True, slots=True)
class Written:
    """A change, and whether Engage has it already (else it is queued)."""

    contact: Contact
    is_live: bool


def contact_update(*, contact: Contact, body: Mapping[str, Any], asked: Asked, deadline: Deadline) -> Written:
    """Change a contact: only fields whose value differs are kept and sent. Raises Rejected as Engage does.

    A value that is changed back before it was sent is not sent at all.
    """
    wanted = normalised_changes(flattened(plain(body)))
    with transaction.atomic():
        contact = locked(contact.pk)
        before = dict(contact.changes)
        item = contact_note(contact, wanted, asked)
    if item is None:
        return Written(contact, is_live=contact.engage_id is not None and not contact.changes)
    if set(item.fields) - set(wanted) or set(item.fields) & set(before):
        # Merged with changes that somebody was promised: this caller's refusal must not take those back.
        return Written(contact, is_live=False)
    outcome = deliver_now(item, deadline=deadline)
    return Written(Contact.objects.get(pk=contact.pk), is_live=isinstance(outcome, Delivered))


def locked(contact_id: UUID) -> Contact:
    """The contact for a change in this transaction; follows somebody who turned out to be somebody known."""
    contact = Contact.objects.select_for_update().get(pk=contact_id)
    if contact.same_as_id is not None:
        contact = Contact.objects.select_for_update().get(pk=contact.same_as_id)
    return contact


def contact_note(contact: Contact, wanted: Mapping[str, Any], asked: Asked) -> Item | None:
    """Keep flat changes of a locked contact and what was answered; returns the item that brings them, if any has to."""
    current = for_engage(without_older(contact, wanted, asked))
    record_answers(contact, wanted, asked)
    return _queue_changes(contact, current, asked)


def normalised_changes(flat: dict[str, Any]) -> dict[str, Any]:
    """Flat changes with their keys written as we keep them."""
    for name, column in KEY_FIELDS.items():
        if flat.get(name):
            flat[name] = normalised(column, str(flat[name]))
    return flat


def _queue_changes(contact: Contact, wanted: Mapping[str, Any], asked: Asked) -> Item | None:
    current = {**contact.snapshot, **contact.changes}
    changed = {
        name: value
        for name, value in wanted.items()
        if differs(name, value, current.get(name)) or (name not in current and not contact.is_whole)
    }
    if not changed:
        return None
    waiting = _waiting_update(contact)
    away = _may_have_left(contact, waiting)
    back = {
        name
        for name, value in changed.items()
        if waiting
        and name in waiting.fields
        and name not in away
        and (contact.is_whole or name in contact.snapshot)
        and not differs(name, value, contact.snapshot.get(name))
    }
    kept = {**contact.changes, **changed, **dated(changed, asked)}
    contact.changes = {name: value for name, value in kept.items() if name not in back}
    refresh_keys(contact)
    save_keys(contact)
    if waiting and back:
        waiting.fields = sorted(set(waiting.fields) - back)
        waiting.save(update_fields=["fields"])
        if not waiting.fields:
            supersede(item=waiting, reason="Changed back before it was sent.")
    forth = set(changed) - back
    if not forth:
        return None
    ContactEvent.objects.bulk_create(
        ContactEvent(contact=contact, what=Happened.CHANGED, actor=asked.actor, field=name)
        for name in sorted(forth)
    )
    return enqueue_update(
        kind=UPDATE,
        subject_id=contact.pk,
        stream=contact.stream,
        fields=forth,
        cleared=[name for name in forth if changed[name] in (None, "")],
        store=asked.store,
        actor=asked.actor,
    )


def save_keys(contact: Contact) -> None:
    """Save a contact whose keys may have changed. Raises Conflict where another one born here has a key."""
    try:
        with transaction.atomic():
            contact.save()
    except IntegrityError:
        raise Conflict(
            "Somebody else here has this key.", status=409, error_code="ApprovedContactWithKeyExists"
        ) from None


def _may_have_left(contact: Contact, waiting: Item | None) -> set[str]:
    """Fields that an update took along which may have reached Engage: the copy does not say what is there."""
    others = Item.objects.open().filter(stream=contact.stream, kind=UPDATE)
    if waiting and not waiting.was_in_doubt:
        others = others.exclude(pk=waiting.pk)
    filed = Item.objects.filter(subject_id=contact.pk, kind=UPDATE, state=State.ACCEPTED)
    others = others.union(filed)
    return {name for fields in others.values_list("fields", flat=True) for name in fields}


def _waiting_update(contact: Contact) -> Item | None:
    waiting = Item.objects.waiting_in(contact.stream).filter(kind=UPDATE)
    return waiting.select_for_update().order_by("-pk").first()
