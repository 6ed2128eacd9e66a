from types import SimpleNamespace

import httpx
import pytest

from engage_portal.sandbox import seeds
from engage_portal.sandbox.faults import MODES
from tests.sandbox.payloads import receipt

COUNT = "/api/v2/contacts/count"
RECEIPTS = "/api/v3/receipts"


@pytest.mark.parametrize(
    ("mode", "status", "starts"),
    [
        ("500", 500, '{"message": "An error has occurred."}'),
        ("504", 504, "<html>"),
        ("html503", 503, "<html>"),
        ("429", 429, ""),
        ("422", 422, '{"errorCode": "ValidationError"'),
    ],
)
def test_an_answering_fault_answers_and_does_nothing(api, engage, mode, status, starts):
    engage.faults.set(mode)
    answer = api.post(RECEIPTS, json=receipt())
    assert (answer.status_code, answer.text.startswith(starts)) == (status, True)
    assert "retry-after" not in answer.headers
    engage.faults.clear()
    assert engage.received == {}


def test_429_may_name_its_wait(api, engage):
    engage.faults.set("429", retry_after=7)
    assert api.get(COUNT).headers["retry-after"] == "7"


def test_slow_waits_and_then_answers(api, engage, monkeypatch):
    waited = []
    monkeypatch.setattr("engage_portal.sandbox.app.time", SimpleNamespace(sleep=waited.append))
    engage.faults.set("slow", delay_ms=1500)
    assert api.get(COUNT).status_code == 200
    assert waited == [1.5]


def test_down_drops_before_anything_happens(api, engage):
    engage.faults.set("down")
    with pytest.raises(httpx.RemoteProtocolError):
        api.post(RECEIPTS, json=receipt())
    engage.faults.clear()
    assert engage.received == {}


def test_hang_is_a_timeout_where_nobody_can_wait(api, engage):
    engage.faults.set("hang")
    with pytest.raises(httpx.ReadTimeout):
        api.get(COUNT)


def test_what_was_struck_before_the_faults_were_cleared_goes_on(engage):
    engage.faults.set("hang", times=1)
    fault = engage.faults.strike("GET " + COUNT, writes=False)
    engage.faults.clear()
    assert engage.faults.wait_for_release(fault, lambda: True)


def test_a_lost_answer_takes_effect_first(api, engage):
    engage.faults.set("lost_answer", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        api.post("/api/v3/contacts", json={"email": "erik@example.com"})
    assert api.post("/api/v3/contacts", json={"email": "erik@example.com"}).status_code == 409


def test_not_processed_says_yes_and_does_nothing(api, engage):
    engage.faults.set("not_processed")
    before = engage.contacts
    made = api.post("/api/v3/contacts", json={"email": "erik@example.com"})
    redeem = f"/api/v3/promotion-assignments/{seeds.ANNA_PERCENT_ID}/redeem"
    assert made.status_code == 201
    assert api.post(redeem, json={"redemptionChannel": "ECOM"}).status_code == 200
    assert api.post(RECEIPTS, json=receipt("till-1")).status_code == 202
    assert api.get(COUNT).json() == 5  # a read is not touched
    engage.advance(900)
    assert engage.contacts == before
    assert engage.redemptions == []
    assert (engage.posted("till-1"), engage.received["till-1"]["state"]) == (1, "swallowed")


def test_a_receipt_that_was_not_processed_is_no_duplicate(api, engage):
    engage.faults.set("not_processed", times=1)
    api.post(RECEIPTS, json=receipt("till-1"))
    api.post(RECEIPTS, json=receipt("till-1"))
    engage.advance(2)
    assert engage.receipts["till-1"]["posted"] == 2


def test_not_processed_still_refuses_what_is_wrong(api, engage):
    engage.faults.set("not_processed")
    assert api.post(RECEIPTS, json={"no": "receipt"}).status_code == 422


def test_a_fault_holds_for_one_endpoint_only(api, engage):
    engage.faults.set("500", endpoint="POST /api/v3/receipts")
    assert api.post(RECEIPTS, json=receipt()).status_code == 500
    assert api.post("/api/v2/receipts", json=receipt()).status_code == 202
    assert api.get(COUNT).status_code == 200


def test_a_path_template_meets_every_id(api, engage):
    engage.faults.set("500", endpoint="GET /api/v3/contacts/{contactId}")
    assert api.get(f"/api/v3/contacts/{seeds.ANNA_ID}").status_code == 500
    assert api.get("/api/v3/contacts/id", params={"email": seeds.ANNA_EMAIL}).status_code == 200


def test_times_run_out(api, engage):
    engage.faults.set("500", times=2)
    assert [api.get(COUNT).status_code for _ in range(3)] == [500, 500, 200]
    assert engage.faults.mode == "up"


def test_probability_is_a_dice(api, engage):
    throws = iter([0.1, 0.29, 0.3, 0.9])
    engage.faults.dice = lambda: next(throws)
    engage.faults.set("500", probability=0.3)
    assert [api.get(COUNT).status_code for _ in range(4)] == [500, 500, 200, 200]


def test_a_miss_does_not_use_up_times(api, engage):
    throws = iter([0.9, 0.1])
    engage.faults.dice = lambda: next(throws)
    engage.faults.set("500", probability=0.5, times=1)
    assert [api.get(COUNT).status_code for _ in range(3)] == [200, 500, 200]


def test_down_outranks_the_fault_of_an_endpoint(api, engage):
    engage.faults.set("422", endpoint="POST /api/v3/receipts")
    engage.faults.set("down")
    with pytest.raises(httpx.RemoteProtocolError):
        api.post(RECEIPTS, json=receipt())
    assert engage.faults.mode == "down"


def test_a_new_fault_replaces_the_one_on_the_same_endpoint(engage):
    engage.faults.set("500")
    engage.faults.set("504")
    assert [fault.mode for fault in engage.faults.active] == ["504"]


def test_up_clears_everything(engage):
    engage.faults.set("500", endpoint="POST /api/v3/receipts")
    engage.faults.set("slow", delay_ms=1)
    engage.faults.set("up")
    assert engage.faults.active == ()


@pytest.mark.parametrize(
    ("mode", "options"),
    [("broken", {}), ("500", {"probability": 1.5}), ("500", {"times": 0})],
)
def test_nonsense_is_no_fault(engage, mode, options):
    with pytest.raises(ValueError, match="must"):
        engage.faults.set(mode, **options)
    assert engage.faults.active == ()


def test_every_mode_leaves_the_page_reachable(api, engage):
    for mode in MODES:
        engage.faults.set(mode)
        assert api.get("/").status_code == 200


def test_requests_are_remembered_with_their_outcome(api, engage):
    api.get("/api/v3/contacts/id", params={"email": seeds.ANNA_EMAIL})
    engage.faults.set("down", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        api.get(COUNT)
    api.get(COUNT, headers={"apikey": "other"})
    seen = [(one.method, one.path, one.key, one.status) for one in engage.requests]
    assert seen == [
        ("GET", "/api/v3/contacts/id", "test-key", 200),
        ("GET", COUNT, "test-key", 0),
        ("GET", COUNT, "other", 200),
    ]
    assert engage.count_requests("GET", COUNT) == 2
