"""The pace that all processes together keep towards Engage: pyrate-limiter's GCRA over one row of ours.

Engage counts per API key and recommends at most 50 calls a second [developer.voyado.com/en/api/api-rate-limit].
Calls are spaced evenly, a fortieth slower than allowed: what arrives a little late must not make the next second too
full. People go first: the delivery books only a moment ahead, so whoever waits is next.
"""

import threading
import time
from collections import deque
from enum import Enum

from django.conf import settings
from pyrate_limiter import GCRA, Rate

from engage_portal.outbox import tallies
from engage_portal.outbox.line.row import locked_line
from engage_portal.outbox.models import EngageLine

_ALGORITHM = GCRA()
_USED = 0.975

LONGEST_PAUSE = 60.0
"""Seconds. A 429 stops everybody for no longer than this, and neither does a clock that was set back."""

PAUSE_AFTER_429 = 5.0
"""Seconds, where Engage does not say how long."""

PAUSE_BEGINS_AT = 2.0
"""Seconds. Who would have to wait longer than this does not wait but comes back."""


class Lane(Enum):
    """Who asks for a call; the value is how many seconds ahead calls may be booked."""

    PEOPLE = PAUSE_BEGINS_AT
    DELIVERY = 0.1
    SPARE = 0.0
    """For what nobody waits for: only calls that nobody else wants."""


def reserve(
    lane: Lane, count: int = 1, *, latest: float | None = None, within: float | None = None
) -> list[float]:
    """Take `count` calls and answer, for each, the seconds from now at which it may start.

    One short transaction; never more calls a second than ENGAGE_RATE, whoever asks from whichever process. Where the
    first of them could not start within `latest` seconds (by default what the lane allows) nothing is taken and the
    answer is empty: what nobody is going to use must not keep others waiting. Raises RowBusyError where that could not
    even be found out `within` so many seconds (by default: it waits).
    """
    rate, patience = _rate(), lane.value if latest is None else latest
    if booked.is_beyond(patience):
        tallies.add("pace_refused", lane=lane.name.lower())
        return []
    with locked_line(within=within) as line:
        now = _now_us()
        state: tuple[float, ...] = (min(line.pace_tat, (now + int(LONGEST_PAUSE * 1e6)) * 1000),)
        starts: list[int] = []
        moment = now
        while len(starts) < count:
            state, decision = _ALGORITHM.step([rate], state, moment, 1)
            if decision.allowed:
                starts.append(moment)
            else:
                moment += decision.retry_after_ms or 1
        if starts[0] - now > patience * 1e6:
            booked.until_us = starts[0]
            tallies.add("pace_refused", lane=lane.name.lower())
            return []
        EngageLine.objects.filter(pk=line.pk).update(pace_tat=int(state[0]))
    tallies.add("pace_wait_seconds", (starts[0] - now) / 1e6, lane=lane.name.lower())
    now = _now_us()
    return [max(0, start - now) / 1e6 for start in starts]


class _Booked:
    """The next free place when somebody of this process was last refused: until then others need not ask for less.

    A crowd that the line has no place for would otherwise lock the row one after the other to hear the same. Places
    that are taken are never given back, so what was too late stays too late.
    """

    def __init__(self) -> None:
        self.until_us = 0

    def is_beyond(self, patience: float) -> bool:
        """Whether it is certain that nothing is free within so many seconds."""
        ahead = (self.until_us - _now_us()) / 1e6 if self.until_us else 0
        return patience < ahead <= LONGEST_PAUSE + PAUSE_BEGINS_AT

    def forget(self) -> None:
        """Begin anew, with another Engage."""
        self.until_us = 0


booked = _Booked()


class _LastSecond:
    """The calls that this process began within the last second.

    Bookings are even, but threads on a busy machine wake late, and late calls come in a bunch. Whoever would make the
    second too full waits for the oldest of them to leave it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: deque[float] = deque(maxlen=1000)

    def enter(self) -> None:
        """Come back when one more call may begin, and count it."""
        while wait := self._wait():
            threading.Event().wait(wait)

    def forget(self) -> None:
        """Begin anew, with another Engage."""
        with self._lock:
            self._begun.clear()

    def _wait(self) -> float:
        limit = settings.ENGAGE_RATE
        with self._lock:
            now = time.perf_counter()
            if len(self._begun) >= limit and (left := self._begun[-limit] + 1 / _USED - now) > 0:
                return left
            self._begun.append(now)
        return 0.0


last_second = _LastSecond()


def calls_within(seconds: float) -> int:
    """How many calls fit into a time, at least one."""
    return max(1, int(seconds * settings.ENGAGE_RATE * _USED))


def _rate() -> Rate:
    """The steady rate, with no burst: any second may hold no more than the limit.

    pyrate-limiter counts milliseconds; at this pace their roundings would add up to some per cent, so it is given
    microseconds in their place, and the state is in nanoseconds.
    """
    return Rate(round(settings.ENGAGE_RATE * _USED * 1000), 1_000_000_000, burst=1)


def is_paused(line: EngageLine | None = None) -> bool:
    """Whether nobody may call for a while, because Engage asked for it. One query, where the row is not at hand."""
    line = line or EngageLine.objects.filter(pk="default").only("pace_tat").first()
    ahead = (line.pace_tat / 1000 - _now_us()) / 1e6 if line else 0
    return PAUSE_BEGINS_AT < ahead <= LONGEST_PAUSE + PAUSE_BEGINS_AT


def slow_everybody(seconds: float, *, within: float | None = None) -> None:
    """After a 429: nobody calls for that long, or for LONGEST_PAUSE. May run twice. Raises RowBusyError."""
    until = (_now_us() + int(min(seconds, LONGEST_PAUSE) * 1e6)) * 1000
    with locked_line(within=within) as line:
        EngageLine.objects.filter(pk=line.pk, pace_tat__lt=until).update(pace_tat=until)


def _now_us() -> int:
    return time.time_ns() // 1000
