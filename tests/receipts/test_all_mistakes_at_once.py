"""A till hears everything that is wrong with a receipt at once, of whatever kind it is: none is found only when the
others are mended."""

import pytest

from engage_portal.outbox.models import Item
from receipts.models import Receipt, Store
from tests.api.talking import RECEIPTS
from tests.conftest import client_with, make_receipt

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(engage, api_key):
    return client_with(api_key(name="shop", store=""))


def paths(shop, **members) -> list[str]:
    """The paths of what is wrong with a receipt, sorted; nothing of it is kept."""
    answer = shop.post(RECEIPTS, make_receipt(**members))
    assert answer.status_code == 422
    assert not Receipt.objects.exists()
    assert not Item.objects.exists()
    return sorted(each["field"] for each in answer.json()["validationErrors"])


def line(**members):
    return {**make_receipt()["items"][0], **members}


def test_shape_rules_of_a_field_and_of_the_whole_are_told_together(shop):
    told = paths(
        shop,
        contact={"matchKey": "x", "matchKeyType": "contactId"},
        createdDate="2026-13-01",
        currency="SE",
        receiptNumber=5,
        paymentMethods=[{"type": "card", "value": 190}],
        usedPromotions=[{"promotionId": "SUMMER"}],
        items=[line(sku=7), line(type="RETURN", quantity=1)],
        comment="x",
    )
    assert told == [
        "comment", "contact.matchKey", "createdDate", "currency", "items[0].sku", "items[1].quantity",
        "paymentMethods", "receiptNumber", "totalGrossPrice", "usedPromotions[0].promotionId",
    ]  # fmt: skip


def test_a_store_and_its_numbers_are_told_with_the_shape_without_asking_engage(shop, engage):
    shop.get("/api/v3/stores")
    Store.objects.filter(pk="101").update(prefix="A-")
    asked = len(engage.engage.requests)
    assert paths(shop, currency="kr") == ["currency", "uniqueReceiptId"]
    assert paths(shop, currency="kr", storeExternalId="777") == ["currency", "storeExternalId"]
    assert len(engage.engage.requests) == asked


def test_what_is_known_of_a_store_is_not_told_to_the_tills_of_another_one(engage, till):
    till.get("/api/v3/stores")
    Store.objects.filter(pk="102").update(prefix="A-")
    answer = till.post(RECEIPTS, make_receipt(storeExternalId="102", currency="kr"))
    assert answer.status_code == 403
    assert "A-" not in answer.content.decode()
    assert not Receipt.objects.exists()


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"totalGrossPrice": "100"}, ["totalGrossPrice"]),
        ({"totalGrossPrice": 100, "items": [line(grossPaidPrice="200")]}, ["items[0].grossPaidPrice", "paymentMethods"]),
        ({"totalGrossPrice": 100, "items": [line(type="SALE")]}, ["items[0].type", "paymentMethods"]),
        ({"totalGrossPrice": 100, "items": []}, ["items", "paymentMethods"]),
        ({"totalGrossPrice": 100, "paymentMethods": {}}, ["paymentMethods", "totalGrossPrice"]),
        ({"usedPromotions": [{"promotionId": 7}]}, ["usedPromotions[0].promotionId"]),
        ({"contact": {"matchKey": "x", "matchKeyType": "phone", "person": {}}}, ["contact.matchKeyType"]),
    ],
)  # fmt: skip
def test_nothing_is_said_of_what_rests_on_a_field_that_is_wrong(shop, members, told):
    assert paths(shop, **members) == told
