"""The geometry of the chart."""

from datetime import UTC, datetime, timedelta

from engage_portal.outbox.selectors import Minute
from engage_portal.staff.chart import HEIGHT, chart_of

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def hour(**busy: tuple[int, int]) -> list[Minute]:
    return [Minute(START + timedelta(minutes=at), *busy.get(f"m{at}", (0, 0))) for at in range(60)]


def test_an_hour_without_anything_has_no_bars():
    chart = chart_of(hour())
    assert (chart.bars, chart.highest, chart.delivered, chart.failed) == ([], 0, 0, 0)


def test_the_busiest_minute_is_as_high_as_the_chart():
    (bar,) = chart_of(hour(m3=(6, 2))).bars
    assert (bar.x, bar.bad_y, bar.good_y + bar.good_height) == (30, 0, HEIGHT)
    assert bar.good_height == 3 * bar.bad_height


def test_one_among_thousands_can_still_be_seen():
    chart = chart_of(hour(m1=(5000, 0), m2=(1, 1)))
    assert all(height >= 2 for height in (chart.bars[1].good_height, chart.bars[1].bad_height))
    assert all(bar.bad_y >= 0 for bar in chart.bars)


def test_a_single_try_does_not_fill_the_chart():
    (bar,) = chart_of(hour(m59=(1, 0))).bars
    assert bar.good_height == HEIGHT / 4


def test_the_axis_is_marked_from_the_first_to_the_last_minute():
    assert [tick.minute for tick in chart_of(hour()).ticks] == [0, 15, 30, 45, 59]
    assert chart_of([]).ticks == []
