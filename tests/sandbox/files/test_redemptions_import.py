import pytest

from engage_portal.sandbox import seeds
from tests.sandbox.files.documents import (
    COUPON_ID,
    MAJA_ID,
    REDEMPTIONS,
    REDEMPTIONS_FILE,
    TEMPLATE_ID,
    example,
    redemption,
    redemptions,
)

pytestmark = pytest.mark.usefixtures("coupon")


@pytest.fixture
def take(send, run):
    def now(*records):
        send(REDEMPTIONS, REDEMPTIONS_FILE, redemptions(*records))
        return run()

    return now


def test_the_example_redeems(send, run, api, engage):
    send(REDEMPTIONS, REDEMPTIONS_FILE, example("redeemed_promotions"))
    assert run()["taken"] == 1
    (shown,) = api.get("/api/v3/promotion-assignments", params={"contactId": MAJA_ID}).json()
    assert (shown["redeemed"], shown["redeemedOn"]) == (True, "2026-04-12T09:12:44+02:00")
    (fact,) = engage.redemptions
    assert (fact["id"], fact["channel"], fact["way"]) == (COUPON_ID, "POS", "file")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (redemption(TEMPLATE_ID), f"coupon {TEMPLATE_ID}: Promotion not found (PromotionNotFound)"),
        (redemption("12"), "coupon : Promotion not found (PromotionNotFound)"),
        (redemption(redemptionChannel="TV"), "(NotAValidRedemptionChannel)"),
        (redemption(redemptionChannel="OTHER"), "(PromotionNotValidForRedemptionChannel)"),
        (redemption(contactId=seeds.ANNA_ID), "(PromotionNotAssociatedWithContact)"),
        (redemption(redeemedDateTime="2026-04-12T09:12:44"), "(InvalidDate)"),
        (redemption(seeds.ANNA_REDEEMED_ID), "(PromotionAlreadyRedeemed)"),
        (redemption(record="promotion"), "<promotion> is no redeemed promotion"),
    ],
)
def test_what_cannot_be_redeemed_is_skipped_alone(take, engage, record, reason):
    outcome = take(record, redemption())
    (line,) = outcome["lines"]
    assert line.startswith("record 1 skipped: ")
    assert reason in line
    assert [one["id"] for one in engage.redemptions] == [COUPON_ID]


def test_a_coupon_is_redeemed_once_whatever_way(take, api):
    use = f"/api/v3/promotion-assignments/{COUPON_ID}/redeem"
    assert take(redemption(), redemption())["skipped"] == 1
    assert api.post(use, json={"redemptionChannel": "POS"}).json()["errorCode"] == "PromotionAlreadyRedeemed"
    assert api.get("/facts").json()["redemptions"] == {
        COUPON_ID: {"kind": "promotion", "times": 1, "ways": ["file"]}
    }


def test_an_expired_coupon_is_skipped(take, engage):
    engage.advance(400 * 86_400)
    assert "(PromotionExpired)" in take(redemption())["lines"][0]
    assert engage.redemptions == []
