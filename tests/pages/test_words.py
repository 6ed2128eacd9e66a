"""Times and money, in words."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from engage_portal.accounts.templatetags import portal

NOW = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (Decimal(1249), f"1,249.00{SPACE}SEK"),
        (Decimal("-399.5"), f"\N{MINUS SIGN}399.50{SPACE}SEK"),
        (Decimal("0.005"), f"0.00{SPACE}SEK"),
        (0, f"0.00{SPACE}SEK"),
        (None, ""),
    ],
)
def test_money(amount, words):
    assert portal.money(amount, "SEK") == words


def test_money_without_a_currency():
    assert portal.money(Decimal(5)) == "5.00"


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (timedelta(hours=2), f"10:00{SPACE}today"),
        (timedelta(hours=13), f"23:00{SPACE}yesterday"),
        (timedelta(days=18), "12:00 on 3 November"),
        (timedelta(days=365), "12:00 on 21 November 2025"),
    ],
)
def test_a_moment_is_said_in_the_stores_own_time(back, words):
    assert portal.moment(NOW - back) == words


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=5), f"5{SPACE}minutes ago"),
        (timedelta(hours=3), f"3{SPACE}hours ago"),
    ],
)
def test_ago(back, words):
    assert portal.ago(NOW - back) == words


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=20), "in 20 s"),
        (timedelta(minutes=7), f"in 7{SPACE}minutes"),
    ],
)
def test_until(ahead, words):
    assert portal.until(NOW + ahead) == words


def test_what_is_unknown_is_empty():
    assert [
        portal.moment(None),
        portal.day(None),
        portal.time(None),
        portal.until(None),
        portal.lasting(None),
    ] == [""] * 5
    assert portal.ago(None) == "never"
