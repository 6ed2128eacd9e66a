import pytest

from tests.sandbox.payloads import item, receipt, returned

RECEIPTS = "/api/v3/receipts"


def _errors(answer):
    assert answer.status_code == 422
    assert answer.json()["errorCode"] == "ValidationError"
    return [error["errorDescription"] for error in answer.json()["validationErrors"]]


def _without(body, name):
    return {key: value for key, value in body.items() if key != name}


@pytest.mark.parametrize("name", sorted(receipt()))
def test_every_required_field_is_missed(api, engage, name):
    errors = _errors(api.post(RECEIPTS, json=_without(receipt(), name)))
    assert errors == [f"{name}: is required"]
    assert engage.received == {}


@pytest.mark.parametrize("name", sorted(item()))
def test_every_required_field_of_a_line_is_missed(api, name):
    body = receipt(items=[item(), _without(item(), name)])
    assert _errors(api.post(RECEIPTS, json=body)) == [f"items[1].{name}: is required"]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"storeId": "101"}, "storeId: unknown field"),
        ({"items": [item(colour="red")]}, "items[0].colour: unknown field"),
        ({"contact": {"matchKey": "x", "matchKeyType": "name"}}, "contact.matchKeyType: must be one of"),
        (
            {"contact": {"matchKey": "", "matchKeyType": "email"}},
            "contact.matchKey: must be text and not empty",
        ),
        ({"contact": None}, "contact: must be an object"),
        ({"receiptNumber": None}, "receiptNumber: must not be null"),
        ({"receiptNumber": 7}, "receiptNumber: must be text"),
        ({"totalGrossPrice": "200.00"}, "totalGrossPrice: must be a number"),
        ({"exchangeRateToGroupCurrency": None}, "exchangeRateToGroupCurrency: must not be null"),
        ({"exchangeRateToGroupCurrency": 0}, "exchangeRateToGroupCurrency: must be a number above 0"),
        ({"createdDate": "2026-11-20T15:55:54"}, "createdDate: must be a date and time with offset"),
        ({"createdDate": "2026-11-31T15:55:54Z"}, "createdDate: must be a date and time with offset"),
        ({"currency": "kr"}, "currency: must be three capital letters"),
        ({"items": []}, "items: must hold at least one"),
        ({"items": {}}, "items: must be an array"),
        ({"paymentMethods": []}, "paymentMethods: must hold at least one"),
        ({"items": [item(quantity=1.5)]}, "items[0].quantity: must be a whole number"),
        ({"items": [item(quantity=True)]}, "items[0].quantity: must be a whole number"),
        ({"items": [item(type="SALE")]}, "items[0].type: must be PURCHASE, RETURN or ADJUSTMENT"),
        ({"items": [item(marginPercent="much")]}, "items[0].marginPercent: must be a number"),
        ({"items": [item(awardsBonus="no")]}, "items[0].awardsBonus: must be true or false"),
        ({"usedPromotions": [{"id": "x"}]}, "usedPromotions[0].id: unknown field"),
        ({"usedPromotions": None}, "usedPromotions: must be an array"),
        ({"items": [item(quantity=-2)]}, "items[0].quantity: must be positive on PURCHASE"),
        ({"items": [item(grossPaidPrice=-200.0)]}, "items[0].grossPaidPrice: must not be negative"),
        ({"totalGrossPrice": -200.0}, "totalGrossPrice: must not be negative on a purchase"),
    ],
)
def test_a_wrong_field_is_named(api, changes, where):
    errors = _errors(api.post(RECEIPTS, json=receipt(**changes)))
    assert [error for error in errors if error.startswith(where)]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"totalGrossPrice": 200.0}, "totalGrossPrice: must not be positive on a return"),
        (
            {"paymentMethods": [{"type": "card", "value": 200.0}]},
            "paymentMethods[0].value: must not be positive",
        ),
        ({"items": [item(type="RETURN", quantity=2)]}, "items[0].quantity: must be negative on RETURN"),
        (
            {"items": [item(type="RETURN", quantity=-2, grossPaidPrice=-200.0)]},
            "items[0].grossPaidPrice: must not be negative on RETURN",
        ),
        (
            {"items": [item(type="RETURN", quantity=-2, taxAmount=-40.0)]},
            "items[0].taxAmount: must not be negative on RETURN",
        ),
    ],
)
def test_a_wrong_sign_on_a_return_is_named(api, changes, where):
    errors = _errors(api.post(RECEIPTS, json={**returned(), **changes}))
    assert [error for error in errors if error.startswith(where)]


def test_everything_the_reference_knows_is_taken(api, engage):
    full = receipt(
        "till-full",
        exchangeRateToGroupCurrency=1.0,
        contact={"matchKey": "anna@example.com", "matchKeyType": "email", "contactType": "Member"},
        items=[
            item(
                articleGroup="Jackets",
                packQuantity=1,
                marginPercent="25.00",
                awardsBonus=True,
                extraData=[{"name": "size", "value": "M"}],
                discounts=[{"type": "325", "description": None, "value": -200.0}],
            )
        ],
        paymentMethods=[{"type": "Card", "description": None, "value": 200.0, "extraData": []}],
        taxDetails=[{"description": "25 %", "value": 40.0, "percent": 25.0}],
        usedBonusChecks=[{"checkNumber": "2342"}],
        usedPromotions=[{"promotionId": "a", "couponId": "b"}],
        extraData=[{"name": "till", "value": "3"}],
    )
    assert api.post(RECEIPTS, json=full).status_code == 202
    engage.advance(2)
    assert "till-full" in engage.receipts


@pytest.mark.parametrize("content", [b"", b"[]", b"{"])
def test_anything_but_an_object_is_400(api, content):
    assert api.post(RECEIPTS, content=content).status_code == 400


def test_the_blocked_article_is_refused_until_unblocked(api, engage):
    body = receipt("till-1", items=[item(articleNumber="REFUSE")])
    words = "items[0].articleNumber: article REFUSE is blocked in this Engage"
    assert _errors(api.post(RECEIPTS, json=body)) == [words]
    assert engage.log[-1]["text"].endswith(words)
    assert engage.posted("till-1") == 0
    assert api.post("/settings", json={"refuse_article": False}).json()["refuse_article"] is False
    assert api.post(RECEIPTS, json=body).status_code == 202
