"""Wherever a process that tends the files is killed: whoever tends next finishes, and everything is in Engage once."""

import signal

import pytest
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool.picking import settle
from engage_portal.fallback.tasks import tend
from tests.fallback.chaos.conftest import Tenders
from tests.fallback.chaos.day import Day, redeem
from tests.fallback.spool.conftest import sell, sign_up

pytestmark = pytest.mark.django_db(transaction=True)

_BY_PHONE = {"matchKey": "+46735654321", "matchKeyType": "mobilePhone"}


def _a_morning(day: Day, till: APIClient) -> dict[str, list[str]]:
    """Three receipts by id, two by phone, somebody new with a sale, a coupon; two records to a file."""
    day.settings.SPOOL_MAX_RECORDS = 2
    for number in range(3):
        sell(till, f"by-id-{number}")
    for number in range(2):
        sell(till, f"by-phone-{number}", contact=_BY_PHONE)
    born = sign_up(till, "Frida")
    sell(till, "newborn-0", contact={"matchKey": born, "matchKeyType": "contactId"})
    coupons = day.coupons(1)
    day.tells_of_offers(till)
    redeem(till, coupons[0])
    receipts = ["by-id-0", "by-id-1", "by-id-2", "by-phone-0", "by-phone-1", "newborn-0"]
    return {"receipts": receipts, "emails": ["frida@example.com"], "coupons": coupons}


@pytest.mark.parametrize(
    "place",
    [
        "in a claim",
        "between two claims",
        "before anything is written",
        "half written",
        "written and not released",
        "released and not told",
        "half uploaded",
        "uploaded and not renamed",
        "renamed and not noted",
        "noted and not told",
    ],
)
def test_the_next_one_finishes(day: Day, till: APIClient, tenders: Tenders, place: str) -> None:
    sold = _a_morning(day, till)

    assert tenders(place) == [-signal.SIGKILL]
    day.goes_on()

    day.has_once(**sold)
    day.nothing_is_left()


@pytest.mark.parametrize(
    ("place", "asked"), [("renamed and not noted", ["redeemedPromotions"]), ("noted and not told", [])]
)
def test_what_engage_took_before_the_next_one_came_is_there_once(
    day: Day, till: APIClient, tenders: Tenders, place: str, asked: list[str]
) -> None:
    sold = _a_morning(day, till)

    assert tenders(place) == [-signal.SIGKILL]
    day.imports()
    day.goes_on()
    stuck = SpoolFile.objects.filter(state=SpoolFile.State.STUCK)
    assert [file.file_type for file in stuck] == asked, "a redemption never goes again by itself"
    for file in stuck:
        assert settle(file, was_taken=True, by="karin")

    day.has_once(**sold)
    day.nothing_is_left()


@pytest.mark.parametrize("place", ["gone and not recorded", "half recorded", "deleted here and not recorded"])
def test_a_pick_up_that_was_not_recorded_is_recorded_later(
    day: Day, till: APIClient, tenders: Tenders, place: str
) -> None:
    sold = _a_morning(day, till)
    tend()
    day.imports()

    assert tenders(place) == [-signal.SIGKILL]
    day.goes_on()

    day.has_once(**sold)
    day.nothing_is_left()


def test_an_upload_that_ends_with_its_process_every_time_waits_longer_and_says_so(
    day: Day, till: APIClient, tenders: Tenders
) -> None:
    sell(till, "by-id-0")
    pauses = []
    for _ in range(3):
        assert tenders("half uploaded") == [-signal.SIGKILL]
        file = SpoolFile.objects.get()
        pauses.append(file.not_before - clock.now())
        SpoolFile.objects.update(lease_until=None, not_before=clock.now())  # so much later

    assert file.tries == 3
    assert pauses[-1] > 2 * pauses[0]
    assert "broke off" in file.problem
    assert file.events.filter(what="upload failed").count() == 1
    day.goes_on()
    day.nothing_is_left()


def test_two_workers_at_once_make_each_file_once(day: Day, till: APIClient, tenders: Tenders) -> None:
    sold = _a_morning(day, till)
    more = [f"more-{number}" for number in range(40)]
    for name in more:
        sell(till, name)
    day.settings.SPOOL_MAX_RECORDS = 5

    assert tenders("", "") == [0, 0]
    waiting = [path for path in day.root.rglob("*") if path.is_file()]
    assert len(waiting) >= 9
    assert {path.suffix for path in waiting} == {".xml"}
    day.goes_on()

    day.has_once(**{**sold, "receipts": [*sold["receipts"], *more]})
    day.nothing_is_left()
