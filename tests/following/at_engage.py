"""What happens in Engage without us, and what we then do."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from contacts.following.reading import Followed, follow
from contacts.following.refreshing import Refreshed, refresh_due
from contacts.models import Contact, Feed, ToRefresh
from contacts.snapshots import contact_store
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage import Contact as EngageContact
from engage_portal.sandbox import contacts, seeds
from engage_portal.sandbox.app import Sandbox

ANNA, BENGT = UUID(seeds.ANNA_ID), UUID(seeds.BENGT_ID)
CHANGES = "/api/v3/contacts/changes"


def change(engage: Sandbox, contact_id: UUID = ANNA, **flat: Any) -> None:
    """Somebody in Engage changes a contact."""
    with engage.engage.lock:
        contacts.update(engage.engage, engage.engage.store.get("contact", str(contact_id)), flat)
        engage.engage.store.commit()


def create(engage: Sandbox, email: str) -> UUID:
    """Somebody signs up elsewhere."""
    with engage.engage.lock:
        made = contacts.create(engage.engage, {"email": email, "firstName": "Ebba"}, "Member")
        engage.engage.store.commit()
    return UUID(made["id"])


def delete(engage: Sandbox, contact_id: UUID = ANNA) -> dict[str, Any]:
    """Somebody in Engage deletes a contact; returns what it was."""
    with engage.engage.lock:
        was = engage.engage.store.get("contact", str(contact_id))
        contacts.remove(engage.engage, was)
        engage.engage.store.commit()
    return was


def restore(engage: Sandbox, was: dict[str, Any]) -> None:
    """Somebody in Engage restores a contact under its id; no list of changes tells it."""
    with engage.engage.lock:
        engage.engage.store.put("contact", was["id"], was)
        engage.engage.store.commit()


def known(engage: Sandbox, contact_id: UUID = ANNA, *, as_of: datetime | None = None) -> Contact:
    """A contact that the copy has, as Engage has it now, fetched an hour ago unless said otherwise."""
    raw = contacts.envelope(engage.engage.contacts[str(contact_id)])
    return contact_store(EngageContact.read(raw), as_of=as_of or clock.now() - timedelta(hours=1))


def follow_now() -> Followed:
    """What the command reads."""
    return follow(until=clock.now())


def refresh_now(seconds: float = 20) -> Refreshed:
    """Fetch what is noted."""
    end = Deadline.after(seconds)
    return refresh_due(is_over=lambda: end.is_past)


def catch_up() -> Followed:
    """Read and fetch."""
    done = follow_now()
    refresh_now()
    return done


def an_hour_passes() -> None:
    """As if everything so far had happened an hour ago, for the copy and for the lists."""
    for feed in Feed.objects.all():
        if feed.read_until:
            Feed.objects.filter(pk=feed.pk).update(read_until=feed.read_until - timedelta(hours=1))
    for contact in Contact.objects.all():
        ago = {name: getattr(contact, name) for name in ("fetched_at", "as_of")}
        moved = {name: at - timedelta(hours=1) for name, at in ago.items() if at}
        Contact.objects.filter(pk=contact.pk).update(**moved)


def age_changes(engage: Sandbox, by: timedelta = timedelta(hours=1)) -> None:
    """As if everything that Engage lists had happened earlier."""
    with engage.engage.lock:
        for number, record in list(engage.engage.store.all("change").items()):
            at = datetime.fromisoformat(record["at"]) - by
            engage.engage.store.put("change", number, {**record, "at": at.isoformat()})
        engage.engage.store.commit()


def noted() -> set[UUID]:
    """Whom the list to fetch holds."""
    return set(ToRefresh.objects.values_list("pk", flat=True))


def gets(engage: Sandbox, contact_id: UUID = ANNA) -> int:
    """How often a contact was fetched."""
    return engage.engage.count_requests("GET", f"/api/v3/contacts/{contact_id}")
