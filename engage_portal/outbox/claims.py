"""Taking items: a conditional update decides who has one, on every database alike."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from engage_portal.core import clock
from engage_portal.outbox.models import Attempt, Event, Item, Outcome
from engage_portal.outbox.registry import holding_kinds
from engage_portal.outbox.states import CLAIMABLE, MOVING, State


def due(now: datetime) -> QuerySet[Item]:
    """What may be taken now: due, and first of its stream among what is still moving."""
    before = holding_back().filter(stream=OuterRef("stream"), pk__lt=OuterRef("pk"))
    return Item.objects.filter(state__in=CLAIMABLE, not_before__lte=now).exclude(Exists(before))


def holding_back() -> QuerySet[Item]:
    """What later items of the same stream have to wait for."""
    return Item.objects.filter(Q(state__in=MOVING) | Q(state=State.ATTENTION, kind__in=holding_kinds()))


def claim(limit: int) -> list[Item]:
    """Lease up to `limit` due items to the caller; the attempt counts from here, before any work is done."""
    now = clock.now()
    with transaction.atomic():
        candidates = due(now).order_by("priority", "not_before", "pk")
        if connection.features.has_select_for_update_skip_locked:
            candidates = candidates.select_for_update(skip_locked=True, of=("self",))
        return _take([item.pk for item in candidates.only("pk")[:limit]], now)


def claim_one(pk: int) -> Item | None:
    """Lease this very item, where it is due and nothing of its stream goes before it."""
    now = clock.now()
    with transaction.atomic():
        taken = _take(list(due(now).filter(pk=pk).values_list("pk", flat=True)), now)
    return taken[0] if taken else None


def _take(pks: list[int], now: datetime) -> list[Item]:
    token = uuid4()
    mine = Item.objects.filter(pk__in=pks, state__in=CLAIMABLE).update(
        state=State.SENDING, lease_token=token, lease_until=now + lease_time(), tries=F("tries") + 1
    )
    if not mine:
        return []
    return list(Item.objects.filter(lease_token=token).order_by("priority", "not_before", "pk"))


def lease_time() -> timedelta:
    """How long a worker may hold an item: a look or a send, and recording it, with room to spare."""
    return timedelta(seconds=settings.ENGAGE_READ_TIMEOUT * 2 + 15)


def release_expired() -> int:
    """Put what a lost worker held in doubt: its request may have taken effect. Returns how many."""
    now = clock.now()
    expired = list(
        Item.objects.filter(state=State.SENDING, lease_until__lt=now).values_list("pk", "lease_token")[:500]
    )
    return sum(_release(pk, token, now) for pk, token in expired)


def _release(pk: int, token: UUID | None, now: datetime) -> int:
    with transaction.atomic():
        released = Item.objects.filter(pk=pk, state=State.SENDING, lease_token=token).update(
            state=State.IN_DOUBT,
            lease_token=None,
            lease_until=None,
            looks_first=True,
            was_in_doubt=True,
            not_before=now,
            reason_code="LeaseLost",
            reason="The process that was sending this was lost; it is looked up before it is sent again.",
        )
        if released:
            Attempt.objects.create(
                item_id=pk, started_at=now, duration_ms=0, operation="", outcome=Outcome.LEASE_LOST
            )
            Event.objects.create(item_id=pk, what="in doubt", detail="The lease ran out.")
    return released
