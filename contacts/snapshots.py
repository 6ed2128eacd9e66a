"""Keeping what Engage answers about contacts, and asking only when our copy is not fresh."""

from collections.abc import Callable, Mapping
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django_q.tasks import async_task

from contacts.flat import from_engage
from contacts.kinds import DELETE
from contacts.merging import is_news, key_for_column, merge, refresh_keys
from contacts.models import Contact, ContactEvent
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Freshness, Read
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import AuthFailed, EngageClient, Misconfigured, NotFound, RateLimited, Unavailable
from engage_portal.engage import Contact as EngageContact
from engage_portal.outbox.line import breaker, door, reports
from engage_portal.outbox.models import Item

OUTAGES = (Unavailable, RateLimited, AuthFailed, Misconfigured)
"""The errors after which our copy is shown: they say nothing about the contact."""

_REFRESH_AGAIN_AFTER = 60

T = TypeVar("T")


def is_fresh(fetched_at: datetime | None) -> bool:
    """Whether a copy of that moment is young enough to be shown without asking Engage."""
    limit = timedelta(seconds=settings.SNAPSHOT_FRESH_SECONDS)
    return fetched_at is not None and clock.now() - fetched_at < limit


@dataclass(frozen=True, slots=True)
class Want:
    """One of our copies about a contact: how old it is, how Engage is asked for it, how the answer is kept."""

    fetched_at: datetime | None
    fetch: Callable[[EngageClient, EngageContactId], Any]
    """For a thread: no database."""
    keep: Callable[[Any], datetime | None]
    told_at: datetime | None = None
    """How old what we know otherwise is, where the whole was never fetched: shown only where Engage does not answer."""

    @property
    def known_at(self) -> datetime | None:
        """How old our copy is; None where there is none."""
        return self.fetched_at or self.told_at


def read_through(*, contact: Contact, want: Want, deadline: Deadline) -> Read[None]:
    """Bring one of our copies about a contact up to date where that is needed and possible, within the deadline.

    Fresh, or of somebody whom Engage does not know yet: Engage is not asked. No answer in time: the copy is stale.
    Raises NotFound where Engage no longer has the contact; never an error of an outage.
    """
    engage_id = contact.engage_id
    if engage_id is None or is_fresh(want.fetched_at):
        return Read(None, Freshness.CACHED, want.fetched_at or contact.created_at)
    asked = EngageContactId(str(engage_id))
    try:
        answer = door.ask(lambda client: want.fetch(client, asked), deadline=deadline)
    except OUTAGES:
        return _not_answered(want)
    return Read(None, Freshness.LIVE, want.keep(answer))


def read_together(
    *, contact: Contact, wants: Mapping[str, Want], deadline: Deadline
) -> dict[str, Read[None]]:
    """Like `read_through` for several copies: those that are not fresh are asked for at the same time.

    What does not come within the deadline is not waited for; the others are kept. Raises NotFound where Engage says in
    its own words that it no longer has the contact; never an error of an outage.
    """
    engage_id = contact.engage_id
    due = {name: want for name, want in wants.items() if not is_fresh(want.fetched_at)} if engage_id else {}
    came: dict[str, Any] = {}
    if due:
        asked = EngageContactId(str(engage_id))
        with suppress(*OUTAGES):  # what came before is in `came`, the rest is told by its freshness
            door.ask(lambda client: _ask_all(client, asked, due, came), deadline=deadline, calls=len(due))
    return {name: _read(contact, want, name in due, came.get(name)) for name, want in wants.items()}


def _ask_all(
    client: EngageClient, engage_id: EngageContactId, due: Mapping[str, Want], came: dict[str, Any]
) -> None:
    """Ask for everything at once; raises the first error where one was in the way of an answer."""

    def fetch(name: str, want: Want) -> None:
        try:
            came[name] = want.fetch(client, engage_id)
        except NotFound as error:
            if error.error_code:  # else it is an address that is not there: no news about the contact
                raise

    first, *others = due
    pool = door.together()
    futures = [pool.submit(fetch, name, due[name]) for name in others]
    try:
        fetch(first, due[first])
    finally:
        wait(futures)
    for future in futures:
        future.result()


def _read(contact: Contact, want: Want, was_due: bool, answer: Any) -> Read[None]:  # noqa: FBT001 - one of four facts
    if answer is not None:
        return Read(None, Freshness.LIVE, want.keep(answer))
    if not was_due:
        return Read(None, Freshness.CACHED, want.fetched_at or contact.created_at)
    return _not_answered(want)


def _not_answered(want: Want) -> Read[None]:
    return Read(None, Freshness.STALE if want.known_at else Freshness.NONE, want.known_at)


def contact_current(*, contact: Contact, deadline: Deadline) -> Read[Contact]:
    """The contact, from our copy while it is fresh, else from Engage, else our copy with its age.

    Raises NotFound where Engage no longer has the contact; never another EngageError.
    """
    read = read_through(contact=contact, want=contact_want(contact), deadline=deadline)
    return contact_as_read(contact, read)


def contact_want(contact: Contact) -> Want:
    """The contact's own data, for `read_through` and `read_together`."""
    asked_at = clock.now()
    return Want(
        contact.fetched_at,
        lambda client, engage_id: client.get_contact(engage_id),
        lambda answer: contact_store(answer, as_of=asked_at).fetched_at,
    )


def contact_as_read(contact: Contact, read: Read[None]) -> Read[Contact]:
    """The contact after it was read; where Engage did not answer in time a worker asks again, with more patience."""
    if read.freshness in {Freshness.STALE, Freshness.NONE}:
        refresh_later(contact.pk)
    current = Contact.objects.get(pk=contact.pk) if read.freshness is Freshness.LIVE else contact
    return Read(current, read.freshness, read.fetched_at)


@transaction.atomic
def contact_store(answer: EngageContact, *, as_of: datetime) -> Contact:
    """Keep what Engage answered about one contact to a question that left at `as_of`.

    What changed here and is still on its way stays on top; an answer that is older than what we know changes nothing.
    """
    engage_id = UUID(answer.id)
    contact, _ = Contact.objects.select_for_update().get_or_create(
        engage_contact_id=engage_id, defaults={"pk": engage_id}
    )
    if is_being_deleted(contact):
        return contact
    events = store_answer(contact, answer, as_of=as_of)
    contact.save()
    ContactEvent.objects.bulk_create(events)
    return contact


def is_being_deleted(contact: Contact) -> bool:
    """Whether it was deleted here and Engage does not know that yet: nothing of them may come back."""
    is_open = Item.objects.open().filter(stream=contact.stream, kind=DELETE)
    return contact.deleted_at is not None and is_open.exists()


def store_answer(contact: Contact, answer: EngageContact, *, as_of: datetime) -> list[ContactEvent]:
    """Put Engage's answer into a loaded contact; the caller saves it, and the events."""
    if not is_news(contact, as_of):
        return []
    contact.contact_type = answer.contact_type[:40] or contact.contact_type
    flat = from_engage(answer)
    if flat:
        return merge(contact, flat, as_of=as_of, is_whole=True)
    refresh_keys(contact)  # an old description of Engage lets a creation answer nothing but the id
    return []


@transaction.atomic
def contact_seen(engage_id: EngageContactId, *, column: str, value: str, contact_type: str | None) -> Contact:
    """Keep an id that Engage gave for a key, so that the next look-up needs no call."""
    contact, created = Contact.objects.select_for_update().get_or_create(
        engage_contact_id=UUID(engage_id), defaults={"pk": UUID(engage_id)}
    )
    if is_being_deleted(contact):
        return contact
    if created and contact_type:
        contact.contact_type = contact_type
    setattr(contact, column, key_for_column(column, value))
    contact.save()
    return contact


def refresh_later(contact_id: UUID) -> None:
    """Let a worker, which has more patience than a person, bring the copy up to date; once a minute at most.

    A cache or a broker that is gone keeps nobody from an answer.
    """
    transaction.on_commit(lambda: _refresh_later(contact_id), robust=True)


def _refresh_later(contact_id: UUID) -> None:
    if reports.are_being_written():
        return  # a crowd hears at this moment that Engage does not answer; whoever looks next asks again
    if breaker.is_closed() and cache.add(f"contact:refresh:{contact_id}", 1, _REFRESH_AGAIN_AFTER):
        async_task(  # type: ignore[no-untyped-call]
            "contacts.tasks.refresh_contact", str(contact_id), task_name="refresh contact"
        )
