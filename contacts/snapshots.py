"""Keeping what Engage answers about contacts, and asking only when our copy is not fresh."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django_q.tasks import async_task

from contacts.flat import from_engage
from contacts.keys import longest, normalised
from contacts.models import KEY_FIELDS, Contact
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Freshness, Read
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import AuthFailed, EngageClient, Misconfigured, RateLimited, Unavailable
from engage_portal.engage import Contact as EngageContact
from engage_portal.outbox.line import breaker, door

OUTAGES = (Unavailable, RateLimited, AuthFailed, Misconfigured)
"""The errors after which our copy is shown: they say nothing about the contact."""

_REFRESH_AGAIN_AFTER = 60

T = TypeVar("T")


def is_fresh(fetched_at: datetime | None) -> bool:
    """Whether a copy of that moment is young enough to be shown without asking Engage."""
    limit = timedelta(seconds=settings.SNAPSHOT_FRESH_SECONDS)
    return fetched_at is not None and clock.now() - fetched_at < limit


def read_through(
    *,
    contact: Contact,
    fetched_at: datetime | None,
    fetch: Callable[[EngageClient, EngageContactId], T],
    keep: Callable[[T], datetime | None],
    deadline: Deadline,
) -> Read[None]:
    """Bring one of our copies about a contact up to date where that is needed and possible, within the deadline.

    Fresh, or of somebody whom Engage does not know yet: Engage is not asked. No answer in time: the copy is stale.
    Raises NotFound where Engage no longer has the contact; never an error of an outage.
    """
    engage_id = contact.engage_id
    if engage_id is None or is_fresh(fetched_at):
        return Read(None, Freshness.CACHED, fetched_at or contact.created_at)
    asked = EngageContactId(str(engage_id))
    try:
        answer = door.ask(lambda client: fetch(client, asked), deadline=deadline)
    except OUTAGES:
        return Read(None, Freshness.STALE if fetched_at else Freshness.NONE, fetched_at)
    return Read(None, Freshness.LIVE, keep(answer))


def contact_current(*, contact: Contact, deadline: Deadline) -> Read[Contact]:
    """The contact, from our copy while it is fresh, else from Engage, else our copy with its age.

    Raises NotFound where Engage no longer has the contact; never another EngageError.
    """
    stored: list[Contact] = [contact]

    def keep(answer: EngageContact) -> datetime | None:
        stored.append(contact_store(answer))
        return stored[-1].fetched_at

    read = read_through(
        contact=contact,
        fetched_at=contact.fetched_at,
        fetch=lambda client, engage_id: client.get_contact(engage_id),
        keep=keep,
        deadline=deadline,
    )
    if read.freshness in {Freshness.STALE, Freshness.NONE}:
        refresh_later(contact.pk)
    return Read(stored[-1], read.freshness, read.fetched_at)


@transaction.atomic
def contact_store(answer: EngageContact) -> Contact:
    """Keep Engage's answer about one contact. What changed here and is still on its way stays on top."""
    engage_id = UUID(answer.id)
    contact, _ = Contact.objects.select_for_update().get_or_create(
        engage_contact_id=engage_id, defaults={"pk": engage_id}
    )
    store_answer(contact, answer)
    contact.save()
    return contact


def store_answer(contact: Contact, answer: EngageContact) -> None:
    """Put Engage's answer into a loaded contact; the caller saves it."""
    flat = from_engage(answer)
    # An old description of Engage lets a creation answer nothing but the id: that is no snapshot.
    if flat:
        contact.snapshot = flat
        contact.fetched_at = clock.now()
    contact.contact_type = answer.contact_type[:40] or contact.contact_type
    refresh_keys(contact)


def refresh_keys(contact: Contact) -> None:
    """Bring the key columns in line with the data; the caller saves the contact.

    Of somebody who was only looked up so far we know no more than that key: it stays.
    """
    data = {**contact.snapshot, **contact.changes}
    complete = contact.fetched_at is not None or contact.engage_contact_id is None
    for name, column in KEY_FIELDS.items():
        if complete or name in data:
            setattr(contact, column, _kept(column, normalised(column, str(data.get(name) or ""))))


def _kept(column: str, value: str) -> str:
    """A key for its column. One that is too long can only come from Engage; then nobody is found by it here."""
    return value if len(value) <= longest(column) else ""


@transaction.atomic
def contact_seen(engage_id: EngageContactId, *, column: str, value: str, contact_type: str | None) -> Contact:
    """Keep an id that Engage gave for a key, so that the next look-up needs no call."""
    contact, created = Contact.objects.select_for_update().get_or_create(
        engage_contact_id=UUID(engage_id), defaults={"pk": UUID(engage_id)}
    )
    if created and contact_type:
        contact.contact_type = contact_type
    setattr(contact, column, _kept(column, value))
    contact.save()
    return contact


def refresh_later(contact_id: UUID) -> None:
    """Let a worker, which has more patience than a person, bring the copy up to date; once a minute at most."""
    if breaker.is_closed() and cache.add(f"contact:refresh:{contact_id}", 1, _REFRESH_AGAIN_AFTER):
        async_task(  # type: ignore[no-untyped-call]
            "contacts.tasks.refresh_contact", str(contact_id), task_name="refresh contact"
        )
