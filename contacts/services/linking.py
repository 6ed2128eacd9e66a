"""Saying who somebody is in Engage where keys do not tell: a person decides."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from contacts.handlers.linking import keys_of, link
from contacts.kinds import CREATE, IDENTIFY
from contacts.models import Contact
from contacts.services.changing import locked
from engage_portal.core.clock import Deadline
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import Conflict, EngageClient, Identifier, IdentifierKind, NotFound
from engage_portal.engage import Contact as EngageContact
from engage_portal.outbox import control
from engage_portal.outbox.control import CANCELLABLE
from engage_portal.outbox.line import door
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.outbox.waking import wake_on_commit

_SETTLED = "Staff said which contact of Engage’s it is."


class LinkRefusedError(Exception):
    """The contact cannot be linked now; the text says why."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contact of Engage's that has some of the keys."""

    engage_id: EngageContactId
    found_by: tuple[IdentifierKind, ...]


def needs_link(contact: Contact) -> bool:
    """Whether somebody has to say who this is: Engage does not know them, and the queue cannot find out."""
    return contact.engage_id is None and _founding(contact).filter(state=State.ATTENTION).exists()


def link_candidates(*, contact: Contact, deadline: Deadline) -> list[Candidate]:
    """Who in Engage has one of the contact's keys, those with most of them first. Raises EngageError."""
    keys, contact_type = keys_of(contact), contact.contact_type
    if not keys:
        return []
    return door.ask(lambda client: _search(client, keys, contact_type), deadline=deadline, calls=len(keys))


def _search(client: EngageClient, keys: list[Identifier], contact_type: str) -> list[Candidate]:
    found: dict[EngageContactId, list[IdentifierKind]] = {}
    for key in keys:
        for engage_id in having(client, key, contact_type):
            found.setdefault(engage_id, []).append(key.kind)
    candidates = [Candidate(engage_id, tuple(dict.fromkeys(kinds))) for engage_id, kinds in found.items()]
    return sorted(candidates, key=lambda candidate: -len(candidate.found_by))


def having(client: EngageClient, key: Identifier, contact_type: str | None) -> tuple[EngageContactId, ...]:
    """Everybody in Engage with a key, of a type or of any. For a thread: no database."""
    try:
        return (client.find_contact_id(key, contact_type=contact_type),)
    except NotFound:
        return ()
    except Conflict as several:
        return several.candidates


def link_target(*, engage_id: EngageContactId, deadline: Deadline) -> EngageContact:
    """The contact of Engage's that somebody means. Raises EngageError."""
    return door.ask(lambda client: client.get_contact(engage_id), deadline=deadline)


def contact_link(*, contact: Contact, engage_id: EngageContactId, by: str, deadline: Deadline) -> Contact:
    """Tie somebody whom Engage does not know by their keys to a contact that it has; returns that one.

    The item that was to create or find them is given up, and what waits behind it goes on. Raises EngageError where
    Engage cannot show the contact, and LinkRefusedError where nothing waits for this decision any more, so that a
    second time is refused.
    """
    answer = link_target(engage_id=engage_id, deadline=deadline)
    with transaction.atomic():
        return _tied(locked(contact.pk), answer, by)


def _tied(contact: Contact, answer: EngageContact, by: str) -> Contact:
    founding = list(_founding(contact))
    if contact.deleted_at is not None or contact.engage_id is not None or not founding:
        raise LinkRefusedError("This contact is linked already, or nothing about it waits any more.")
    # Only what nobody is sending: whoever records an outcome holds the item and then asks for the contact.
    held = _founding(contact).filter(state__in=CANCELLABLE).select_for_update()
    if {item.pk for item in held} != {item.pk for item in founding}:
        raise LinkRefusedError("It is on its way to Engage at this moment. Please look again in a minute.")
    link(contact, answer, {}, founding[0], actor=by)
    # `link` moved what waits behind into the stream of the one who was meant.
    control.cancel(items=Item.objects.filter(pk__in=[item.pk for item in founding]), by=by, reason=_SETTLED)
    wake_on_commit()
    return contact.same_as or contact


def _founding(contact: Contact) -> QuerySet[Item]:
    """What is to create or to find the contact, oldest first."""
    return Item.objects.open().filter(stream=contact.stream, kind__in=[CREATE, IDENTIFY]).order_by("pk")
