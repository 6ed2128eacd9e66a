"""Order within a stream: what holds back what, and letting go of what may go now.

An item holds back the later ones of its stream while its `holds` says so. An item that was found held back is parked:
the claim's index leaves it out, so that a thousand items behind a stuck one cost nothing. Parking is only about speed:
a claim asks the stream again, whoever un-parked it.
"""

from collections.abc import Collection

from django.db.models import Exists, Min, OuterRef, QuerySet

from engage_portal.outbox.models import Item
from engage_portal.outbox.pauses import Pauses
from engage_portal.outbox.registry import holds_back
from engage_portal.outbox.states import MOVING, State

_REPAIR_BATCH = 1000


def holds_stream(item: Item) -> bool:
    """Whether later items of its stream have to wait for an item in its present state."""
    if item.state == State.ATTENTION:
        return holds_back(item.kind)
    return item.state in MOVING


def held_back() -> Exists:
    """A condition on items: something of their stream goes before them."""
    return Exists(Item.objects.filter(holds=True, stream=OuterRef("stream"), pk__lt=OuterRef("pk")))


def holder_of(item: Item) -> Item | None:
    """The item that another one waits for."""
    return Item.objects.filter(holds=True, stream=item.stream, pk__lt=item.pk).order_by("pk").first()


def let_go(streams: Collection[str]) -> None:
    """Un-park the first of each stream, after something got out of its way."""
    heads = Item.objects.filter(holds=True, stream__in=streams).order_by().values("stream")
    Item.objects.filter(pk__in=heads.annotate(head=Min("pk")).values("head"), is_parked=True).update(
        is_parked=False
    )


def park(pks: Collection[int]) -> None:
    """Leave items out of the claim's index until something lets them go."""
    Item.objects.filter(pk__in=pks).update(is_parked=True)


def repair(pauses: Pauses) -> int:
    """Un-park what nothing holds back: the net under `let_go`, once a minute. Returns how many; may run twice."""
    free = wrongly_parked(pauses)
    pks = list(free.values_list("pk", flat=True)[:_REPAIR_BATCH])
    return Item.objects.filter(pk__in=pks, is_parked=True).update(is_parked=False) if pks else 0


def wrongly_parked(pauses: Pauses) -> QuerySet[Item]:
    """Items that are parked for no reason."""
    return Item.objects.filter(~held_back(), is_parked=True).exclude(pauses.covering())
