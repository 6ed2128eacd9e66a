"""The last hour as a small bar chart: geometry only, the template draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engage_portal.outbox.selectors import Minute

BAR, GAP, HEIGHT = 8, 2, 96
_LEAST_SCALE = 4
_LEAST_BAR = 2.0
_TICKS = (0, 15, 30, 45, 59)


@dataclass(frozen=True, slots=True)
class Bar:
    """One minute: the good part stands on the ground, the failed part on top of it."""

    x: int
    good_y: float
    good_height: float
    bad_y: float
    bad_height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the template needs."""

    width: int
    height: int
    bars: list[Bar]
    highest: int
    delivered: int
    failed: int
    ticks: list[datetime]


def chart_of(minutes: Sequence[Minute]) -> Chart:
    """The chart of some minutes, oldest first."""
    highest = max((minute.delivered + minute.failed for minute in minutes), default=0)
    scale = HEIGHT / max(highest, _LEAST_SCALE)
    return Chart(
        width=len(minutes) * (BAR + GAP),
        height=HEIGHT,
        bars=[
            _bar(place, minute, scale)
            for place, minute in enumerate(minutes)
            if minute.delivered or minute.failed
        ],
        highest=highest,
        delivered=sum(minute.delivered for minute in minutes),
        failed=sum(minute.failed for minute in minutes),
        ticks=[minutes[place].at for place in _TICKS if place < len(minutes)],
    )


def _bar(place: int, minute: Minute, scale: float) -> Bar:
    good, bad = _height(minute.delivered, scale), _height(minute.failed, scale)
    return Bar(
        x=place * (BAR + GAP),
        good_y=round(HEIGHT - good, 1),
        good_height=good,
        bad_y=round(max(0.0, HEIGHT - good - bad), 1),
        bad_height=bad,
    )


def _height(number: int, scale: float) -> float:
    """A bar's height; even a single one among thousands can be seen."""
    return round(max(number * scale, _LEAST_BAR), 1) if number else 0.0
