"""The outages of Engage: a row for each, begun and ended in the transaction in which the breaker opens and closes.

A breaker whose probes fail stays open: that is one outage. Where Engage goes away again within a minute after it came
back, the outage goes on: people see one bad hour, not thirty bad minutes.

What was kept because of an outage is a span of the ledger by its primary key, so neither a sale nor the breaker pays
for it: from the first item that was still on its way when the breaker opened to the newest one when it closed. An item
that is written at that very moment may count to the other side.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

import pybreaker
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from engage_portal.core import clock
from engage_portal.engage import AuthFailed, EngageError, Misconfigured, Unavailable
from engage_portal.outbox import pauses
from engage_portal.outbox.models import EngageLine, Item, Outage
from engage_portal.outbox.states import CLAIMABLE, MOVING, State

JOINED_WITHIN = timedelta(minutes=1)
"""Who goes away again this soon has not really been back."""

_BEFORE_THE_LAST_ANSWER = timedelta(minutes=1)
"""The last answer is noted now and then only, and what waits for its own answer then came in earlier."""
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept because of an outage, and where it stands now."""

    counts: dict[str, dict[State, int]] = field(default_factory=dict)
    last_finished_at: datetime | None = None

    @property
    def by_kind(self) -> dict[str, int]:
        """How many items of each kind."""
        return {kind: sum(states.values()) for kind, states in self.counts.items()}

    @property
    def by_state(self) -> dict[State, int]:
        """How many items in each state."""
        total: Counter[State] = Counter()
        for states in self.counts.values():
            total.update(states)
        return dict(total)

    @property
    def total(self) -> int:
        """How many items."""
        return sum(self.by_kind.values())

    @property
    def on_its_way(self) -> int:
        """How many items still go without anybody's help."""
        return sum(self.by_state.get(state, 0) for state in MOVING)


class Left(Enum):
    """What is left of what was kept in an outage."""

    MOVING = auto()
    PAUSED = auto()
    """All of it waits until somebody ends a pause."""


def follow(line: EngageLine, *, was_open: bool, failures: Sequence[EngageError]) -> None:
    """Keep what the breaker has just become. In its transaction, with the line's row locked.

    While it is open a row is made where there is none: the portal may have been updated in the middle of an outage.
    """
    if line.breaker_state != pybreaker.STATE_CLOSED:
        if not _open().exists():
            _begin(line, failures)
    elif was_open:
        _open().update(ended_at=clock.now(), last_item=_newest_item())


def running() -> Outage | None:
    """The present outage. One look into an index of at most one row."""
    return _open().first()


def newest() -> QuerySet[Outage]:
    """All that are remembered, newest first."""
    return Outage.objects.order_by("-pk")


def span_of(outage: Outage) -> Q:
    """The condition on what was kept because of it: a span of the primary key, without what had arrived before."""
    span = Q(pk__gte=outage.first_item)
    if outage.last_item is not None:
        span &= Q(pk__lte=outage.last_item)
    return span & (Q(finished_at__isnull=True) | Q(finished_at__gte=outage.began_at))


def items_of(outage: Outage) -> QuerySet[Item]:
    """What was kept because of it."""
    return Item.objects.filter(span_of(outage))


def kept_in(outage: Outage) -> Kept:
    """The same, counted. One query; it costs as much as the outage was large."""
    rows = items_of(outage).order_by("kind", "state").values_list("kind", "state")
    counts: dict[str, dict[State, int]] = defaultdict(dict)
    finished: list[datetime] = []
    for kind, state, number, last in rows.annotate(Count("pk"), Max("finished_at")):
        counts[kind][State(state)] = number
        finished += [last] if last else []
    return Kept(dict(counts), max(finished, default=None))


def emptied_at(outage: Outage, kept: Kept) -> datetime | None:
    """When none of what was kept was on its way any more; None where some is, also again, or Engage is away."""
    if outage.ended_at is None or kept.on_its_way:
        return None
    return outage.emptied_at or max(outage.ended_at, kept.last_finished_at or outage.ended_at)


def left_of(shown: Sequence[Outage]) -> dict[int, Left]:
    """Outage → what is left of what was kept in it, by the ledger of this moment; those without are left out.

    At most three queries. An outage that was over before the oldest item came in that is on its way costs nothing.
    """
    oldest = Item.objects.moving_oldest_first().values_list("pk", flat=True).first()
    asked = [each.pk for each in shown if oldest and each.last_item is not None and each.last_item >= oldest]
    if not asked:
        return {}
    moving = Item.objects.open().filter(
        pk__gte=OuterRef("first_item"), pk__lte=OuterRef("last_item"), state__in=MOVING
    )
    held = pauses.current().covering() & Q(state__in=CLAIMABLE)
    found = Outage.objects.filter(Exists(moving), pk__in=asked).annotate(goes=Exists(moving.exclude(held)))
    return {pk: Left.MOVING if goes else Left.PAUSED for pk, goes in found.values_list("pk", "goes")}


def settle() -> None:
    """Once a minute: write down what was kept in outages that are over, and when all of it had gone. May run twice.

    Those of which something is known to be on its way take nobody's place, however many there are.
    """
    moving = Item.objects.filter(
        pk__gte=OuterRef("first_item"), pk__lte=OuterRef("last_item"), state__in=MOVING
    )
    over = Outage.objects.filter(emptied_at__isnull=True, ended_at__isnull=False)
    for outage in over.filter(Q(kept__isnull=True) | ~Exists(moving)).order_by("pk")[:_AT_ONCE]:
        kept = kept_in(outage)
        # Not where Engage has gone away again meanwhile: then the outage goes on.
        Outage.objects.filter(pk=outage.pk, ended_at=outage.ended_at).update(
            kept=kept.by_kind, emptied_at=emptied_at(outage, kept)
        )


def forget(*, before_days: int) -> int:
    """Delete outages that ended that many days ago, as their items were. Returns how many."""
    limit = clock.now() - timedelta(days=before_days)
    return Outage.objects.filter(ended_at__lt=limit).delete()[0]


def _open() -> QuerySet[Outage]:
    return Outage.objects.filter(line="default", ended_at__isnull=True)


def _begin(line: EngageLine, failures: Sequence[EngageError]) -> None:
    now = clock.now()
    began = line.down_since or line.opened_at or now
    last = Outage.objects.filter(ended_at__gte=began - JOINED_WITHIN).order_by("-pk").first()
    if last is not None:
        last.returns += 1
        last.ended_at = last.last_item = last.kept = last.emptied_at = None
        last.save()
        return
    Outage.objects.create(
        line=line.pk,
        cause=_cause(failures),
        error=line.last_error,
        last_answer_at=line.last_answer_at,
        began_at=began,
        opened_at=line.opened_at or now,
        first_item=_first_item(min(began, line.last_answer_at or began)),
    )


def _cause(failures: Sequence[EngageError]) -> Outage.Cause:
    match failures[-1] if failures else None:
        case AuthFailed():
            return Outage.Cause.KEY
        case Misconfigured():
            return Outage.Cause.SET_UP
        case Unavailable(status=int()):
            return Outage.Cause.ERRORS
    return Outage.Cause.NO_ANSWER


def _first_item(last_answer_at: datetime) -> int:
    """The oldest item that is still on its way and came about when Engage stopped answering, or the next one."""
    waiting = Item.objects.moving_oldest_first().filter(
        created_at__gte=last_answer_at - _BEFORE_THE_LAST_ANSWER
    )
    found = waiting.values_list("pk", flat=True).first()
    return _newest_item() + 1 if found is None else found


def _newest_item() -> int:
    return Item.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
