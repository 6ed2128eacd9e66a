"""The page of one outage: its timeline, from the last answer to the arrival of everything."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.fallback.models import SpoolEvent, SpoolFile
from engage_portal.fallback.spool.withdrawing import recall
from engage_portal.outbox import pauses
from engage_portal.outbox.control import retry
from engage_portal.outbox.line import breaker, outages
from engage_portal.outbox.models import Item, Outage
from engage_portal.outbox.states import State
from tests.fallback.spool.conftest import dropbox, engage_takes_all, sell, send_files, start  # noqa: F401 - fixtures
from tests.outbox.building import delivered
from tests.pages import building
from tests.staff.an_outage import GONE, PAGE, back, titles
from tests.staff.test_pauses import words

pytestmark = pytest.mark.django_db


def test_the_timeline_grows_from_the_last_answer_to_the_arrival_of_everything(
    vera_at_work: Client, till: APIClient, away: Outage, engage: Any, hand: Any
) -> None:
    at = f"{PAGE}{away.pk}/"
    page = vera_at_work.get(at)
    begun = ["Engage was last known to answer", "Engage stopped answering", "Calls were stopped"]
    assert titles(page) == begun
    assert "Nothing has come in yet." in words(page)
    assert 'hx-trigger="every 5s"' in page.text

    sell(till, "101-1")
    sell(till, "101-2")
    begun.append(f"The first item was kept: receipt #{Item.objects.order_by('pk')[0].pk}")
    page = vera_at_work.get(at)
    assert titles(page) == begun
    assert "POST /api/v3/receipts: no answer" in words(page)
    assert "101-1 in store 101" in words(page)

    back(engage, hand)
    page = vera_at_work.get(at)
    assert titles(page) == [*begun, "Engage answers again", "2 items of 2 still on the way"]
    assert "After 31 minutes." in words(page)
    assert 'hx-trigger="every 5s"' in page.text

    hand.shift(10)
    delivered()
    page = vera_at_work.get(at)
    assert titles(page) == [*begun, "Engage answers again", "Everything that was kept has been sent"]
    assert "2 accepted." in words(page)
    assert "hx-trigger" not in page.text


def test_files_stand_in_the_timeline_of_their_outage(
    vera_at_work: Client,
    till: APIClient,
    dropbox: Path,  # noqa: F811
    away: Outage,
    engage: Any,
    hand: Any,
) -> None:
    sell(till, "101-1")
    start(by="karin")
    send_files()
    hand.shift(60)
    engage_takes_all(dropbox)
    sell(till, "101-2")
    start(by="karin")
    back(engage, hand)
    hand.shift(5)
    recall()
    hand.shift(10)
    delivered()

    page = vera_at_work.get(f"{PAGE}{away.pk}/")
    (first, second) = re.findall(r"File (\d+) begun", page.text)
    assert titles(page)[4:] == [
        f"File {first} begun",
        f"File {first} written and checked",
        f"File {first} uploaded",
        f"File {first} picked up by Engage",
        f"File {second} begun",
        "Engage answers again",
        f"File {second} withdrawn",
        "Everything that was kept has been sent",
    ]
    assert "Files uploaded 1" in words(page)
    assert "1 file uploaded" in words(vera_at_work.get(PAGE))


def test_what_went_well_with_several_files_is_one_line(
    vera_at_work: Client,
    till: APIClient,
    dropbox: Path,  # noqa: F811
    away: Outage,
    hand: Any,
    settings: Any,
) -> None:
    settings.SPOOL_MAX_RECORDS = 1
    for number in range(3):
        sell(till, f"101-{number}")
    start(by="karin")
    send_files()
    one, two, three = SpoolFile.objects.order_by("pk")
    two.events.filter(what="uploaded").update(what="upload failed", detail="The dropbox is full.")
    hand.shift(60)
    for file in (one, three):
        SpoolEvent.objects.create(file=file, what="picked up")

    page = vera_at_work.get(f"{PAGE}{away.pk}/")

    assert titles(page)[4:] == [
        f"Files {one.pk}–{three.pk} begun",
        f"Files {one.pk}–{three.pk} written and checked",
        f"File {one.pk} uploaded",
        f"File {two.pk} could not be uploaded",
        f"File {three.pk} uploaded",
        "2 files picked up by Engage",
        "What waits goes in files, unless Engage is back",
    ]
    assert "begun By karin." in words(page)
    assert "checked 1 record" in words(page)
    beside = titles(vera_at_work.get("/staff/files/"))
    assert "2 files picked up by Engage" in beside
    assert f"Files {one.pk}–{three.pk} begun" in beside


def test_a_long_story_of_files_is_cut(
    vera_at_work: Client,
    till: APIClient,
    dropbox: Path,  # noqa: F811
    away: Outage,
) -> None:
    sell(till, "101-1")
    start(by="karin")
    SpoolEvent.objects.bulk_create(
        SpoolEvent(file=SpoolFile.objects.get(), what="upload failed") for _ in range(150)
    )
    found = titles(vera_at_work.get(f"{PAGE}{away.pk}/"))
    assert len([title for title in found if title.startswith("File ")]) == 100
    assert "More happened to files" in found


def test_what_needs_a_person_is_told_and_leads_to_the_queue(
    vera_at_work: Client, away: Outage, engage: Any, hand: Any
) -> None:
    building.item(state=State.ATTENTION)
    building.item(state=State.DELIVERED)
    back(engage, hand)
    page = vera_at_work.get(f"{PAGE}{away.pk}/")
    assert titles(page)[-1] == "Nothing of it is on its way any more; 1 item needs a person"
    address = f"/staff/queue/?outage={away.pk}&amp;kind=receipt.post&amp;state=attention"
    assert f'href="{address}">1 in attention</a>' in page.text
    assert "1 item match" in words(vera_at_work.get(address.replace("&amp;", "&")))


def test_what_staff_send_again_has_not_arrived(
    vera_at_work: Client, away: Outage, engage: Any, hand: Any
) -> None:
    stopped = building.item(state=State.ATTENTION)
    building.item(state=State.DELIVERED)
    back(engage, hand)
    outages.settle()
    retry(items=Item.objects.filter(pk=stopped.pk), by="sam")

    page = vera_at_work.get(f"{PAGE}{away.pk}/")
    assert titles(page)[-1] == "1 item of 2 still on the way"
    assert "Catching up" in words(page)
    assert "Queue empty again not yet" in words(page)
    listed = words(vera_at_work.get(PAGE))
    assert "Catching up" in listed
    assert "the queue was empty again" not in listed


def test_an_outage_of_which_all_that_is_left_is_paused_says_so(
    vera_at_work: Client, away: Outage, engage: Any, hand: Any
) -> None:
    building.item(kind="contact.create")
    building.item(kind="contact.create", state=State.IN_DOUBT)
    building.item()
    back(engage, hand)
    outages.settle()
    pauses.pause(by="paula", reason="Moving house.", kind="contact.create")
    assert "Catching up" in words(vera_at_work.get(PAGE))

    Item.objects.exclude(kind="contact.create").update(
        state=State.DELIVERED, holds=False, finished_at=clock.now()
    )

    page = vera_at_work.get(f"{PAGE}{away.pk}/")
    assert titles(page)[-1] == "2 items of 3 held by a pause"
    for told in (words(page), words(vera_at_work.get(PAGE))):
        assert "Held by a pause" in told
        assert "Catching up" not in told


def test_an_outage_that_was_over_before_the_present_one_costs_no_look_at_its_items(
    vera_at_work: Client, away: Outage, engage: Any, hand: Any, django_assert_num_queries: Any
) -> None:
    building.item(state=State.DELIVERED)
    back(engage, hand)
    outages.settle()
    building.item()
    outage = Outage.objects.get(pk=away.pk)
    with django_assert_num_queries(1):
        assert outages.left_of([outage]) == {}


def test_the_pages_follow_what_is_on_its_way_for_an_hour(
    vera_at_work: Client, away: Outage, engage: Any, hand: Any
) -> None:
    building.item()
    hand.shift(5 * 60 * 60)
    follows = [_is_followed(vera_at_work, away)]
    back(engage, hand)
    hand.shift(59 * 60)
    follows.append(_is_followed(vera_at_work, away))
    hand.shift(2 * 60)
    follows.append(_is_followed(vera_at_work, away))
    assert follows == [{True}, {True}, {False}]
    assert "Catching up" in words(vera_at_work.get(PAGE))


def _is_followed(browser: Client, outage: Outage) -> set[bool]:
    return {"hx-trigger" in browser.get(page).text for page in (PAGE, f"{PAGE}{outage.pk}/")}


def test_what_was_given_up_has_not_arrived(
    vera_at_work: Client, away: Outage, engage: Any, hand: Any
) -> None:
    building.item(state=State.CANCELLED)
    back(engage, hand)
    page = vera_at_work.get(f"{PAGE}{away.pk}/")
    assert titles(page)[-1] == "Everything that was kept has been sent or was cancelled"


def test_an_outage_in_which_nothing_came_in_ends_with_engages_answer(
    vera_at_work: Client, away: Outage, engage: Any, hand: Any
) -> None:
    back(engage, hand)
    page = vera_at_work.get(f"{PAGE}{away.pk}/")
    assert titles(page)[-1] == "Engage answers again"
    assert "Nothing came in meanwhile." in words(page)
    assert "Nothing was kept" in words(vera_at_work.get(PAGE))


def test_one_that_was_interrupted_says_how_often(
    vera_at_work: Client, away: Outage, engage: Any, hand: Any
) -> None:
    back(engage, hand)
    breaker.report([GONE] * 3)
    back(engage, hand)
    page = words(vera_at_work.get(f"{PAGE}{away.pk}/"))
    assert "It had answered once in between, and was gone again within a minute." in page


@pytest.mark.parametrize("number", ["4711", "99999999999999999999"])
def test_an_outage_that_nobody_remembers_is_not_found(vera_at_work: Client, number: str) -> None:
    assert vera_at_work.get(f"{PAGE}{number}/").status_code == 404


def test_nothing_personal_is_on_the_pages(
    vera_at_work: Client, till: APIClient, away: Outage, engage: Any, hand: Any
) -> None:
    answer = till.post(
        "/api/v3/contacts", {"firstName": "Frida", "email": "frida@example.com", "countryCode": "SE"}
    )
    assert answer.status_code == 202
    for path in (PAGE, f"{PAGE}{away.pk}/"):
        page = words(vera_at_work.get(path)).lower()
        assert "new contact" in page
        assert "frida" not in page
