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


class Lane(Enum):
    """Who asks for a call."""

    PEOPLE = "people"
    DELIVERY = "delivery"


def reserve(lane: Lane, count: int = 1) -> list[float]:
    """Take `count` calls and answer, for each, the seconds from now at which it may start.

    One short transaction; never more calls a second than ENGAGE_RATE, whoever asks from whichever process.
    """
    rate = rate_of(lane)
    with transaction.atomic():
        line = locked_line()
        now_ms = _now_ms()
        state: tuple[float, ...] = (line.pace_tat,)
        starts: list[float] = []
        moment = now_ms
        while len(starts) < count:
            state, decision = _ALGORITHM.step([rate], state, moment, 1)
            if decision.allowed:
                starts.append((moment - now_ms) / 1000)
            else:
                moment += decision.retry_after_ms or 1
        EngageLine.objects.filter(pk=line.pk).update(pace_tat=int(state[0]))
    return starts


def rate_of(lane: Lane) -> Rate:
    """The lane's rate. What a burst adds is taken off the steady rate, so that no second exceeds the limit."""
    limit = settings.ENGAGE_RATE
    burst = max(1, limit // 8)
    steady = max(1, limit - burst)
    return Rate(steady, 1000, burst=burst if lane is Lane.PEOPLE else max(1, burst // 2))


def slow_everybody(seconds: float) -> None:
    """After a 429: nobody calls for that long."""
    until_us = int((clock.now() + timedelta(seconds=seconds)).timestamp() * 1_000_000)
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
