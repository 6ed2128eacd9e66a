"""The dashboard: is Engage there, what waits, what happened in the last hour."""

import re
from datetime import timedelta

import pytest

from contacts.models import Feed
from engage_portal.core import clock
from engage_portal.outbox.models import EngageLine, Heartbeat, Outcome
from engage_portal.outbox.states import State
from tests.pages import building

pytestmark = pytest.mark.django_db


def words(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)).replace("\N{NO-BREAK SPACE}", " ")


def test_a_new_portal_says_that_all_is_well(sam_at_work):
    page = words(sam_at_work.get("/staff/"))
    for sentence in ("Engage is answering", "Nothing has been sent yet.", "No worker yet", "Nothing waits."):
        assert sentence in page


def test_an_outage_is_told_with_since_when_and_what_is_next(sam_at_work):
    building.engage_is_down(minutes=34)
    page = words(sam_at_work.get("/staff/"))
    assert "Engage is down since" in page
    assert "For 34 minutes." in page
    assert "Next try in" in page
    assert "No answer within the time limit." in page


@pytest.mark.parametrize(
    ("worker", "told"), [(True, "It is being tested now."), (False, "as soon as a worker runs.")]
)
def test_a_test_of_the_line_that_is_due_is_told(sam_at_work, worker, told):
    building.engage_is_down()
    EngageLine.objects.update(opened_at=clock.now() - timedelta(minutes=2))
    if worker:
        building.worker_is_alive()
    page = words(sam_at_work.get("/staff/"))
    assert told in page
    assert "Next try" not in page


def test_the_last_answer_is_told_while_engage_is_up(sam_at_work):
    EngageLine.objects.create(pk="default", last_answer_at=clock.now() - timedelta(minutes=3))
    assert "Last answer 3 minutes ago." in words(sam_at_work.get("/staff/"))


def test_a_worker_that_is_gone_is_noticed(sam_at_work):
    building.worker_is_alive()
    assert "Worker running" in sam_at_work.get("/staff/").text
    Heartbeat.objects.update(beat_at=clock.now() - timedelta(minutes=7))
    assert "Worker last seen 7 minutes ago" in words(sam_at_work.get("/staff/"))


def test_counts_by_state_lead_to_the_filtered_queue(sam_at_work):
    for state, number in ((State.PENDING, 3), (State.ATTENTION, 2), (State.DELIVERED, 1)):
        for _ in range(number):
            building.item(state=state)
    page = sam_at_work.get("/staff/").text
    for state, number in (("pending", 3), ("attention", 2), ("delivered", 1), ("sending", 0)):
        tile = re.search(rf'<a id="tile-{state}".*?</a>', page)[0]
        assert f'href="/staff/queue/?state={state}"' in tile
        assert f">{number}<" in tile
    assert "tile-spooled" not in page


def test_what_waits_is_told_by_kind_with_the_oldest(sam_at_work):
    building.item(pk=7, kind="contact.create", created_at=clock.now() - timedelta(hours=2))
    building.item(kind="receipt.post", state=State.ATTENTION)
    page = sam_at_work.get("/staff/")
    assert "New contact" in page.text
    assert 'href="/staff/queue/?kind=receipt.post"' in page.text
    assert 'href="/staff/queue/7/"' in page.text
    assert "The oldest has waited for 2 hours" in words(page)


def test_the_last_hour_is_a_picture_and_the_same_as_a_table(sam_at_work):
    of = building.item()
    building.attempt(of, Outcome.DONE, minutes_ago=10)
    building.attempt(of, Outcome.REFUSED, minutes_ago=10)
    page = sam_at_work.get("/staff/").text
    assert "1 arrived and 1 failed in the last hour; the busiest minute had 2." in page
    assert page.count('class="chart-good"') == page.count('class="chart-bad"') == 1
    rows = re.search(r'<tbody id="board-minutes".*?</tbody>', page, re.DOTALL)[0]
    assert rows.count("<tr>") == 60
    assert '<td class="amount">1</td><td class="amount">1</td>' in rows


def test_the_live_part_is_pieces_of_the_same_page(sam_at_work):
    building.item()
    whole, live = sam_at_work.get("/staff/").text, sam_at_work.get("/staff/?live").text
    assert "<html" not in live
    for piece in ("board-line", "board-tiles", "board-chart", "board-minutes", "board-waits", "board-pauses"):
        assert f'id="{piece}"' in whole
        assert f'id="{piece}"' in live
    assert live.count("hx-swap-oob") == 9
    assert "hx-swap-oob" not in whole


def test_large_numbers_are_readable(sam_at_work, monkeypatch):
    from engage_portal.outbox import selectors

    monkeypatch.setattr(selectors, "counts", lambda: {State.PENDING: 1234567})
    assert "1,234,567" in sam_at_work.get("/staff/").text


def test_staff_see_that_the_copy_does_not_follow_engage_and_why(vera_at_work):
    for name in ("Created", "Updated", "Deleted"):
        Feed.objects.create(name=name, problem="Engage refuses the list (403).", problem_since=clock.now())
    page = vera_at_work.get("/staff/").content.decode()
    assert page.count("The copy of the contacts does not follow Engage since") == 1
    assert "Engage refuses the list (403)." in page
