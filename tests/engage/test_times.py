"""How Engage's times are read: to the instant; without an offset in the tenant's zone, as everywhere."""

from datetime import UTC, datetime

import pytest

from engage_portal.engage.wire import moment


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-21T10:14:00+01:00", "2026-11-21T09:14:00+00:00"),
        ("2026-11-21T10:14:00Z", "2026-11-21T10:14:00+00:00"),
        ("2026-11-21T10:14:00", "2026-11-21T09:14:00+00:00"),
        ("2026-07-21T10:14:00", "2026-07-21T08:14:00+00:00"),
        (" 2026-07-21 10:14:00.1234567 ", "2026-07-21T08:14:00.123456+00:00"),
        ("2026-07-21", "2026-07-20T22:00:00+00:00"),
    ],
)
def test_a_time_without_an_offset_is_local_in_the_tenants_zone(text, read):
    found = moment({"redeemedOn": text}, "redeemedOn")
    assert found == datetime.fromisoformat(read)
    assert found.tzinfo is not None


def test_another_zone_is_read_by_its_own_clock(settings):
    settings.TIME_ZONE = "Europe/Helsinki"
    assert moment({"at": "2026-11-21T10:14:00"}, "at") == datetime(2026, 11, 21, 8, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T23:59:59",
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_the_last_moment_that_a_program_knows_is_never_and_the_first_one_none(text):
    assert moment({"at": text}, "at") is None


@pytest.mark.parametrize("text", ["", "today", "2026-11-31", 7, None, ["2026-11-21"]])
def test_what_is_no_time_is_none_and_breaks_nothing(text):
    assert moment({"at": text}, "at") is None
