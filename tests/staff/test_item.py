"""One item: why it stands where it stands, what is next, and everything that happened."""

import pytest

from engage_portal.fallback.models import SpoolFile
from engage_portal.outbox.models import Item, Outcome
from engage_portal.outbox.states import Channel, State
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
        "It needs a person",
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


def test_the_way_it_went_stands_there_with_engages_batch(sam_at_work):
    item = building.item(state=State.ACCEPTED, channel=Channel.BULK)
    building.attempt(item, Outcome.TAKEN_IN, channel=Channel.BULK, batch_id="b-77")
    building.attempt(item, Outcome.NO_ANSWER, minutes_ago=2)
    page = page_of(sam_at_work, item)
    assert "<dt>Channel</dt><dd>Bulk API</dd>" in page
    assert page.count('<p class="timeline-detail">Bulk API, Engage’s batch b-77</p>') == 1
    assert "batch b-77" not in page_of(sam_at_work, building.item())


@pytest.mark.parametrize(
    ("state", "heading"),
    [
        (State.CANCELLED, "Why it was given up"),
        (State.ATTENTION, "Why it stopped"),
        (State.PENDING, "Why it waits"),
    ],
)
def test_the_reason_is_headed_by_what_it_explains(sam_at_work, state, heading):
    page = page_of(sam_at_work, building.item(state=state, reason="Because.", reason_code=""))
    assert f'<h2 id="reason-title">{heading}</h2>' in page


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


def test_the_file_that_has_it_is_linked(sam_at_work):
    file = SpoolFile.objects.create(file_type="transactions")
    there = building.item(state=State.SPOOLED)
    Item.objects.filter(pk=there.pk).update(spool_file=file.key)
    assert f'<a href="/staff/files/{file.pk}/">File {file.pk}</a>' in page_of(sam_at_work, there)


@pytest.mark.parametrize("pk", ["0", "999", "9" * 25])
def test_an_item_that_does_not_exist_is_not_found(sam_at_work, pk):
    assert sam_at_work.get(f"/staff/queue/{pk}/").status_code == 404


def test_what_is_due_without_a_worker_says_so(sam_at_work):
    assert "It is due, but no worker is running." in page_of(sam_at_work, building.item())


def test_what_went_in_a_bulk_call_says_that_it_has_to_be_seen(sam_at_work):
    page = page_of(sam_at_work, building.item(state=State.IN_DOUBT, channel=Channel.BULK))
    assert "It went in a bulk call." in page
    assert "may have arrived" not in page
