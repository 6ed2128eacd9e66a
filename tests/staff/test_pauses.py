"""Stopping the queue, or a part of it, and letting it go on."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engage_portal.accounts.templatetags.portal import time
from engage_portal.core import clock
from engage_portal.outbox import pauses
from engage_portal.outbox.models import Item, Pause
from engage_portal.outbox.states import State
from tests.pages import building

pytestmark = pytest.mark.django_db

PAGE, START = "/staff/pauses/", "/staff/pauses/start/"
WHY = "The price list is wrong."


def words(page) -> str:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r" ([.,:])", r"\1", text)


def test_an_empty_page_says_that_nothing_is_paused(vera_at_work):
    page = words(vera_at_work.get(PAGE))
    assert "Nothing is paused." in page
    assert "There were none." in page


@pytest.mark.parametrize(
    ("kind", "store", "scope", "held"),
    [
        ("", "", "Everything", 5),
        ("receipt.post", "", "Every receipt", 3),
        ("", "101", "Everything of store 101", 3),
        ("receipt.post", "101", "Every receipt of store 101", 2),
    ],
)
def test_a_pause_stands_there_with_who_why_and_how_many_it_holds(paula_at_work, kind, store, scope, held):
    for kind_of, store_of in (
        ("receipt.post", "101"), ("receipt.post", "102"), ("contact.create", "101"), ("contact.create", "102"),
    ):  # fmt: skip
        building.item(kind=kind_of, store=store_of)
    building.item(kind="receipt.post", store="101", state=State.IN_DOUBT)
    building.item(kind="receipt.post", store="101", state=State.SENDING)
    building.item(kind="receipt.post", store="101", state=State.ATTENTION)
    answer = paula_at_work.post(START, {"kind": kind, "store": f" {store} ", "reason": WHY}, follow=True)
    page = words(answer)
    assert f"{scope} is paused." in page
    assert WHY in page
    assert "By paula since" in page
    assert f"{held} items wait." in page
    link = re.search(r'href="(/staff/queue/\?[^"]*state=pending[^"]*)"', answer.text)[1].replace("&amp;", "&")
    assert f"{held} items match your filter" in words(paula_at_work.get(link))
    assert [(pause.kind, pause.store) for pause in pauses.running()] == [(kind, store)]


def test_a_pause_that_holds_nothing_says_so(paula_at_work):
    pauses.pause(by="sam", reason=WHY)
    assert "Nothing waits because of it." in words(paula_at_work.get(PAGE))


@pytest.mark.parametrize(
    ("form", "field", "error"),
    [
        ({"reason": ""}, "reason", "Please say why."),
        ({"reason": "  "}, "reason", "Please say why."),
        ({"reason": "x" * 301}, "reason", "Please use at most 300 characters."),
        ({"reason": WHY, "kind": "voucher"}, "kind", "Please choose one of the list."),
        ({"reason": WHY, "store": "1" * 101}, "store", "at most 100 characters"),
        ({"reason": WHY, "store": "1\x00"}, "store", "Null characters"),
    ],
)
def test_what_will_not_do_is_told_at_its_field_and_pauses_nothing(paula_at_work, form, field, error):
    page = paula_at_work.post(START, {"store": "101", **form}).text
    assert re.search(rf'id="id_{field}_error">[^<]*{error}', page)
    assert form["reason"] in page
    assert not Pause.objects.exists()


def test_what_is_paused_already_is_said_so_and_the_form_keeps_what_was_typed(paula_at_work):
    pauses.pause(by="sam", reason="Before.", kind="receipt.post", store="101")
    page = paula_at_work.post(START, {"kind": "receipt.post", "store": "101", "reason": WHY}).text
    assert "This is paused already." in page
    assert '<option value="receipt.post" selected>' in page
    assert 'value="101"' in page
    assert WHY in page
    assert Pause.objects.count() == 1


def test_letting_go_ends_one_pause_and_keeps_who_did_it(paula_at_work):
    one = pauses.pause(by="sam", reason=WHY, store="101")
    other = pauses.pause(by="sam", reason="Another reason.", store="102")
    parked = building.item(store="101", is_parked=True)
    page = words(paula_at_work.post(f"/staff/pauses/{one.pk}/end/", follow=True))
    assert "Everything of store 101: the pause is over." in page
    assert re.search(r"sam paused it at .*, paula let it go on at", page)
    assert list(pauses.running()) == [other]
    assert not Item.objects.get(pk=parked.pk).is_parked


def test_a_pause_that_somebody_ended_meanwhile_is_said_so(paula_at_work):
    pause = pauses.pause(by="sam", reason=WHY)
    pauses.resume(by="sam", pauses=[pause])
    page = words(paula_at_work.post(f"/staff/pauses/{pause.pk}/end/", follow=True))
    assert "Somebody has ended this pause already." in page
    assert Pause.objects.get().ended_by == "sam"


@pytest.mark.parametrize("pk", ["0", "999", "9" * 30])
def test_a_pause_that_never_was_is_not_found(paula_at_work, pk):
    assert paula_at_work.post(f"/staff/pauses/{pk}/end/").status_code == 404


def test_only_the_latest_twenty_past_pauses_are_shown(vera_at_work):
    for number in range(22):
        pauses.resume(by="sam", pauses=[pauses.pause(by="sam", reason=f"Number {number}.")])
    page = vera_at_work.get(PAGE).text
    assert "Number 21." in page
    assert "Number 2." in page
    assert "Number 1." not in page


def test_who_may_only_look_sees_no_form_and_no_button(vera_at_work):
    pauses.pause(by="sam", reason=WHY)
    page = vera_at_work.get(PAGE).text
    assert WHY in page
    assert "Let it go on" not in page
    assert "Pause the queue" not in page


def test_a_reason_is_text_and_nothing_else(paula_at_work):
    pauses.pause(by="sam", reason="<b>bold</b>", store="<i>1</i>")
    building.item()
    for path in (PAGE, "/staff/"):
        page = paula_at_work.get(path).text
        assert "&lt;b&gt;bold&lt;/b&gt;" in page
        assert "<b>bold" not in page
        assert "<i>1" not in page


def test_many_pauses_cost_no_more_questions_to_the_database_than_one(paula_at_work):
    def queries() -> list[int]:
        found = []
        for path in (PAGE, "/staff/", "/staff/?live", "/staff/queue/"):
            with CaptureQueriesContext(connection) as seen:
                paula_at_work.get(path)
            found.append(len(seen))
        return found

    building.item()
    pauses.pause(by="sam", reason=WHY, store="1")
    few = queries()
    for number in range(2, 20):
        building.item(store=str(number))
        pauses.pause(by="sam", reason=WHY, store=str(number))
        pauses.resume(by="sam", pauses=[pauses.pause(by="sam", reason=WHY, store=f"past {number}")])
    assert queries() == few


class TestElsewhere:
    def test_the_dashboard_tells_of_a_pause_and_its_live_part_too(self, vera_at_work):
        for path in ("/staff/", "/staff/?live"):
            assert "paused" not in words(vera_at_work.get(path))
        pauses.pause(by="sam", reason=WHY, store="101")
        for path in ("/staff/", "/staff/?live"):
            page = words(vera_at_work.get(path))
            assert "A part of the queue is paused" in page
            assert f"Everything of store 101, by sam since {clock_time()} today: {WHY}" in page
        pauses.pause(by="sam", reason="A flood.")
        assert "The queue is paused" in words(vera_at_work.get("/staff/?live"))

    def test_an_item_says_that_it_waits_because_of_a_pause_and_why(self, vera_at_work):
        held = building.item(store="101", tries=2, not_before=clock.now() + timedelta(minutes=9))
        free = building.item(store="102")
        pauses.pause(by="sam", reason=WHY, kind="receipt.post", store="101")
        page = words(vera_at_work.get(f"/staff/queue/{held.pk}/"))
        assert "It waits: every receipt of store 101 is paused." in page
        assert WHY in page
        assert "Next try" not in page
        assert "paused" not in words(vera_at_work.get(f"/staff/queue/{free.pk}/"))

    @pytest.mark.parametrize("state", State.values)
    def test_only_what_would_go_waits_because_of_a_pause(self, vera_at_work, state):
        item = building.item(state=State(state))
        pauses.pause(by="sam", reason=WHY)
        is_held = state in {State.PENDING, State.IN_DOUBT}
        assert (WHY in vera_at_work.get(f"/staff/queue/{item.pk}/").text) is is_held
        for path in ("/staff/queue/", f"/staff/queue/live/?row={item.pk}"):
            assert (">Paused<" in vera_at_work.get(path).text) is is_held


def clock_time() -> str:
    return time(pauses.current().running[0].started_at)
