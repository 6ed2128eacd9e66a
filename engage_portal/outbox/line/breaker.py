"""Whether Engage is worth calling: pybreaker's state machine over one row that all processes share.

Calls are not wrapped: pybreaker holds a lock while it calls, and sending threads do no database work. Instead a
caller asks `is_closed()` first and reports afterwards with `report()`. While it is open nobody calls but the worker
that holds the lease for the one probe (`outbox/line/probe.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeGuard

import pybreaker
import structlog
from django.conf import settings
from django.db.models import Q

from engage_portal.core import clock
from engage_portal.engage import AuthFailed, EngageError, Misconfigured, Unavailable
from engage_portal.outbox.line import outages
from engage_portal.outbox.line.row import locked_line
from engage_portal.outbox.models import EngageLine

log = structlog.get_logger(__name__)

_ANSWER_NOTED_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class LineStatus:
    """What people are told about Engage."""

    is_up: bool
    down_since: datetime | None
    last_answer_at: datetime | None
    last_error: str
    next_try_at: datetime | None


def is_closed(line: EngageLine | None = None) -> bool:
    """Whether Engage may be called. One primary-key query, where the row is not at hand."""
    line = line or EngageLine.objects.filter(pk="default").only("breaker_state").first()
    return line is None or line.breaker_state == pybreaker.STATE_CLOSED


def is_suspect() -> bool:
    """Whether it is closed but the latest call failed. One primary-key query."""
    return EngageLine.objects.filter(
        pk="default", breaker_state=pybreaker.STATE_CLOSED, failures__gt=0
    ).exists()


def status() -> LineStatus:
    """The breaker for people: up or down, since when, when it is tried next."""
    line = EngageLine.objects.filter(pk="default").first() or EngageLine()
    is_up = line.breaker_state == pybreaker.STATE_CLOSED
    opened = line.opened_at if not is_up else None
    return LineStatus(
        is_up=is_up,
        down_since=None if is_up else line.down_since or line.opened_at,
        last_answer_at=line.last_answer_at,
        last_error="" if is_up else line.last_error,
        next_try_at=opened + timedelta(seconds=settings.ENGAGE_PROBE_SECONDS) if opened else None,
    )


def take_probe() -> bool:
    """Lease the one probe that may test the water; False where it is not due or somebody else has it."""
    now = clock.now()
    due = now - timedelta(seconds=settings.ENGAGE_PROBE_SECONDS)
    return bool(
        EngageLine.objects.filter(~Q(breaker_state=pybreaker.STATE_CLOSED), pk="default", opened_at__lte=due)
        .filter(Q(probe_until__isnull=True) | Q(probe_until__lt=now))
        .update(probe_until=now + timedelta(seconds=settings.ENGAGE_READ_TIMEOUT + 5))
    )


def report(outcomes: Sequence[EngageError | None], *, within: float | None = None) -> bool:
    """Tell the breaker how calls ended, None for an answer. True where Engage has just come back.

    A refusal (4xx) is an answer; a 403 for what a tenant or key may be without is no news at all: an Engage that
    lets us in nowhere says that, too. Nothing is written while all is well, except the time of the last answer
    now and then, nor for one more failure while it is open. Raises RowBusyError where others held the row for so many
    seconds.
    """
    outcomes = [each for each in outcomes if not _is_of_one_operation(each)]
    if not outcomes or _nothing_to_note(outcomes):
        return False
    with locked_line(within=within) as line:
        was_open = line.breaker_state != pybreaker.STATE_CLOSED
        breaker = _breaker_over(line)
        for outcome in outcomes:
            _apply(breaker, line, outcome)
        line.save()
        outages.follow(line, was_open=was_open, failures=[each for each in outcomes if is_outage(each)])
    came_back = was_open and line.breaker_state == pybreaker.STATE_CLOSED
    if was_open != (line.breaker_state != pybreaker.STATE_CLOSED):
        log.warning("engage is back" if came_back else "engage is down", error=line.last_error)
    return came_back


def is_outage(error: EngageError | None) -> TypeGuard[EngageError]:
    """Whether an error speaks of Engage as a whole rather than of one call."""
    return isinstance(error, Unavailable | AuthFailed | Misconfigured) and not _is_of_one_operation(error)


def _is_of_one_operation(error: EngageError | None) -> bool:
    return isinstance(error, AuthFailed) and error.is_of_one_operation


def _nothing_to_note(outcomes: Sequence[EngageError | None]) -> bool:
    line = EngageLine.objects.filter(pk="default").first()
    if line is None:
        return False
    if all(is_outage(outcome) for outcome in outcomes):
        return _is_waiting(line)
    return (
        not any(is_outage(outcome) for outcome in outcomes)
        and line.breaker_state == pybreaker.STATE_CLOSED
        and line.failures == 0
        and line.last_answer_at is not None
        and clock.now() - line.last_answer_at < _ANSWER_NOTED_EVERY
    )


def _is_waiting(line: EngageLine) -> bool:
    """Whether it is open and no probe is due: the calls of a crowd that began before all fail after it opened."""
    interval = timedelta(seconds=settings.ENGAGE_PROBE_SECONDS)
    is_open = line.breaker_state == pybreaker.STATE_OPEN
    return is_open and line.opened_at is not None and clock.now() - line.opened_at < interval


def _apply(breaker: pybreaker.CircuitBreaker, line: EngageLine, outcome: EngageError | None) -> None:
    if is_outage(outcome):
        line.down_since = line.down_since or clock.now()
        line.last_error = str(outcome)[:300]
    else:
        line.last_answer_at = clock.now()
    try:
        breaker.call(_repeat, outcome)
    except (EngageError, pybreaker.CircuitBreakerError):
        return  # pybreaker hands the outcome back; it is recorded in the row by now
    finally:
        if line.breaker_state == pybreaker.STATE_CLOSED and line.failures == 0:
            line.down_since = line.probe_until = None


def _repeat(outcome: EngageError | None) -> None:
    if outcome is not None:
        raise outcome


class _RowStorage(pybreaker.CircuitBreakerStorage):
    """pybreaker's state in a loaded row; the caller saves the row in the transaction that locked it."""

    def __init__(self, line: EngageLine) -> None:
        super().__init__("engage")
        self._line = line

    @property
    def state(self) -> str:
        return self._line.breaker_state

    @state.setter
    def state(self, state: str) -> None:
        self._line.breaker_state = state

    def increment_counter(self) -> None:
        self._line.failures += 1

    def reset_counter(self) -> None:
        self._line.failures = 0

    def increment_success_counter(self) -> None:
        self._line.successes += 1

    def reset_success_counter(self) -> None:
        self._line.successes = 0

    @property
    def counter(self) -> int:
        return self._line.failures

    @property
    def success_counter(self) -> int:
        return self._line.successes

    @property
    def opened_at(self) -> datetime | None:
        return self._line.opened_at

    @opened_at.setter
    def opened_at(self, moment: datetime) -> None:
        self._line.opened_at = moment
        self._line.probe_until = None


def _breaker_over(line: EngageLine) -> pybreaker.CircuitBreaker:
    return pybreaker.CircuitBreaker(
        fail_max=settings.ENGAGE_BREAKER_FAILURES,
        reset_timeout=settings.ENGAGE_PROBE_SECONDS,
        exclude=[lambda error: not is_outage(error)],
        state_storage=_RowStorage(line),
        throw_new_error_on_trip=False,
    )
