"""Giving items up: always asked first, always with a reason; one, some, or all that a filter shows."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.states import State
from tests.pages import building

pytestmark = pytest.mark.django_db

CANCEL = "/staff/queue/cancel/"
WHY = "Registered by hand in Engage."


def states() -> dict[int, str]:
    return dict(Item.objects.values_list("pk", "state"))


def asked(browser, **form) -> dict[str, object]:
    """What the page that asks sends back, once somebody writes a reason and agrees."""
    page = browser.post(CANCEL, form).text
    names = ("confirmed", "next", "scope", "query", "up_to")
    hidden = {name: re.findall(rf'name="{name}" value="([^"]*)"', page) for name in names}
    again = {name: found[-1] for name, found in hidden.items() if found}
    return {**again, "item": re.findall(r'name="item" value="(\d+)"', page), "reason": WHY}


def test_one_item_is_cancelled_after_a_question_with_who_and_why(carl_at_work):
    building.item(pk=1, state=State.ATTENTION)
    page = carl_at_work.post(CANCEL, {"only": "1", "next": "/staff/queue/1/"}).text
    assert "Cancel 1 item?" in page
    assert states() == {1: "attention"}
    answer = carl_at_work.post(CANCEL, asked(carl_at_work, only="1", next="/staff/queue/1/"), follow=True)
    assert answer.request["PATH_INFO"] == "/staff/queue/1/"
    assert "1 cancelled, 0 on their way, 0 already settled." in answer.text
    assert "Why it was given up" in answer.text
    assert states() == {1: "cancelled"}
    event = Event.objects.get(item=1)
    assert (event.what, event.actor, event.detail) == ("cancelled", "carl", WHY)


def test_chosen_items_are_cancelled_and_the_races_are_told(carl_at_work):
    for pk in (1, 2, 3, 4):
        building.item(pk=pk)
    form = asked(carl_at_work, item=["1", "2", "3"])
    assert form["confirmed"] == "3"
    Item.objects.filter(pk=2).delete()
    building.item(pk=2, state=State.SENDING)
    Item.objects.filter(pk=3).delete()
    building.item(pk=3, state=State.DELIVERED)
    page = carl_at_work.post(CANCEL, form, follow=True)
    assert "1 cancelled, 1 on their way, 1 already settled." in page.text
    assert states() == {1: "cancelled", 2: "sending", 3: "delivered", 4: "pending"}


def test_the_question_tells_what_is_meant_and_what_cannot_be_cancelled(carl_at_work):
    for pk in range(1, 8):
        building.item(pk=pk, reference=f"S1-{pk}")
    building.item(pk=8, state=State.IN_DOUBT)
    page = carl_at_work.post(CANCEL, {"item": list(range(1, 9))}).text
    assert "Cancel 7 items?" in page
    assert "1 that you chose is on its way or settled and stays as it is." in page
    assert "S1-7" in page
    assert "S1-2" not in page
    assert "and 2 more" in page


@pytest.mark.parametrize("state", State.values)
def test_only_what_waits_or_needs_attention_is_asked_about(carl_at_work, state):
    building.item(pk=1, state=State(state))
    page = carl_at_work.post(CANCEL, {"only": "1"}, follow=True).text
    movable = state in {State.PENDING, State.ATTENTION}
    assert ("Cancel 1 item?" in page) is movable
    assert ("It is on its way or settled." in page) is not movable
    assert ("Cancel…" in carl_at_work.get("/staff/queue/1/").text) is movable


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("", "Please say why."),
        (" \n\t ", "Please say why."),
        ("x" * 301, "Please use at most 300 characters. Now it is 301."),
        ("a\x00b", "Null characters are not allowed."),
    ],
)
def test_a_reason_that_will_not_do_is_told_at_its_field_and_changes_nothing(carl_at_work, reason, error):
    building.item(pk=1, state=State.ATTENTION)
    page = carl_at_work.post(CANCEL, {**asked(carl_at_work, only="1"), "reason": reason}).text
    assert re.search(rf'<p class="field-error" id="id_reason_error">{error}', page)
    assert 'aria-invalid="true"' in page
    assert states() == {1: "attention"}
    assert not Event.objects.exists()


def test_nothing_that_was_typed_or_chosen_is_lost_with_a_mistake(carl_at_work):
    for pk in (1, 2):
        building.item(pk=pk, store="1001")
    long = "Line one\nLine two " + "x" * 300
    for form in ({"item": ["1", "2"]}, {"scope": "all", "query": "store=1001"}):
        page = carl_at_work.post(CANCEL, {**asked(carl_at_work, **form), "reason": long}).text
        assert long in page.replace("\r\n", "\n")
        assert 'maxlength="' not in page
        assert 'name="confirmed" value="2"' in page
    assert 'name="query" value="store=1001"' in page


def test_the_longest_reason_is_kept_whole_and_as_one_line(carl_at_work):
    building.item(pk=1)
    carl_at_work.post(CANCEL, {**asked(carl_at_work, only="1"), "reason": "a\r\n  b " + "x" * 296})
    assert Item.objects.get(pk=1).reason == "a b " + "x" * 296


def test_all_of_a_filter_means_the_filter_and_nothing_that_came_after_the_question(carl_at_work):
    building.item(pk=1, store="1001")
    building.item(pk=2, store="1002")
    building.item(pk=3, store="1001", state=State.SENDING)
    form = asked(carl_at_work, scope="all", query="store=1001")
    building.item(pk=4, store="1001")
    page = carl_at_work.post(CANCEL, form, follow=True)
    assert "1 cancelled" in page.text
    assert states() == {1: "cancelled", 2: "pending", 3: "sending", 4: "pending"}


def test_more_than_was_asked_about_is_asked_about_again(carl_at_work):
    building.item(pk=1, state=State.ATTENTION)
    building.item(pk=2, state=State.PENDING)
    building.item(pk=3, state=State.ATTENTION)
    form = asked(carl_at_work, scope="all", query="state=attention")
    Item.objects.filter(pk=2).update(state=State.ATTENTION, reason="No.")
    page = carl_at_work.post(CANCEL, form).text
    assert "Meanwhile it has become more." in page
    assert "Cancel 3 items?" in page
    assert WHY in page
    assert set(states().values()) == {"attention"}


@pytest.mark.parametrize("query", ["state=bogus", "kind=bogus"])
def test_a_filter_that_makes_no_sense_means_nothing(carl_at_work, query):
    building.item(pk=1)
    page = carl_at_work.post(CANCEL, {"scope": "all", "query": query}, follow=True)
    assert "Nothing was selected." in page.text
    assert states() == {1: "pending"}


@pytest.mark.parametrize("confirmed", ["yes", "-1", "0", "", "9" * 40])
def test_a_made_up_confirmation_without_a_reason_cancels_nothing(carl_at_work, confirmed):
    building.item(pk=1)
    assert "Cancel 1 item?" in carl_at_work.post(CANCEL, {"only": "1", "confirmed": confirmed}).text
    assert states() == {1: "pending"}


def test_the_queue_offers_what_somebody_may_do(carl_at_work, sam_at_work, vera_at_work):
    building.item(pk=1, state=State.ATTENTION)
    building.item(pk=2, state=State.PENDING)
    building.item(pk=3, state=State.IN_DOUBT)
    cancels, sends, looks = (b.get("/staff/queue/").text for b in (carl_at_work, sam_at_work, vera_at_work))
    assert "Cancel all 2…" in cancels
    assert "Send " not in cancels
    assert re.search(r'aria-label="Choose number 3" disabled', cancels)
    assert not re.search(r'aria-label="Choose number 1" disabled', cancels)
    assert "Cancel" not in re.sub(r"<option.*?</option>", "", sends)
    assert "Send all 3 again" in sends
    assert "Choose number" not in looks


def test_a_thousand_items_cost_no_more_questions_to_the_database_than_three(carl_at_work):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert carl_at_work.post(CANCEL, {"scope": "all", "query": ""}).status_code == 200
        return len(seen)

    for _ in range(3):
        building.item()
    few = queries()
    for _ in range(60):
        building.item()
    assert queries() == few
