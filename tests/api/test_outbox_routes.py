"""`/api/portal/v1/outbox`: what waits of one's own store, why, sending it again, giving it up."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from engage_portal.outbox import pauses
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.api.talking import OUTBOX, RECEIPTS, code_of, deliver_all, items
from tests.conftest import client_with
from tests.pages import building

pytestmark = pytest.mark.django_db


def make(store: str = "101", state: str = State.PENDING, **members) -> Item:
    return building.item(state=State(state), **{"store": store, "reason": "why", **members})


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
        "id", "kind", "state", "channel", "store", "reference", "reasonCode", "reason", "tries", "createdAt",
        "notBefore", "finishedAt", "waitsFor", "nextStep", "timeline",
    }  # fmt: skip
    assert (shown["kind"], shown["state"], shown["store"], shown["reference"]) == (
        "receipt.post",
        "attention",
        "101",
        "101-1",
    )
    assert "REFUSE" in shown["reason"]
    assert shown["nextStep"].startswith("It needs a person")
    assert set(shown["timeline"][0]) == {"at", "title", "detail", "via", "durationMs"}
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
            for answer in (
                till.get(f"{OUTBOX}/{pk}"),
                till.post(f"{OUTBOX}/{pk}/retry"),
                till.post(f"{OUTBOX}/{pk}/cancel", {"reason": "Sold twice."}),
            ):
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

    def test_what_is_paused_is_not_promised(self, engage, till):
        item = make(state=State.ATTENTION)
        pauses.pause(by="sam", reason="Wrong prices.", store="101")
        message = till.post(f"{OUTBOX}/{item.pk}/retry").json()["message"]
        assert message.endswith("1 of them is paused and goes when the pause is over.")
        shown = till.get(f"{OUTBOX}/{item.pk}").json()
        assert shown["nextStep"].startswith("It waits: everything of store 101 is paused.")

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


class TestCancel:
    REASON = {"reason": "Sold twice."}

    @pytest.mark.parametrize("state", [State.PENDING, State.ATTENTION])
    def test_what_waits_or_needs_attention_is_given_up_with_who_and_why(self, engage, till, state):
        item = make(state=state)
        answer = till.post(f"{OUTBOX}/{item.pk}/cancel", {"reason": " Sold\n twice. "})
        assert answer.status_code == 200
        shown = answer.json()
        assert (shown["id"], shown["state"], shown["reason"]) == (item.pk, "cancelled", "Sold twice.")
        assert shown["finishedAt"]
        last = till.get(f"{OUTBOX}/{item.pk}").json()["timeline"][-1]
        assert (last["title"], last["detail"]) == ("Cancelled by till-101-1", "Sold twice.")
        deliver_all()
        assert not engage.engage.requests

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            (State.SENDING, "ItemOnItsWay"),
            (State.IN_DOUBT, "ItemOnItsWay"),
            (State.SPOOLED, "ItemOnItsWay"),
            (State.ACCEPTED, "ItemSettled"),
            (State.DELIVERED, "ItemSettled"),
            (State.CANCELLED, "ItemSettled"),
            (State.SUPERSEDED, "ItemSettled"),
        ],
    )
    def test_what_is_on_its_way_or_settled_is_409_and_stays_so(self, engage, till, state, code):
        item = make(state=state)
        answer = till.post(f"{OUTBOX}/{item.pk}/cancel", self.REASON)
        assert (answer.status_code, code_of(answer)) == (409, code)
        assert answer.json()["message"]
        item.refresh_from_db()
        assert (item.state, item.reason) == (state, "why")
        assert not item.events.exists()

    @pytest.mark.parametrize(
        "body",
        [
            None,
            {},
            [],
            ["reason"],
            "Sold twice.",
            {"why": "Sold twice."},
            {"reason": None},
            {"reason": 7},
            {"reason": ["Sold twice."]},
            {"reason": ""},
            {"reason": " \n\t"},
            {"reason": "x" * 301},
            {"reason": "a\x00b"},
        ],
    )
    def test_without_a_reason_that_will_do_it_is_400_and_nothing_changes(self, engage, till, body):
        item = make()
        answer = till.post(f"{OUTBOX}/{item.pk}/cancel", body)
        assert (answer.status_code, code_of(answer)) == (400, "InvalidReason")
        (complaint,) = answer.json()["validationErrors"]
        assert complaint["field"] == "reason"
        assert complaint["errorDescription"] == answer.json()["message"]
        item.refresh_from_db()
        assert item.state == State.PENDING
        assert not item.events.exists()

    def test_the_longest_reason_is_kept_whole(self, engage, till):
        answer = till.post(f"{OUTBOX}/{make().pk}/cancel", {"reason": "å" * 300})
        assert answer.json()["reason"] == "å" * 300

    def test_a_repeated_call_gets_the_first_answer_under_its_key_and_409_without(self, engage, till):
        item = make()
        path = f"{OUTBOX}/{item.pk}/cancel"
        answers = [till.post(path, self.REASON, HTTP_IDEMPOTENCY_KEY="one") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert till.post(path, self.REASON).status_code == 409
        assert item.events.count() == 1

    def test_a_key_for_every_store_may_cancel_in_each(self, engage, api_key):
        shop = client_with(api_key(name="shop", store=""))
        assert shop.post(f"{OUTBOX}/{make(store='102').pk}/cancel", self.REASON).status_code == 200

    def test_what_waited_behind_it_goes(self, engage, till):
        first = make(state=State.ATTENTION, kind="contact.create")
        second = make(stream=first.stream)
        assert till.get(f"{OUTBOX}/{second.pk}").json()["waitsFor"] == first.pk
        till.post(f"{OUTBOX}/{first.pk}/cancel", self.REASON)
        assert till.get(f"{OUTBOX}/{second.pk}").json()["waitsFor"] is None
