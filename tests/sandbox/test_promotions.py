import pytest

from engage_portal.sandbox import seeds

LIST = "/api/v3/promotion-assignments"
REDEEM = {"redemptionChannel": "ECOM"}


def _list(api, **query):
    return api.get(LIST, params={"contactId": seeds.ANNA_ID, **query}).json()


def _redeem(api, assignment_id, body=None):
    answer = api.post(f"{LIST}/{assignment_id}/redeem", json=REDEEM if body is None else body)
    return answer.status_code, answer.json()["errorCode"] if answer.content else None


def test_the_list_is_a_plain_array_with_redeemed_ones(api):
    found = {entry["id"]: entry for entry in _list(api)}
    assert len(found) == 5
    assert [entry["id"] for entry in found.values() if entry["redeemed"]] == [seeds.ANNA_REDEEMED_ID]
    percent = found[seeds.ANNA_PERCENT_ID]
    assert percent["promotionId"] == seeds.PERCENT_TEMPLATE_ID
    assert percent["redemptionChannels"][0] == {
        "type": "POS",
        "valueType": "PERCENT",
        "value": 20,
        "localValues": [],
        "instruction": None,
    }
    kinds = {channel["valueType"] for entry in found.values() for channel in entry["redemptionChannels"]}
    assert kinds == {"PERCENT", "MONEY", "EXTERNALOFFER", "MANUAL"}


def test_the_channel_narrows_it_down(api):
    assert seeds.ANNA_EXPIRING_ID not in {entry["id"] for entry in _list(api, redemptionChannelType="ECOM")}
    assert seeds.ANNA_EXTERNAL_ID not in {entry["id"] for entry in _list(api, redemptionChannelType="pos")}
    assert api.get(LIST, params={"contactId": seeds.ANNA_ID, "redemptionChannelType": "X"}).status_code == 400


def test_v2_lists_the_same(api):
    assert api.get(f"/api/v2/contacts/{seeds.ANNA_ID}/promotions").json() == _list(api)


def test_an_expired_one_is_no_longer_listed(api, engage):
    engage.advance(3 * 24 * 3600)
    assert seeds.ANNA_EXPIRING_ID not in {entry["id"] for entry in _list(api)}
    assert _redeem(api, seeds.ANNA_EXPIRING_ID, {"redemptionChannel": "POS"}) == (409, "PromotionExpired")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v3/promotion-assignments/{id}/redeem",
        "/api/v2/promotions/codes/{id}/redeem",
        f"/api/v2/contacts/{seeds.ANNA_ID}/promotions/{{id}}/redeem",
    ],
)
def test_redeeming_works_once_in_every_form(api, engage, path):
    url = path.format(id=seeds.ANNA_PERCENT_ID)
    first = api.post(url, json=REDEEM)
    assert (first.status_code, first.content) == (200, b"")
    again = api.post(url, json=REDEEM)
    assert (again.status_code, again.json()["errorCode"]) == (409, "PromotionAlreadyRedeemed")
    entry = next(entry for entry in _list(api) if entry["id"] == seeds.ANNA_PERCENT_ID)
    assert entry["redeemed"]
    assert entry["redeemedOn"]
    assert [(one["kind"], one["id"], one["channel"]) for one in engage.redemptions] == [
        ("promotion", seeds.ANNA_PERCENT_ID, "ECOM")
    ]


@pytest.mark.parametrize(
    ("assignment_id", "body", "expected"),
    [
        (seeds.PERCENT_TEMPLATE_ID, None, (404, "PromotionNotFound")),
        ("12", None, (400, "InvalidPromotionIdNoData")),
        (seeds.ANNA_PERCENT_ID, {}, (400, "NotAValidRedemptionChannel")),
        (seeds.ANNA_PERCENT_ID, {"redemptionChannel": "FAX"}, (400, "NotAValidRedemptionChannel")),
        (seeds.ANNA_EXPIRING_ID, None, (409, "PromotionNotValidForRedemptionChannel")),
        (seeds.ANNA_REDEEMED_ID, None, (409, "PromotionAlreadyRedeemed")),
    ],
)
def test_what_cannot_be_redeemed_has_a_code(api, engage, assignment_id, body, expected):
    assert _redeem(api, assignment_id, body) == expected
    assert engage.redemptions == []


def test_v2_wants_the_right_contact(api):
    url = f"/api/v2/contacts/{seeds.BENGT_ID}/promotions/{seeds.ANNA_PERCENT_ID}/redeem"
    answer = api.post(url, json=REDEEM)
    assert (answer.status_code, answer.json()["errorCode"]) == (404, "PromotionNotAssociatedWithContact")


def test_a_promotion_is_assigned_with_an_id_of_its_own(api):
    body = {"contactId": seeds.BENGT_ID, "promotionId": seeds.PERCENT_TEMPLATE_ID}
    assert api.post(LIST, json=body).status_code == 200
    found = api.get(LIST, params={"contactId": seeds.BENGT_ID}).json()
    assert [entry["promotionId"] for entry in found] == [seeds.PERCENT_TEMPLATE_ID]
    assert found[0]["id"] not in {seeds.PERCENT_TEMPLATE_ID, seeds.ANNA_PERCENT_ID}
    v2 = f"/api/v2/contacts/{seeds.BENGT_ID}/promotions/{seeds.PERCENT_TEMPLATE_ID}/assign"
    assert api.post(v2).status_code == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"contactId": "x"}, (400, "InvalidContactId")),
        ({"promotionId": "x"}, (400, "InvalidPromotionId")),
        ({"contactId": "00000000-0000-4000-8000-000000000000"}, (404, "ContactNotFound")),
        ({"promotionId": "00000000-0000-4000-8000-000000000000"}, (404, "PromotionNotFound")),
    ],
)
def test_a_wrong_assignment_has_a_code(api, changes, expected):
    body = {"contactId": seeds.BENGT_ID, "promotionId": seeds.PERCENT_TEMPLATE_ID, **changes}
    answer = api.post(LIST, json=body)
    assert (answer.status_code, answer.json()["errorCode"]) == expected


def test_an_expired_promotion_is_not_assigned(api, engage):
    engage.advance(60 * 24 * 3600)
    body = {"contactId": seeds.BENGT_ID, "promotionId": seeds.PERCENT_TEMPLATE_ID}
    assert api.post(LIST, json=body).json()["errorCode"] == "PromotionExpired"
