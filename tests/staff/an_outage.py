"""An outage on a clock that only moves when told to, for the tests of its pages."""

import re
from typing import Any

import pytest
import time_machine

from engage_portal.core import clock
from engage_portal.engage import Unavailable
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Outage

PAGE = "/staff/outages/"
GONE = Unavailable("no answer", operation="POST /api/v3/receipts")


@pytest.fixture
def hand():
    """The time, which only moves when told to."""
    with time_machine.travel(clock.now(), tick=False) as hand:
        yield hand


@pytest.fixture
def away(engage: Any, hand: Any, no_wake_up: None) -> Outage:
    """Engage answered, and half an hour ago it stopped."""
    breaker.report([None])
    hand.shift(60)
    engage.engage.faults.set("down")
    breaker.report([GONE] * 3)
    hand.shift(60)
    return Outage.objects.get()


def back(engage: Any, hand: Any) -> None:
    """Half an hour later it answers again."""
    hand.shift(30 * 60)
    engage.engage.faults.clear()
    assert breaker.report([None])


def titles(page: Any) -> list[str]:
    """The lines of the timeline, from top to bottom."""
    found = re.findall(r'<p class="timeline-title">(.*?)</p>', page.text)
    return [re.sub(r"<[^>]+>", "", title) for title in found]
