"""Sending again by hand: one, some, or all that a filter shows."""

import re

import pytest

from engage_portal.outbox import pauses
from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.states import State
from tests.pages import building

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_wake_up")]

RETRY = "/staff/queue/retry/"


def states() -> dict[int, str]:
    return dict(Item.objects.values_list("pk", "state"))


def test_chosen_items_are_queued_and_the_races_are_told(sam_at_work):
    for pk in (1, 2):
        building.item(pk=pk, state=State.ATTENTION)
    building.item(pk=3, state=State.SENDING)
    building.item(pk=4, state=State.DELIVERED)
    building.item(pk=5, state=State.ATTENTION)
    page = sam_at_work.post(RETRY, {"item": ["1", "2", "3", "4"]}, follow=True)
    assert re.search(r"2 queued, 1 already being sent, 1 (gone|already settled)", page.text)
    assert states() == {1: "pending", 2: "pending", 3: "sending", 4: "delivered", 5: "attention"}


def test_what_is_paused_is_not_promised(sam_at_work):
    building.item(pk=1, state=State.ATTENTION, store="101")
    pauses.pause(by="sam", reason="Wrong prices.", store="101")
    page = sam_at_work.post(RETRY, {"only": "1"}, follow=True)
    assert "1 of them is paused and goes when the pause is over." in page.text


def test_who_pressed_the_button_stands_in_the_history(sam_at_work):
    building.item(pk=1, state=State.ATTENTION)
    sam_at_work.post(RETRY, {"only": "1"})
    assert Event.objects.get(item=1).actor == "sam"


def test_the_button_of_a_row_leaves_the_ticked_ones_alone(sam_at_work):
    building.item(pk=1, state=State.ATTENTION)
    building.item(pk=2, state=State.ATTENTION)
    sam_at_work.post(RETRY, {"only": "1", "item": ["2"], "query": ""})
    assert states() == {1: "pending", 2: "attention"}


def test_nothing_chosen_is_said_so(sam_at_work):
    building.item(pk=1, state=State.ATTENTION)
    page = sam_at_work.post(RETRY, {"query": ""}, follow=True)
    assert "Nothing was selected." in page.text
    assert states() == {1: "attention"}


def test_all_of_a_filter_means_the_filter(sam_at_work):
    building.item(pk=1, state=State.ATTENTION, store="1001")
    building.item(pk=2, state=State.ATTENTION, store="1002")
    sam_at_work.post(RETRY, {"scope": "all", "query": "store=1001"})
    assert states() == {1: "pending", 2: "attention"}


@pytest.mark.parametrize("query", ["state=bogus", "kind=bogus"])
def test_a_filter_that_makes_no_sense_means_nothing(sam_at_work, query):
    building.item(pk=1, state=State.ATTENTION)
    page = sam_at_work.post(RETRY, {"scope": "all", "query": query}, follow=True)
    assert "Nothing was selected." in page.text
    assert states() == {1: "attention"}


@pytest.mark.parametrize("wish", ["ticked", "filter"])
def test_more_than_twenty_are_confirmed_first(sam_at_work, wish):
    for pk in range(1, 22):
        building.item(pk=pk, state=State.ATTENTION, store="1001")
    form = {"item": list(range(1, 22))} if wish == "ticked" else {"scope": "all", "query": "store=1001"}
    asked = sam_at_work.post(RETRY, form)
    assert "Send 21 items again?" in asked.text
    assert set(states().values()) == {"attention"}
    again = dict.fromkeys(("confirmed", "next", "scope", "query", "up_to"))
    for name in again:
        again[name] = (re.findall(rf'name="{name}" value="([^"]*)"', asked.text) or [""])[0]
    again["item"] = re.findall(r'name="item" value="(\d+)"', asked.text)
    page = sam_at_work.post(RETRY, again, follow=True)
    assert "21 queued" in page.text
    assert set(states().values()) == {"pending"}


def test_twenty_are_sent_without_asking(sam_at_work):
    for pk in range(1, 21):
        building.item(pk=pk, state=State.ATTENTION)
    sam_at_work.post(RETRY, {"item": list(range(1, 21))})
    assert set(states().values()) == {"pending"}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("/staff/queue/?state=attention", "/staff/queue/?state=attention"),
        ("/staff/queue/1/", "/staff/queue/1/"),
        ("https://evil.example/staff/", "/staff/queue/"),
        ("//evil.example/", "/staff/queue/"),
        ("/me/", "/staff/queue/"),
        ("", "/staff/queue/"),
    ],
)
def test_the_way_leads_back_within_the_staff_pages(sam_at_work, wanted, found):
    building.item(pk=1, state=State.ATTENTION)
    assert sam_at_work.post(RETRY, {"only": "1", "next": wanted})["Location"] == found


@pytest.mark.parametrize("pk", ["x", "-1", "9" * 30, "1 OR 1=1", "١"])
def test_nonsense_is_nothing(sam_at_work, pk):
    building.item(pk=1, state=State.ATTENTION)
    assert sam_at_work.post(RETRY, {"item": pk}).status_code == 302
    assert states() == {1: "attention"}
