"""The file channel: a spool file owns its items until it was picked up or withdrawn.

Spooling is a claim like sending: the same conditional update, so an item goes one way and never two.
"""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from engage_portal.core import clock
from engage_portal.outbox import pauses, streams
from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.states import Channel, State


@transaction.atomic
def spool(*, pks: Collection[int], spool_file: UUID) -> list[Item]:
    """Give waiting items to a file; returns those that it really owns now.

    An item that somebody is sending, that waits for another of its stream, or that is paused, is left alone.
    """
    free = Item.objects.filter(pk__in=pks, state=State.PENDING)
    mine = list(
        free.exclude(streams.held_back()).exclude(pauses.current().covering()).values_list("pk", flat=True)
    )
    Item.objects.filter(pk__in=mine, state=State.PENDING).update(
        state=State.SPOOLED, channel=Channel.FILE, spool_file=spool_file, is_parked=False
    )
    owned = list(Item.objects.filter(pk__in=mine, spool_file=spool_file, state=State.SPOOLED).order_by("pk"))
    _tell(owned, "put into a file")
    return owned


@transaction.atomic
def withdraw(*, spool_file: UUID) -> int:
    """The file will never leave: its items wait again, due at once. Returns how many; may run twice."""
    items = _owned_by(spool_file)
    Item.objects.filter(pk__in=[item.pk for item in items]).update(
        state=State.PENDING, channel=Channel.API, not_before=clock.now()
    )
    _tell(items, "withdrawn from a file")
    return len(items)


@transaction.atomic
def picked_up(*, spool_file: UUID) -> int:
    """Engage took the file: its items are accepted. Returns how many; may run twice."""
    items, now = _owned_by(spool_file), clock.now()
    Item.objects.filter(pk__in=[item.pk for item in items]).update(
        state=State.ACCEPTED, holds=False, not_before=now, finished_at=now
    )
    streams.let_go({item.stream for item in items})
    _tell(items, "picked up by Engage")
    return len(items)


def _owned_by(spool_file: UUID) -> list[Item]:
    owned = Item.objects.select_for_update().filter(spool_file=spool_file, state=State.SPOOLED)
    return list(owned.order_by("pk"))


def _tell(items: Collection[Item], what: str) -> None:
    Event.objects.bulk_create([Event(item=item, what=what) for item in items])
