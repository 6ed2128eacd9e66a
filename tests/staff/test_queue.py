"""The queue: newest first, narrowed by state, kind, store and text, a page at a time."""

import re

import pytest

from engage_portal.outbox.states import State
from tests.pages import building

pytestmark = pytest.mark.django_db


@pytest.fixture
def some(db):
    building.item(pk=1, kind="receipt.post", store="1001", reference="S1001-5001")
    building.item(pk=2, kind="contact.create", store="1002", state=State.ATTENTION)
    building.item(pk=3, kind="receipt.post", store="1002", reference="S1002-7001", state=State.DELIVERED)


def shown(browser, query="") -> list[int]:
    return [
        int(pk)
        for pk in re.findall(r'<a href="/staff/queue/(\d+)/">', browser.get(f"/staff/queue/{query}").text)
    ]


def test_an_empty_queue_says_so(sam_at_work):
    assert "The queue is empty." in sam_at_work.get("/staff/queue/").text


@pytest.mark.parametrize(
    ("query", "pks"),
    [
        ("", [3, 2, 1]),
        ("?state=attention", [2]),
        ("?state=attention&state=delivered", [3, 2]),
        ("?kind=receipt.post", [3, 1]),
        ("?store=1002", [3, 2]),
        ("?text=S1001", [1]),
        ("?text=3", [3]),
        ("?text=not+valid", [2]),
        ("?state=&kind=&store=&text=", [3, 2, 1]),
        ("?kind=receipt.post&store=1001&text=S10", [1]),
    ],
)
def test_the_filter_narrows_the_list(sam_at_work, some, query, pks):
    assert shown(sam_at_work, query) == pks


def test_the_filter_stays_in_its_fields(sam_at_work, some):
    page = sam_at_work.get('/staff/queue/?state=attention&kind=contact.create&store=1002&text="><b>').text
    assert '<option value="attention" selected>' in page
    assert '<option value="contact.create" selected>' in page
    assert 'name="store" value="1002"' in page
    assert "<b>" not in page
    assert "Nothing matches your filter." in page


@pytest.mark.parametrize("query", ["?state=bogus", "?kind=bogus", "?page=999", "?page=x", "?text=%00"])
def test_nonsense_is_no_error(sam_at_work, some, query):
    assert sam_at_work.get(f"/staff/queue/{query}").status_code == 200


def test_twenty_five_items_stand_on_a_page_and_the_filter_is_kept(sam_at_work):
    for _ in range(30):
        building.item(store="1001")
    page = sam_at_work.get("/staff/queue/?store=1001").text
    assert "Page 1 of 2" in page
    assert 'href="?store=1001&amp;page=2"' in page
    assert len(shown(sam_at_work, "?store=1001&page=2")) == 5


def test_why_an_item_waits_stands_beside_it(sam_at_work):
    building.item(state=State.ATTENTION, reason="storeExternalId is not known", tries=2)
    page = sam_at_work.get("/staff/queue/").text
    assert "storeExternalId is not known" in page
    assert "2 tries" in page


def test_a_kind_that_no_app_knows_any_more_is_still_shown(sam_at_work):
    building.item(pk=5, kind="voucher.redeem")
    assert "voucher.redeem" in sam_at_work.get("/staff/queue/").text


def test_what_cannot_be_sent_again_cannot_be_ticked(sam_at_work):
    building.item(pk=1, state=State.DELIVERED)
    page = sam_at_work.get("/staff/queue/").text
    assert re.search(r'value="1" aria-label="Choose number 1" disabled', page)
    assert "Send all" not in page


def test_the_live_part_gives_the_state_of_the_shown_rows_only(sam_at_work, some):
    live = sam_at_work.get("/staff/queue/live/?row=1&row=2&newest=2").text
    assert re.findall(r'id="state-(\d+)" hx-swap-oob', live) == ["2", "1"]
    assert "Show 1 new item<" in live
    assert "<table" not in live


def test_the_live_part_counts_what_is_new_within_the_filter(sam_at_work, some):
    live = sam_at_work.get("/staff/queue/live/?store=1001&newest=1&query=store%3D1001").text
    assert "new item" not in live


@pytest.mark.parametrize(
    "query", ["?row=x&newest=x", "?row=" + "9" * 30, "?newest=" + "9" * 30, "?row=-1", ""]
)
def test_the_live_part_survives_nonsense(sam_at_work, some, query):
    assert sam_at_work.get(f"/staff/queue/live/{query}").status_code == 200
