"""Taking items: a conditional update decides who has one, on every database alike."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, F, Min, QuerySet, Value, When

from engage_portal.core import clock
from engage_portal.outbox import pauses, streams
from engage_portal.outbox.models import Attempt, Event, Item, Outcome
from engage_portal.outbox.pauses import Pauses
from engage_portal.outbox.states import Channel, State

_SHARE_OF_EACH_PRIORITY = 1 / 12
_ROUNDS = 20
_EXPIRED_BATCH = 500


def due(now: datetime) -> QuerySet[Item]:
    """What is due, as far as the claim's index knows: neither its stream nor a pause has been asked yet."""
    return Item.objects.claimable().filter(is_parked=False, not_before__lte=now)


def claim(limit: int) -> list[Item]:
    """Lease up to `limit` due items to the caller; the attempt counts from here, before any work is done.

    By priority, oldest first; a twelfth of the places is kept for each lower priority, so that none starves. What
    turns out to be held back, by its stream or by a pause, is parked.
    """
    now = clock.now()
    with transaction.atomic():
        paused = pauses.current()
        if paused.stop_everything:
            return []
        free = [_free(priority, limit, paused, now) for priority in _priorities()]
        return _take(_allotted(free, limit), now, Channel.API)


def claim_one(pk: int) -> Item | None:
    """Lease this very item, where it is due and nothing of its stream goes before it, nor a pause."""
    now = clock.now()
    with transaction.atomic():
        mine = due(now).exclude(streams.held_back()).exclude(pauses.current().covering())
        taken = _take(list(mine.filter(pk=pk).values_list("pk", flat=True)), now, Channel.API)
    return taken[0] if taken else None


def claim_for_bulk(kind: str, limit: int, *, at_least: int) -> list[Item]:
    """Lease up to `limit` items of a kind that may go in one bulk call; none where fewer than `at_least` could."""
    now = clock.now()
    with transaction.atomic():
        found = bulk_ready(kind, now).order_by("not_before", "pk")
        pks = list(_locked(found).values_list("pk", flat=True)[:limit])
        return _take(pks, now, Channel.BULK) if len(pks) >= at_least else []


def bulk_ready(kind: str, now: datetime) -> QuerySet[Item]:
    """The items of a kind that may go in a bulk call: nothing has to be looked up, and they did not fail in one."""
    waiting = due(now).filter(kind=kind, state=State.PENDING, looks_first=False, avoids_bulk=False)
    return waiting.exclude(streams.held_back()).exclude(pauses.current().covering())


def _priorities() -> list[int]:
    """The priorities that wait for something, urgent first: as many index probes as there are priorities."""
    found: list[int] = []
    waiting = Item.objects.claimable().filter(is_parked=False)
    lowest = waiting.aggregate(next=Min("priority"))["next"]
    while lowest is not None:
        found.append(lowest)
        lowest = waiting.filter(priority__gt=lowest).aggregate(next=Min("priority"))["next"]
    return found


def _free(priority: int, limit: int, paused: Pauses, now: datetime) -> list[int]:
    """The first items of a priority that really may go; what may not is parked on the way."""
    for _ in range(_ROUNDS):
        found = _locked(due(now).filter(priority=priority).order_by("not_before", "pk"))
        rows = list(found.values_list("pk", "kind", "store", streams.held_back())[: limit * 2])
        stuck = [pk for pk, kind, store, waits in rows if waits or paused.cover(kind=kind, store=store)]
        if stuck:
            streams.park(stuck)
        free = [row[0] for row in rows if row[0] not in set(stuck)]
        if free or len(rows) < limit * 2:
            return free[:limit]
    return []


def _allotted(levels: Sequence[Sequence[int]], limit: int) -> list[int]:
    """Who goes: each priority gets its least share, then the urgent ones get what is left."""
    least = max(1, int(limit * _SHARE_OF_EACH_PRIORITY))
    chosen = [pk for level in levels for pk in level[:least]][:limit]
    for level in levels:
        chosen += level[least : least + limit - len(chosen)]
    return chosen


def _locked(candidates: QuerySet[Item]) -> QuerySet[Item]:
    """Where the database can, skip what another worker is taking at this moment."""
    if connection.features.has_select_for_update_skip_locked:
        return candidates.select_for_update(skip_locked=True, of=("self",))
    return candidates


def _take(pks: list[int], now: datetime, channel: Channel) -> list[Item]:
    if not pks:
        return []
    token = uuid4()
    mine = (
        Item.objects.claimable()
        .filter(pk__in=pks)
        .update(
            state=State.SENDING,
            channel=Case(When(looks_first=True, then=F("channel")), default=Value(channel)),
            is_parked=False,
            lease_token=token,
            lease_until=now + lease_time(),
            tries=F("tries") + 1,
        )
    )
    if not mine:
        return []
    return list(Item.objects.filter(pk__in=pks, lease_token=token).order_by("priority", "not_before", "pk"))


def lease_time() -> timedelta:
    """How long a worker may hold an item: a look or a send, and recording it, with room to spare."""
    return timedelta(seconds=settings.ENGAGE_READ_TIMEOUT * 2 + 15)


@transaction.atomic
def release_expired() -> int:
    """Put what lost workers held in doubt: their requests may have taken effect. Returns how many."""
    now = clock.now()
    lost = Item.objects.filter(state=State.SENDING, lease_until__lt=now).order_by("pk")
    pks = list(_locked(lost).values_list("pk", flat=True)[:_EXPIRED_BATCH])
    if not pks:
        return 0
    Item.objects.filter(pk__in=pks).update(
        state=State.IN_DOUBT,
        lease_token=None,
        lease_until=None,
        looks_first=True,
        was_in_doubt=True,
        not_before=now,
        reason_code="LeaseLost",
        reason="The process that was sending this was lost; it is looked up before it is sent again.",
    )
    Attempt.objects.bulk_create(
        Attempt(item_id=pk, started_at=now, duration_ms=0, operation="", outcome=Outcome.LEASE_LOST)
        for pk in pks
    )
    Event.objects.bulk_create(Event(item_id=pk, what="in doubt", detail="The lease ran out.") for pk in pks)
    return len(pks)
