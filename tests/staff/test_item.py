"""One item: why it stands where it stands, what is next, and everything that happened."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from engage_portal.outbox.models import Item, Outcome
from engage_portal.outbox.states import State
from engage_portal.staff.words import next_step
from tests.pages import building

pytestmark = pytest.mark.django_db


def page_of(browser, item) -> str:
    return browser.get(f"/staff/queue/{item.pk}/").text


def test_the_reason_stands_there_in_engages_own_words(sam_at_work):
    item = building.item(
        state=State.ATTENTION, reason="items[0].sku is <missing>", reason_code="ValidationError"
    )
    page = page_of(sam_at_work, item)
    for word in (
        "Why it stopped",
        "items[0].sku is &lt;missing&gt;",
        "ValidationError",
        "It needs you",
        "Send again",
    ):
        assert word in page


def test_each_try_stands_in_the_history_in_order(sam_at_work):
    item = building.item()
    building.event(item, "queued", actor="till-1001", minutes_ago=9)
    building.attempt(item, Outcome.NO_ANSWER, minutes_ago=8, duration_ms=1003)
    building.attempt(
        item, Outcome.REFUSED, minutes_ago=7, status=422, error_code="ValidationError", message="No store."
    )
    building.event(item, "sent again by hand", actor="sam", minutes_ago=6)
    page = page_of(sam_at_work, item)
    places = [
        page.index(word)
        for word in ("Queued by till-1001", "1003 ms", "No store.", "Sent again by hand by sam")
    ]
    assert places == sorted(places)


def test_an_item_that_is_done_cannot_be_sent_again(sam_at_work):
    page = page_of(sam_at_work, building.item(state=State.DELIVERED))
    assert "It has been seen in Engage." in page
    assert "Send again" not in page


def test_what_it_waits_for_is_linked(sam_at_work):
    first = building.item(stream="contact:x", state=State.ATTENTION, kind="contact.create")
    second = building.item(stream="contact:x")
    page = page_of(sam_at_work, second)
    assert f"It goes after number {first.pk}" in page
    assert f'href="/staff/queue/{first.pk}/"' in page


@pytest.mark.parametrize("pk", ["0", "999", "9" * 25])
def test_an_item_that_does_not_exist_is_not_found(sam_at_work, pk):
    assert sam_at_work.get(f"/staff/queue/{pk}/").status_code == 404


@pytest.mark.parametrize("state", State.values)
def test_every_state_has_a_sentence_about_what_is_next(state):
    sentence = next_step(Item(state=state), waits_for=None, is_line_up=True)
    assert sentence.endswith(".")


def test_an_outage_is_what_a_waiting_item_waits_for():
    assert "as soon as Engage answers" in next_step(Item(state="pending"), waits_for=None, is_line_up=False)


def test_a_wait_between_two_tries_is_said_so():
    later = Item(state="pending", not_before=clock.now() + timedelta(minutes=5))
    assert "before the next try" in next_step(later, waits_for=None, is_line_up=True)
