"""Reading the queue: lists, the dashboard, one item with its story."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMinute

from engage_portal.core import clock
from engage_portal.outbox.line.breaker import LineStatus, status
from engage_portal.outbox.models import Attempt, EngageLine, Event, Heartbeat, Item, Outcome
from engage_portal.outbox.states import MOVING, OPEN, Channel, State
from engage_portal.outbox.streams import holder_of

UNSETTLED = (*OPEN, State.ACCEPTED)
"""What nobody has seen in Engage yet."""

WORKER_IS_LATE_AFTER = timedelta(seconds=60)
_GOOD = (Outcome.DONE, Outcome.ALREADY_DONE, Outcome.FOUND)
_FAILED = (Outcome.NO_ANSWER, Outcome.NOT_SENT, Outcome.REFUSED, Outcome.LEASE_LOST, Outcome.SLOW_DOWN)


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of the last hour."""

    at: datetime
    delivered: int
    failed: int


@dataclass(frozen=True, slots=True)
class KindCount:
    """How much of one kind has not arrived."""

    kind: str
    waiting: int
    attention: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What staff see first."""

    line: LineStatus
    counts: dict[State, int]
    by_kind: list[KindCount]
    oldest_waiting: Item | None
    last_hour: list[Minute]
    worker_seen_at: datetime | None

    @property
    def waiting(self) -> int:
        """Everything still on its way by itself."""
        return sum(self.counts.get(state, 0) for state in MOVING)

    @property
    def attention(self) -> int:
        """What a person must look at."""
        return self.counts.get(State.ATTENTION, 0)

    @property
    def worker_alive(self) -> bool:
        """Whether a worker took a task lately."""
        return _is_recent(self.worker_seen_at)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an item's story."""

    at: datetime
    title: str
    detail: str = ""
    via: str = ""
    """The way it went, where that was not a call of its own."""
    tone: str = "neutral"
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ItemDetail:
    """One item and everything that happened to it, oldest first."""

    item: Item
    timeline: list[Entry] = field(default_factory=list)
    waits_for: Item | None = None


def items() -> QuerySet[Item]:
    """The queue, newest first."""
    return Item.objects.order_by("-pk")


def dashboard() -> Dashboard:
    """The state of everything in a handful of queries; none of them reads settled history."""
    return Dashboard(
        line=status(),
        counts=counts(),
        by_kind=_by_kind(),
        oldest_waiting=Item.objects.moving_oldest_first().first(),
        last_hour=_last_hour(),
        worker_seen_at=worker_seen_at(),
    )


def worker_seen_at() -> datetime | None:
    """When a worker last took a task."""
    return Heartbeat.objects.order_by("-beat_at").values_list("beat_at", flat=True).first()


def worker_is_alive() -> bool:
    """Whether a worker took a task lately."""
    return _is_recent(worker_seen_at())


def _is_recent(beat: datetime | None) -> bool:
    return beat is not None and clock.now() - beat < WORKER_IS_LATE_AFTER


def counts() -> dict[State, int]:
    """How many items stand in each open state; settled ones of the last day besides."""
    day = clock.now() - timedelta(days=1)
    shown = Q(finished_at__isnull=True) | Q(finished_at__gte=day)
    rows = Item.objects.filter(shown).order_by().values_list("state").annotate(Count("pk"))
    return {State(state): number for state, number in rows}


def unsettled() -> dict[tuple[State, str], int]:
    """How many items of each state and kind nobody has seen in Engage yet. Never reads settled history."""
    rows = Item.objects.filter(state__in=UNSETTLED).order_by().values_list("state", "kind")
    return {(State(state), kind): number for state, kind, number in rows.annotate(Count("pk"))}


def oldest_waiting_at() -> datetime | None:
    """Since when the oldest item is on its way. One look into an index."""
    waiting = Item.objects.moving_oldest_first()
    return waiting.values_list("created_at", flat=True).first()


def breaker_state() -> str:
    """The breaker's state in pybreaker's words. One primary-key query."""
    line = EngageLine.objects.filter(pk="default").only("breaker_state").first() or EngageLine()
    return line.breaker_state


def item_detail(pk: int) -> ItemDetail:
    """One item with its timeline. Raises Item.DoesNotExist."""
    item = Item.objects.prefetch_related("attempts", "events").get(pk=pk)
    entries = [*_event_entries(item.events.all()), *_attempt_entries(item.attempts.all())]
    return ItemDetail(
        item=item, timeline=sorted(entries, key=lambda entry: entry.at), waits_for=_holding_back(item)
    )


def _holding_back(item: Item) -> Item | None:
    if item.state not in {State.PENDING, State.IN_DOUBT}:
        return None
    return holder_of(item)


def _by_kind() -> list[KindCount]:
    rows = (
        Item.objects.open()
        .order_by("kind")
        .values("kind")
        .annotate(
            waiting=Count("pk", filter=Q(state__in=MOVING)),
            attention=Count("pk", filter=Q(state="attention")),
        )
    )
    return [KindCount(**row) for row in rows]


def _last_hour() -> list[Minute]:
    end = clock.now().replace(second=0, microsecond=0)
    start = end - timedelta(minutes=59)
    rows = (
        Attempt.objects.filter(started_at__gte=start)
        .annotate(minute=TruncMinute("started_at"))
        .order_by("minute")
        .values_list("minute")
        .annotate(
            good=Count("pk", filter=Q(outcome__in=_GOOD)), bad=Count("pk", filter=Q(outcome__in=_FAILED))
        )
    )
    found = {minute: (good, bad) for minute, good, bad in rows}
    minutes = [start + timedelta(minutes=offset) for offset in range(60)]
    return [Minute(at, *found.get(at, (0, 0))) for at in minutes]


def _event_entries(events: Iterable[Event]) -> list[Entry]:
    return [
        Entry(
            at=event.at,
            title=event.what.capitalize() + (f" by {event.actor}" if event.actor != "portal" else ""),
            detail=event.detail,
        )
        for event in events
    ]


def _attempt_entries(attempts: Iterable[Attempt]) -> list[Entry]:
    return [
        Entry(
            at=attempt.started_at,
            title=f"{attempt.operation or 'Attempt'}: {Outcome(attempt.outcome).label.lower()}",
            detail=" ".join(
                part for part in (str(attempt.status or ""), attempt.error_code, attempt.message) if part
            ),
            via=_via(attempt),
            tone="good" if attempt.outcome in _GOOD else "bad" if attempt.outcome in _FAILED else "neutral",
            duration_ms=attempt.duration_ms,
        )
        for attempt in attempts
    ]


def _via(attempt: Attempt) -> str:
    if attempt.channel == Channel.API:
        return ""
    label = Channel(attempt.channel).label
    return f"{label}, Engage’s batch {attempt.batch_id}" if attempt.batch_id else label
