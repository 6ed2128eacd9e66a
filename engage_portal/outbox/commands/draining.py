"""`drain`: delivers in this process until nothing is due, with or without a worker beside it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count, Min, Q
from rich.text import Text

from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.outbox import pauses, streams
from engage_portal.outbox.bodies import iso
from engage_portal.outbox.commands.arguments import whole
from engage_portal.outbox.commands.bar import progress
from engage_portal.outbox.commands.speaking import Action, Answer, Options, Terminal
from engage_portal.outbox.commands.stopping import told_to_stop
from engage_portal.outbox.commands.words import moment
from engage_portal.outbox.delivery import claims
from engage_portal.outbox.delivery.passes import deliver
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import CLAIMABLE, State
from engage_portal.outbox.words import items_in_words

_SLICE_SECONDS = 1.0
"""How often the bar moves, and how soon a Ctrl-C is noticed besides the request that is under way."""
_NAP_SECONDS = 0.2
_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Left:
    """What has not reached Engage, by what it waits for."""

    moving: int
    """Waits to be sent, or is being sent."""
    attention: int
    spooled: int
    paused: int
    held_back: int
    next_at: datetime | None
    """When the first of those is due that wait for a later moment."""

    @property
    def total(self) -> int:
        """Everything together."""
        return self.moving + self.attention + self.spooled


def drain(options: Options, terminal: Terminal) -> Answer:
    """Deliver, and say why it ended."""
    began, end = clock.now(), Deadline.after(options["seconds"] or _A_DAY)
    with told_to_stop() as told, progress(terminal, told, left=_still_moving, words="Delivering") as seen:
        _deliver_all(lambda: told.is_set() or end.is_past, seen)
    left, reached = _left(), _reached_since(began)
    why = _why_it_ended(left, is_told=told.is_set(), is_late=end.is_past)
    done = f"{items_in_words(reached)} reached Engage{'' if why else ', nothing is left'}."
    return Answer(_document(reached, left, why), [Text(done)], trouble=why)


def _deliver_all(is_over: Callable[[], bool], seen: Callable[[], None]) -> None:
    """Deliver in short slices until nothing may go. What Engage accepted is looked for only on the way."""
    while not is_over():
        streams.repair(pauses.current())  # without a worker nobody else does it
        seen()
        made = deliver(seconds=_SLICE_SECONDS)
        if not _something_may_go():
            break
        if not made:
            Event().wait(_NAP_SECONDS)


def _something_may_go() -> bool:
    """Whether waiting a moment is worth it: the pace allows none just now, or another process is sending."""
    if not breaker.is_closed():
        return False
    free = claims.due(clock.now()).exclude(streams.held_back()).exclude(pauses.current().covering())
    return free.exists() or Item.objects.filter(state=State.SENDING).exists()


def _still_moving() -> int:
    """What the bar counts down."""
    return Item.objects.open().filter(state__in=[*CLAIMABLE, State.SENDING]).count()


def _reached_since(began: datetime) -> int:
    """How many items Engage took, whoever sent them."""
    return Item.objects.filter(finished_at__gte=began, state__in=[State.ACCEPTED, State.DELIVERED]).count()


def _left() -> Left:
    waiting, covered, now = Q(state__in=CLAIMABLE), pauses.current().covering(), clock.now()
    free = waiting & ~covered
    counted = Item.objects.open().aggregate(
        moving=Count("pk", filter=waiting | Q(state=State.SENDING)),
        attention=Count("pk", filter=Q(state=State.ATTENTION)),
        spooled=Count("pk", filter=Q(state=State.SPOOLED)),
        paused=Count("pk", filter=waiting & covered),
        held_back=Count("pk", filter=free & Q(streams.held_back())),
        next_at=Min("not_before", filter=free & Q(not_before__gt=now) & ~Q(streams.held_back())),
    )
    return Left(**counted)


def _why_it_ended(left: Left, *, is_told: bool, is_late: bool) -> str:
    """Why something is left, in a sentence; empty where nothing is."""
    if not left.total:
        return ""
    line = breaker.status()
    if is_told:
        return f"Ended on request; {items_in_words(left.total)} left."
    if not line.is_up:
        tried = f"it is tried again at {moment(line.next_try_at)}"
        return f"Engage is down since {moment(line.down_since)}, {tried}; {items_in_words(left.total)} left."
    if is_late:
        return f"The time is up; {items_in_words(left.total)} left."
    return f"{items_in_words(left.total)} left: {', '.join(_causes(left))}."


def _causes(left: Left) -> Iterator[str]:
    later = left.moving - left.paused - left.held_back
    if left.attention:
        yield f"{left.attention} in attention"
    if left.paused:
        yield f"{left.paused} paused"
    if left.held_back:
        yield f"{left.held_back} behind an earlier one of the same contact"
    if left.spooled:
        yield f"{left.spooled} in a file"
    if later:
        yield f"{later} waiting until {moment(left.next_at)}" if left.next_at else f"{later} waiting"


def _document(reached: int, left: Left, why: str) -> dict[str, Any]:
    return {
        "reachedEngage": reached,
        "left": left.total,
        "moving": left.moving,
        "attention": left.attention,
        "paused": left.paused,
        "heldBack": left.held_back,
        "spooled": left.spooled,
        "nextAt": iso(left.next_at),
        "message": why,
    }


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("--seconds", type=whole(1, _A_DAY), help="end after this time; without: a day")


ACTIONS = (
    Action(
        "drain",
        "Delivers in this process until nothing is due. Ends with 0 where nothing is left, else with 1 and why.",
        "until manage.py outbox drain --seconds 600; do sleep 10; done",
        _arguments,
        drain,
    ),
)
