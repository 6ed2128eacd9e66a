"""A POST that comes again without a look in between is caught (api.md §4)."""

import httpx
import pytest

from engage_portal.sandbox import seeds
from tests.sandbox.payloads import receipt

CONTACTS = "/api/v3/contacts"
ERIK = {"email": "Erik@example.com", "mobilePhone": "+46701740699"}
REDEEM = f"/api/v3/promotion-assignments/{seeds.ANNA_PERCENT_ID}/redeem"
CHANNEL = {"redemptionChannel": "ECOM"}
VOUCHER = f"/api/v3/reward-vouchers/{seeds.VOUCHER_ID}/redeem"


def _lost(api, engage, path, body, mode="lost_answer"):
    engage.faults.set(mode, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        api.post(path, json=body)


def _repeats(engage):
    return [(one.kind, one.previous_status) for one in engage.unchecked_repeats]


@pytest.mark.parametrize("mode", ["lost_answer", "down"])
@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        (CONTACTS, ERIK, "contact.create"),
        (REDEEM, CHANNEL, "promotion.redeem"),
        (VOUCHER, {}, "voucher.redeem"),
        ("/api/v3/receipts", receipt(), "receipt.post"),
    ],
)
def test_a_blind_repeat_is_caught(api, engage, path, body, kind, mode):
    _lost(api, engage, path, body, mode)
    assert _repeats(engage) == []
    api.post(path, json=body)
    assert (kind, 0) in _repeats(engage)
    assert api.get("/state").json()["unchecked_repeats"][0]["kind"] == kind


@pytest.mark.parametrize(
    ("path", "body", "look", "query"),
    [
        (CONTACTS, ERIK, f"{CONTACTS}/id", {"email": "erik@example.com"}),
        (CONTACTS, ERIK, f"{CONTACTS}/id", {"mobilePhone": ERIK["mobilePhone"]}),
        (REDEEM, CHANNEL, "/api/v3/promotion-assignments", {"contactId": seeds.ANNA_ID}),
        (VOUCHER, {}, "/api/v3/reward-vouchers/redeemed", {"contactId": seeds.ANNA_ID}),
        ("/api/v3/receipts", receipt(), f"{CONTACTS}/transactions", {"contactId": seeds.ANNA_ID}),
    ],
)
def test_a_look_in_between_makes_it_right(api, engage, path, body, look, query):
    _lost(api, engage, path, body)
    api.get(look, params=query)
    api.post(path, json=body)
    assert _repeats(engage) == []


def test_a_receipt_tagged_with_a_key_is_looked_up_by_its_contact(api, engage):
    body = receipt(contact={"matchKey": seeds.ANNA_EMAIL, "matchKeyType": "email"})
    _lost(api, engage, "/api/v3/receipts", body)
    api.get(f"{CONTACTS}/transactions", params={"contactId": seeds.ANNA_ID})
    api.post("/api/v3/receipts", json=body)
    assert _repeats(engage) == []


def test_a_look_at_something_else_does_not_count(api, engage):
    _lost(api, engage, CONTACTS, ERIK)
    api.get(f"{CONTACTS}/id", params={"email": "other@example.com"})
    api.post(CONTACTS, json=ERIK)
    assert ("contact.create", 0) in _repeats(engage)


def test_a_look_without_an_answer_does_not_count(api, engage):
    _lost(api, engage, CONTACTS, ERIK)
    engage.faults.set("500", times=1)
    api.get(f"{CONTACTS}/id", params={"email": "erik@example.com"})
    api.post(CONTACTS, json=ERIK)
    assert ("contact.create", 0) in _repeats(engage)


def test_what_was_refused_may_be_sent_again(api, engage):
    assert api.post(CONTACTS, json={**ERIK, "gender": "x"}).status_code == 422
    assert api.post(CONTACTS, json=ERIK).status_code == 201
    assert _repeats(engage) == []


def test_a_second_success_is_caught_as_well(api, engage):
    api.post("/api/v3/receipts", json=receipt())
    api.post("/api/v3/receipts", json=receipt())
    assert _repeats(engage) == [("receipt.post", 202)]


def test_a_500_is_no_clear_answer(api, engage):
    engage.faults.set("500", times=1)
    api.post(REDEEM, json=CHANNEL)
    api.post(REDEEM, json=CHANNEL)
    assert _repeats(engage) == [("promotion.redeem", 500)]
