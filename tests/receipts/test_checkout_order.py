"""The order of a checkout: the sale never waits for what is redeemed, and tells Engage what was used."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from engage_portal.engage.wire import decode
from engage_portal.outbox.models import Item
from engage_portal.outbox.pauses import pause
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from receipts.models import Receipt
from tests.api.talking import (
    ASSIGNMENTS,
    RECEIPTS,
    VOUCHERS,
    bring_up,
    deliver_all,
    items,
    redeem_path,
    take_down,
    voucher_path,
)

pytestmark = pytest.mark.django_db
USED = {
    "usedPromotions": [{"promotionId": seeds.PERCENT_TEMPLATE_ID, "couponId": seeds.ANNA_PERCENT_ID}],
    "usedBonusChecks": [{"checkNumber": "2511233093766"}],
}
POS = {"redemptionChannel": "POS"}
REDEEM = "POST /api/v3/promotion-assignments/{assignmentId}/redeem"
USE = "POST /api/v3/reward-vouchers/{rewardVoucherId}/redeem"


def test_both_ids_of_a_promotion_and_the_vouchers_number_reach_engage(wire, till, receipt_body):
    assert till.post(redeem_path(seeds.ANNA_PERCENT_ID), POS).status_code == 200
    assert till.post(voucher_path("redeem"), {}).status_code == 200
    assert till.post(RECEIPTS, receipt_body("101-1", **USED)).status_code == 202
    deliver_all()
    (sent,) = wire.of("POST", RECEIPTS)
    assert {name: sent.json[name] for name in USED} == USED
    order = [each.path.rpartition("/")[2] for each in wire.of("POST")]
    assert order == ["redeem", "redeem", "receipts"]


@pytest.mark.parametrize(
    "used", [{"couponId": seeds.ANNA_PERCENT_ID}, {"promotionId": seeds.PERCENT_TEMPLATE_ID.upper()}]
)
def test_one_id_of_a_promotion_is_joined_by_the_other_where_the_copy_knows_it(wire, till, receipt_body, used):
    till.get(ASSIGNMENTS, {"contactId": seeds.ANNA_ID})
    body = receipt_body("101-1", usedPromotions=[used])
    for _ in range(2):
        assert till.post(RECEIPTS, body).status_code == 202
    deliver_all()
    (sent,) = wire.of("POST", RECEIPTS)
    assert sent.json["usedPromotions"] == USED["usedPromotions"]
    kept = decode(Receipt.objects.get().body.encode())
    assert kept["usedPromotions"] == [used]


def test_one_id_of_a_promotion_that_the_copy_does_not_know_goes_alone(wire, till, receipt_body):
    used = [{"couponId": seeds.ANNA_PERCENT_ID}, {"promotionId": seeds.PERCENT_TEMPLATE_ID}]
    assert till.post(RECEIPTS, receipt_body("101-1", usedPromotions=used)).status_code == 202
    deliver_all()
    (sent,) = wire.of("POST", RECEIPTS)
    assert sent.json["usedPromotions"] == used


@pytest.mark.parametrize("assignment", [seeds.ANNA_REDEEMED_ID, seeds.PERCENT_TEMPLATE_ID])
def test_a_redemption_that_engage_refuses_at_the_till_does_not_stop_the_sale(
    engage, till, receipt_body, assignment
):
    assert till.post(redeem_path(assignment), POS).status_code in {404, 409}
    assert till.post(RECEIPTS, receipt_body("101-1", **USED)).status_code == 202
    deliver_all()
    assert engage.engage.posted("101-1") == 1
    assert [item.state for item in items(kind="receipt.post")] == [State.ACCEPTED]


@pytest.mark.parametrize(("fault", "left"), [("422", State.ATTENTION), ("500", State.IN_DOUBT)])
def test_a_redemption_that_fails_later_does_not_hold_the_sale_back(engage, till, receipt_body, fault, left):
    take_down(engage)
    assert till.post(redeem_path(seeds.ANNA_PERCENT_ID), POS).status_code == 202
    assert till.post(RECEIPTS, receipt_body("101-1", **USED)).status_code == 202
    engage.engage.faults.clear()
    engage.engage.faults.set(fault, endpoint=REDEEM)
    for _ in range(2):
        deliver_all()
    (redemption,) = items(kind="promotion.redeem")
    assert redemption.state == left
    assert [item.state for item in items(kind="receipt.post")] == [State.ACCEPTED]
    assert engage.engage.received["101-1"]["body"]["usedPromotions"] == USED["usedPromotions"]
    bring_up(engage)


def test_a_voucher_that_is_used_already_does_not_stop_the_sale(engage, till, receipt_body):
    assert till.post(voucher_path("redeem", seeds.VOUCHER_USED_ID), {}).status_code == 409
    assert till.post(RECEIPTS, receipt_body("101-1", **USED)).status_code == 202
    deliver_all()
    assert engage.engage.received["101-1"]["body"]["usedBonusChecks"] == USED["usedBonusChecks"]
    assert Receipt.objects.count() == 1


@pytest.mark.parametrize("kind", ["promotion", "voucher"])
def test_after_an_outage_the_sale_goes_after_what_was_used_in_it_also_where_that_is_tried_again(
    wire, till, receipt_body, kind
):
    path, endpoint = {
        "promotion": (redeem_path(seeds.ANNA_PERCENT_ID), REDEEM),
        "voucher": (voucher_path("redeem"), USE),
    }[kind]
    till.get(VOUCHERS, {"contactId": seeds.ANNA_ID})
    take_down(wire)
    assert till.post(path, POS).status_code == 202
    assert till.post(RECEIPTS, receipt_body("101-1", **USED)).status_code == 202
    wire.engage.faults.clear()
    wire.engage.faults.set("500", endpoint=endpoint, times=1)
    wire.sent.clear()
    deliver_all()
    order = [each.path.rpartition("/")[2] for each in wire.of("POST")]
    assert order == ["redeem", "redeem", "receipts"]


def test_a_use_is_waited_for_also_where_the_sale_names_it_by_its_promotion_alone(wire, till, receipt_body):
    till.get(ASSIGNMENTS, {"contactId": seeds.ANNA_ID})
    take_down(wire)
    assert till.post(redeem_path(seeds.ANNA_PERCENT_ID), POS).status_code == 202
    used = [{"promotionId": seeds.PERCENT_TEMPLATE_ID}]
    assert till.post(RECEIPTS, receipt_body("101-1", usedPromotions=used)).status_code == 202
    wire.engage.faults.clear()
    wire.engage.faults.set("500", endpoint=REDEEM, times=1)
    wire.sent.clear()
    deliver_all()
    order = [each.path.rpartition("/")[2] for each in wire.of("POST")]
    assert order == ["redeem", "redeem", "receipts"]


def test_a_sale_that_waited_for_an_outage_of_weeks_goes_by_itself(engage, till, receipt_body, settings):
    """What is not ready after so long needs a person, and nothing is wrong with this one."""
    take_down(engage)
    assert till.post(redeem_path(seeds.ANNA_PERCENT_ID), POS).status_code == 202
    assert till.post(RECEIPTS, receipt_body("101-1", **USED)).status_code == 202
    Item.objects.update(first_due_at=clock.now() - timedelta(days=settings.OUTBOX_GIVE_UP_DAYS + 1))
    bring_up(engage)
    assert [item.state for item in items(kind="promotion.redeem")] == [State.DELIVERED]
    assert [item.state for item in items(kind="receipt.post")] == [State.ACCEPTED]
    assert engage.engage.posted("101-1") == 1


def test_a_use_that_is_paused_holds_no_sale_back(engage, till, receipt_body):
    take_down(engage)
    assert till.post(redeem_path(seeds.ANNA_PERCENT_ID), POS).status_code == 202
    pause(reason="Not now.", by="sam", kind="promotion.redeem")
    assert till.post(RECEIPTS, receipt_body("101-1", **USED)).status_code == 202
    bring_up(engage)
    assert engage.engage.posted("101-1") == 1
    assert not engage.engage.redemptions


def test_the_use_of_another_offer_holds_no_sale_back(engage, till, receipt_body):
    take_down(engage)
    assert till.post(redeem_path(seeds.ANNA_MONEY_ID), POS).status_code == 202
    assert (
        till.post(RECEIPTS, receipt_body("101-1", usedPromotions=USED["usedPromotions"])).status_code == 202
    )
    engage.engage.faults.clear()
    engage.engage.faults.set("500", endpoint=REDEEM)
    deliver_all()
    assert engage.engage.posted("101-1") == 1
