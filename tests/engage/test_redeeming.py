"""Using promotions and vouchers, and what a second time means."""

import json

import pytest

from engage_portal.engage import BENIGN_ANSWERS, Conflict, EngageError, NotFound, Rejected, is_already_done
from tests.engage.answering import CONTACT_ID, HTML, captured

SECOND_TIMES = {
    "PromotionAlreadyRedeemed": (
        "promotion_already_redeemed",
        lambda c: c.redeem_promotion("a1", channel="POS"),
    ),
    "RewardVoucherAlreadyRedeemed": ("voucher_already_redeemed", lambda c: c.redeem_voucher("v1")),
    "RewardVoucherAlreadyActivated": ("voucher_already_activated", lambda c: c.reactivate_voucher("v1")),
}


def test_a_promotion_is_redeemed_by_its_assignment(engage, client):
    engage.answer((200, HTML))
    client.redeem_promotion("a1", channel="ECOM")
    assert engage.line == "POST /api/v3/promotion-assignments/a1/redeem"
    assert json.loads(engage.last.content) == {"redemptionChannel": "ECOM"}


def test_a_promotion_is_assigned_by_its_template(engage, client):
    engage.answer((201, b""))
    client.assign_promotion(CONTACT_ID, promotion_id="t1")
    assert engage.line == "POST /api/v3/promotion-assignments"
    assert json.loads(engage.last.content) == {"contactId": CONTACT_ID, "promotionId": "t1"}


def test_a_voucher_is_redeemed_and_reactivated_without_a_body(engage, client):
    client.redeem_voucher("v1")
    assert engage.line == "POST /api/v3/reward-vouchers/v1/redeem"
    client.reactivate_voucher("v1")
    assert engage.line == "POST /api/v3/reward-vouchers/v1/reactivate"
    assert engage.last.content == b""


def test_every_benign_answer_has_a_captured_one():
    assert {row.error_code for row in BENIGN_ANSWERS} == set(SECOND_TIMES)
    assert all(row.label for row in BENIGN_ANSWERS)


@pytest.mark.parametrize("status", [409, 406])
@pytest.mark.parametrize("code", SECOND_TIMES)
def test_a_second_time_is_done_already(engage, client, code, status):
    name, call = SECOND_TIMES[code]
    engage.answer((status, captured(name)))
    with pytest.raises(Conflict) as caught:
        call(client)
    assert caught.value.error_code == code
    assert is_already_done(caught.value)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (409, "PromotionNotValidForRedemptionChannel", Conflict),
        (409, "RewardVoucherAlreadyRedeemed", Conflict),  # the right words for another call
        (409, "", Conflict),
        (400, "PromotionAlreadyRedeemed", Rejected),
        (404, "PromotionNotFound", NotFound),
    ],
)
def test_nothing_else_is_forgiven(engage, client, status, code, error):
    engage.answer((status, json.dumps({"errorCode": code}).encode()))
    with pytest.raises(error) as caught:
        client.redeem_promotion("a1", channel="POS")
    assert not is_already_done(caught.value)


def test_an_error_of_no_call_is_not_forgiven():
    assert not is_already_done(EngageError("x", error_code="PromotionAlreadyRedeemed"))
