"""The pace that all processes together keep towards Engage: pyrate-limiter's GCRA over one row of ours.

Engage counts per API key and recommends at most 50 calls a second [developer.voyado.com/en/api/api-rate-limit].
A few calls of every second are kept for people who wait: the delivery may run only half as far ahead as they may.
"""

import time
from datetime import timedelta
from enum import Enum

from django.conf import settings
from django.db import transaction
from pyrate_limiter import GCRA, Rate

from engage_portal.core import clock
from engage_portal.outbox.models import EngageLine

_ALGORITHM = GCRA()

LONGEST_PAUSE = 60.0
"""Seconds. A 429 stops everybody for no longer than this, and neither does a clock that was set back."""

PAUSE_BEGINS_AT = 2.0
"""Seconds. Who would have to wait longer than this does not wait but comes back."""


class Lane(Enum):
    """Who asks for a call."""

    PEOPLE = "people"
    DELIVERY = "delivery"


def reserve(lane: Lane, count: int = 1, *, latest: float | None = None) -> list[float]:
    """Take `count` calls and answer, for each, the seconds from now at which it may start.

    One short transaction; never more calls a second than ENGAGE_RATE, whoever asks from whichever process. Where the
    first of them could not start within `latest` seconds nothing is taken and the answer is empty: what nobody is
    going to use must not keep others waiting.
    """
    rate = rate_of(lane)
    with transaction.atomic():
        line = locked_line()
        now_ms = _now_ms()
        state: tuple[float, ...] = (min(line.pace_tat, (now_ms + int(LONGEST_PAUSE * 1000)) * 1000),)
        starts: list[int] = []
        moment = now_ms
        while len(starts) < count:
            state, decision = _ALGORITHM.step([rate], state, moment, 1)
            if decision.allowed:
                starts.append(moment)
            else:
                moment += decision.retry_after_ms or 1
        if latest is not None and starts[0] - now_ms > latest * 1000:
            return []
        EngageLine.objects.filter(pk=line.pk).update(pace_tat=int(state[0]))
    now_ms = _now_ms()
    return [max(0, start - now_ms) / 1000 for start in starts]


def rate_of(lane: Lane) -> Rate:
    """The lane's rate. What a burst adds is taken off the steady rate, so that no second exceeds the limit."""
    limit = settings.ENGAGE_RATE
    burst = max(1, limit // 8)
    steady = max(1, limit - burst)
    return Rate(steady, 1000, burst=burst if lane is Lane.PEOPLE else max(1, burst // 2))


def is_paused() -> bool:
    """Whether nobody may call for a while, because Engage asked for it. One primary-key query."""
    line = EngageLine.objects.filter(pk="default").only("pace_tat").first()
    ahead_ms = (line.pace_tat // 1000 - _now_ms()) if line else 0
    return PAUSE_BEGINS_AT * 1000 < ahead_ms <= LONGEST_PAUSE * 1000 + PAUSE_BEGINS_AT * 1000


def slow_everybody(seconds: float) -> None:
    """After a 429: nobody calls for that long, or for LONGEST_PAUSE."""
    until = clock.now() + timedelta(seconds=min(seconds, LONGEST_PAUSE))
    rate = rate_of(
        Lane.PEOPLE
    )  # a burst may begin before the moment in the row, so the row says that much more
    until_us = int(until.timestamp() * 1_000_000) + rate.burst * 1_000_000 // rate.limit
    EngageLine.objects.filter(pk="default", pace_tat__lt=until_us).update(pace_tat=until_us)


def locked_line() -> EngageLine:
    """The one row, locked for this transaction; made where it is missing."""
    line = EngageLine.objects.select_for_update().filter(pk="default").first()
    if line is None:
        EngageLine.objects.bulk_create([EngageLine(pk="default")], ignore_conflicts=True)
        line = EngageLine.objects.select_for_update().get(pk="default")
    return line


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
