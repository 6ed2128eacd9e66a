from xml.etree import ElementTree as ET

from engage_portal.sandbox import seeds
from tests.sandbox.files.documents import (
    COUPON_ID,
    MAJA_ID,
    REDEMPTIONS,
    REDEMPTIONS_FILE,
    TEMPLATE_ID,
    example,
    parsed,
)


def _assign(api):
    data = {"contactId": MAJA_ID, "promotionId": TEMPLATE_ID}
    assert api.post("/api/v3/promotion-assignments", json=data).status_code == 200


def _values(text, name):
    return [element.text for element in ET.fromstring(text.encode()).iter(name)]


def _without(tree, *names):
    tag, text, children = tree
    return tag, text, [_without(child, *names) for child in children if child[0] not in names]


def test_what_the_sandbox_starts_with_is_no_news(exports, coupon):
    assert exports() == []


def test_an_assignment_is_told_as_in_the_example(api, exports, maja, template):
    _assign(api)
    ((name, text),) = exports()
    assert name.endswith("_0_promotions.xml")
    (coupon_id,) = _values(text, "couponId")
    ours = parsed(text.replace(coupon_id, COUPON_ID).replace("WEB-700113", "5000113"))
    theirs = parsed(example("promotions_new"))
    dates = ("validFromDate", "expireDateTime")
    assert _without(ours, *dates) == _without(theirs, *dates)
    assert exports() == []


def test_a_redemption_is_told_as_in_the_example(send, run, exports, coupon):
    send(REDEMPTIONS, REDEMPTIONS_FILE, example("redeemed_promotions"))
    run()
    ((name, text),) = exports()
    assert name.endswith("_0_redeemedPromotions.xml")
    ours = parsed(text.replace("WEB-700113", "5000113"))
    ignored = ("redeemedDateTime", "description", "externalPromotionId")
    assert _without(ours, *ignored) == _without(parsed(example("promotions_redeemed")), *ignored)
    assert _values(text, "redeemedDateTime") == ["2026-04-12T09:12:44+02:00"]


def test_assigned_and_redeemed_in_one_run_come_in_separate_files(api, exports, maja, template):
    _assign(api)
    (mine,) = api.get("/api/v3/promotion-assignments", params={"contactId": MAJA_ID}).json()
    api.post(f"/api/v3/promotion-assignments/{mine['id']}/redeem", json={"redemptionChannel": "POS"})
    (_, new), (_, redeemed) = exports()
    assert (_values(new, "couponId"), _values(redeemed, "couponId")) == ([mine["id"]], [mine["id"]])
    (when,) = _values(redeemed, "redeemedDateTime")
    assert len(when.partition(".")[2].partition("+")[0]) == 7


def test_money_has_its_currency_and_two_decimals(api, exports):
    data = {"contactId": seeds.BENGT_ID, "promotionId": "1a50b7aa-d697-4dc6-8ce7-ab2c00b30002"}
    assert api.post("/api/v3/promotion-assignments", json=data).status_code == 200
    ((_, text),) = exports()
    assert _values(text, "value") == ["100.00", "100.00"]
    assert _values(text, "currency") == ["SEK"]


def test_a_coupon_of_somebody_deleted_is_still_told(api, exports, maja, template):
    _assign(api)
    api.delete(f"/api/v3/contacts/{MAJA_ID}")
    files = dict(exports())
    (text,) = [text for name, text in files.items() if name.endswith("_promotions.xml")]
    assert _values(text, "contactId") == [MAJA_ID]
    assert _values(text, "contactKey") == []
