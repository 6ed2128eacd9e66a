"""Windows in the tenant's wall clock, also in the two odd nights of the year."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings

from contacts.following.wall_clock import window


def shown(start: datetime, end: datetime) -> tuple[str, str]:
    return tuple(f"{moment:%d %H:%M}" for moment in window(start, end))


def at(day: int, hour: int, minute: int = 0, *, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_is_local_time():
    assert shown(at(1, 10), at(1, 10, 15)) == ("01 12:00", "01 12:15")
    with override_settings(TIME_ZONE="Europe/Helsinki"):
        assert shown(at(1, 10), at(1, 10, 15)) == ("01 13:00", "01 13:15")


def test_the_hour_that_comes_twice_is_covered_whichever_is_meant():
    # 2026-10-25, 03:00 summer time becomes 02:00: 00:00-01:00 UTC and 01:00-02:00 UTC look alike.
    for minutes in range(-60, 180, 5):
        start = at(25, 0) + timedelta(minutes=minutes)
        end = start + timedelta(minutes=15)
        first, last = window(start, end)
        assert first < last
        for fold in (0, 1):
            assert first.replace(fold=fold).astimezone(UTC) <= start
            assert last.replace(fold=fold).astimezone(UTC) >= end


def test_the_hour_that_is_missing_does_no_harm():
    # 2026-03-29, 02:00 becomes 03:00.
    first, last = window(at(29, 0, 50, month=3), at(29, 1, 10, month=3))
    assert (f"{first:%H:%M}", f"{last:%H:%M}") == ("01:50", "03:10")


@pytest.mark.parametrize("micro", [0, 1, 999])
def test_what_is_cut_off_behind_the_milliseconds_is_inside(micro):
    end = at(1, 10).replace(microsecond=micro)
    _, last = window(at(1, 9), end)
    assert last.replace(microsecond=last.microsecond // 1000 * 1000) >= end
