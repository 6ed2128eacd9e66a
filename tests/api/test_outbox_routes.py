"""`/api/portal/v1/outbox`: what waits of one's own store, why, and sending it again."""

from datetime import timedelta
from uuid import uuid4

import pytest

from engage_portal.core import clock
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.api.talking import OUTBOX, RECEIPTS, code_of, deliver_all, items
from tests.conftest import client_with

pytestmark = pytest.mark.django_db


def make(store: str = "101", state: str = State.PENDING, **members) -> Item:
    finished = (
        None if state in {State.PENDING, State.ATTENTION, State.IN_DOUBT, State.SENDING} else clock.now()
    )
    lease = {"lease_token": uuid4(), "lease_until": clock.now()} if state == State.SENDING else {}
    defaults = {
        "kind": "receipt.post",
        "subject_id": uuid4(),
        "stream": f"s:{uuid4()}",
        "finished_at": finished,
    }
    return Item.objects.create(
        **{**defaults, **lease, "store": store, "state": state, "reason": "why", **members}
    )


def ids(answer) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [item["id"] for item in answer.json()["items"]]


def test_the_list_is_newest_first_and_paged(engage, till):
    made = [make().pk for _ in range(5)]
    answer = till.get(OUTBOX, {"offset": 1, "count": 2})
    assert ids(answer) == [made[3], made[2]]
    assert {key: answer.json()[key] for key in ("totalCount", "offset", "count")} == {
        "totalCount": 5,
        "offset": 1,
        "count": 2,
    }


def test_an_item_is_shown_in_camel_case_with_its_history(engage, till, receipt_body):
    till.post(RECEIPTS, receipt_body("101-1", article="REFUSE"))
    deliver_all()
    (item,) = items()
    shown = till.get(f"{OUTBOX}/{item.pk}").json()
    assert set(shown) == {
        "id", "kind", "state", "store", "reference", "reasonCode", "reason", "tries", "createdAt", "notBefore",
        "finishedAt", "waitsFor", "timeline",
    }  # fmt: skip
    assert (shown["kind"], shown["state"], shown["store"], shown["reference"]) == (
        "receipt.post",
        "attention",
        "101",
        "101-1",
    )
    assert "REFUSE" in shown["reason"]
    assert shown["timeline"][0]["title"].startswith("Queued by till-101-1")
    assert any("POST /api/v3/receipts" in entry["title"] for entry in shown["timeline"])
    assert "payload" not in str(shown)


def test_filters_narrow_the_list(engage, till, api_key):
    shop = client_with(api_key(name="shop", store=""))
    one = make(reference="101-777")
    two = make(store="102", state=State.ATTENTION, kind="contact.update", reason_code="ValidationError")
    three = make(state=State.DELIVERED)
    for query, wanted in (
        ({}, [three, two, one]),
        ({"state": "attention"}, [two]),
        ({"state": ["attention", "delivered"]}, [three, two]),
        ({"kind": "contact.update"}, [two]),
        ({"store": "102"}, [two]),
        ({"text": "101-7"}, [one]),
        ({"text": "validationerror"}, [two]),
        ({"text": str(three.pk)}, [three]),
        ({"text": "%"}, []),
        ({"text": "9" * 30}, []),
        ({"state": "attention", "kind": "receipt.post"}, []),
    ):
        assert ids(shop.get(OUTBOX, query)) == [item.pk for item in wanted], query


@pytest.mark.parametrize(
    "query",
    [
        {"state": "waiting"},
        {"state": ["attention", "x"]},
        {"kind": "receipt"},
        {"offset": "-1"},
        {"offset": "10001"},
        {"offset": "9" * 5000},
        {"count": "0"},
        {"count": "501"},
        {"count": "ten"},
        {"text": "\x00"},
        {"store": "a\x00"},
    ],
)
def test_a_bad_filter_is_named(engage, till, query):
    answer = till.get(OUTBOX, query)
    assert (answer.status_code, code_of(answer)) == (400, "ParseError")
    assert next(iter(query)) in answer.json()["message"]


class TestAnotherStore:
    """One till can never see, or move, what belongs to another store."""

    @pytest.fixture
    def theirs(self, engage):
        return make(store="102", state=State.ATTENTION, reference="102-1")

    def test_is_not_listed(self, till, theirs):
        mine = make()
        for query in (
            {},
            {"store": "102"},
            {"text": "102-1"},
            {"state": "attention"},
            {"text": str(theirs.pk)},
        ):
            assert theirs.pk not in ids(till.get(OUTBOX, query))
        assert ids(till.get(OUTBOX)) == [mine.pk]
        assert till.get(OUTBOX).json()["totalCount"] == 1

    def test_is_404_as_what_never_was(self, till, theirs):
        for pk in (theirs.pk, theirs.pk + 1000, 9223372036854775807, 10**30):
            for answer in (till.get(f"{OUTBOX}/{pk}"), till.post(f"{OUTBOX}/{pk}/retry")):
                assert (answer.status_code, code_of(answer)) == (404, "NotFound"), pk
        theirs.refresh_from_db()
        assert theirs.state == State.ATTENTION
        assert not theirs.events.exists()

    def test_is_not_shown_as_what_mine_waits_for(self, till, theirs):
        mine = make(stream=theirs.stream)
        shown = till.get(f"{OUTBOX}/{mine.pk}").json()
        assert "102-1" not in str(shown)

    def test_belongs_to_nobody_where_the_store_is_empty(self, till, engage):
        nobodys = make(store="")
        assert till.get(f"{OUTBOX}/{nobodys.pk}").status_code == 404

    def test_is_seen_by_a_key_for_every_store(self, api_key, theirs):
        shop = client_with(api_key(name="shop", store=""))
        assert ids(shop.get(OUTBOX)) == [theirs.pk]
        assert shop.post(f"{OUTBOX}/{theirs.pk}/retry").status_code == 202


class TestRetry:
    def test_attention_becomes_due_and_says_who_did_it(self, engage, till):
        item = make(state=State.ATTENTION, tries=4)
        answer = till.post(f"{OUTBOX}/{item.pk}/retry")
        assert (answer.status_code, answer.json()["state"]) == (202, "pending")
        assert answer.json()["message"].startswith("1 queued")
        timeline = till.get(f"{OUTBOX}/{item.pk}").json()["timeline"]
        assert "till-101-1" in timeline[-1]["title"]

    def test_what_waits_is_due_now(self, engage, till):
        item = make(not_before=clock.now() + timedelta(hours=1))
        assert till.post(f"{OUTBOX}/{item.pk}/retry").status_code == 202
        item.refresh_from_db()
        assert item.not_before <= clock.now()

    @pytest.mark.parametrize("state", [State.SENDING, State.DELIVERED, State.ACCEPTED, State.CANCELLED])
    def test_what_is_on_its_way_or_settled_stays_so(self, engage, till, state):
        item = make(state=state)
        answer = till.post(f"{OUTBOX}/{item.pk}/retry")
        assert (answer.status_code, answer.json()["state"]) == (200, state)
        assert answer.json()["message"].startswith("0 queued")

    def test_it_reaches_engage_once_the_reason_is_gone(self, engage, till, receipt_body):
        till.post(RECEIPTS, receipt_body("101-1", article="REFUSE"))
        deliver_all()
        engage.engage.configure(refuse_article=False)
        (item,) = items()
        assert till.post(f"{OUTBOX}/{item.pk}/retry").status_code == 202
        deliver_all()
        assert till.get(f"{OUTBOX}/{item.pk}").json()["state"] == "accepted"
        assert engage.engage.posted("101-1") == 1
