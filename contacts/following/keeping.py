"""Keeping what was fetched because it changed, rather than because somebody looked."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from contacts.copy_fields import kept
from contacts.flat import from_engage
from contacts.following.fetching import Fetched
from contacts.keys import columns_of
from contacts.kinds import CREATE, IDENTIFY
from contacts.merging import is_news, merge
from contacts.models import KEY_FIELDS, Contact, ContactEvent
from contacts.services import contact_gone
from contacts.services.finding import LEVEL_WITH_COPY
from contacts.snapshots import contact_store, is_being_deleted
from engage_portal.engage import Contact as EngageContact
from engage_portal.engage import EngageError, NotFound
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import MOVING


class ArrivingError(Exception):
    """Somebody born here is reaching Engage at this moment: the queue is about to learn who it is."""


def keeps_everybody() -> bool:
    """Whether the copy also takes in people whom nobody here has met: from preparation level 3 on."""
    return bool(settings.ENGAGE_LEVEL >= LEVEL_WITH_COPY)


@transaction.atomic
def copy_keep(fetched: Fetched, answer: EngageContact) -> bool:
    """Keep Engage's answer, as many fields as the copy has of such people; False where it must not be kept.

    That is somebody new where the copy takes in nobody new, and somebody whose deletion is on its way to Engage.

    May run twice; an older answer changes nothing. Raises ArrivingError.
    """
    contact = Contact.objects.select_for_update().filter(engage_contact_id=UUID(answer.id)).first()
    if contact is None:
        if not keeps_everybody():
            return False
        if _is_arriving(answer):
            raise ArrivingError
        contact, _ = Contact.objects.select_for_update().get_or_create(
            engage_contact_id=UUID(answer.id), defaults={"pk": UUID(answer.id)}
        )
    elif is_being_deleted(contact):
        return False
    flat, is_whole = kept(from_engage(answer))
    if is_whole or contact.fetched_at is not None:
        contact_store(answer, as_of=fetched.asked_at)
    elif is_news(contact, fetched.asked_at):
        contact.contact_type = answer.contact_type[:40] or contact.contact_type
        theirs = {**_emptied(contact, from_engage(answer)), **flat}
        events = merge(contact, theirs, as_of=fetched.asked_at, is_whole=False)
        contact.save()
        ContactEvent.objects.bulk_create(events)
    return True


def _emptied(contact: Contact, there: dict[str, Any]) -> dict[str, None]:
    """What we know of somebody and Engage has no more. In a part of the data silence would mean nothing."""
    keys = [name for name, column in KEY_FIELDS.items() if getattr(contact, column)]
    return {name: None for name in (*keys, *contact.snapshot) if name not in there}


def _is_arriving(answer: EngageContact) -> bool:
    """Whether this is somebody who signed up here and whose creation is under way.

    Kept now, they would become two: the queue would find somebody known already, and one of the ids would stand back.
    """
    match = Q()
    for column, value in columns_of(answer.attributes).items():
        if value:
            match |= Q(**{column: value})
    if not match:
        return False
    born = Contact.objects.filter(match, engage_contact_id__isnull=True, same_as__isnull=True)
    waiting = Item.objects.filter(kind__in=[CREATE, IDENTIFY], state__in=MOVING)
    return waiting.filter(stream__in=[contact.stream for contact in born]).exists()


def is_gone(error: EngageError | None) -> bool:
    """Whether Engage itself says that it has no such contact. A 404 without its code may be any gateway's."""
    return isinstance(error, NotFound) and bool(error.error_code)


def copy_forget(engage_id: UUID) -> bool:
    """Engage has no such contact any more; False where nobody here had the id. May run twice."""
    return contact_gone(engage_contact_id=engage_id)
