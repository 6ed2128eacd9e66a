"""What is a receipt and what is none, in one table: the documented examples arrive with equal money, broken ones are named.

[developer.voyado.com/en/transactions/register-a-purchase.html, register-a-return.html, discounts.html]
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engage_portal.engage.wire import decode, encode
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from receipts.models import Receipt
from tests.api.talking import RECEIPTS, TRANSACTIONS, code_of, deliver_all
from tests.conftest import client_with, make_receipt

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).parents[1] / "data" / "engage"


@pytest.fixture
def shop(api_key):
    """A shop whose key is bound to no store: the samples come from a store of their own."""
    return client_with(api_key(name="shop", store=""))


def sample(name: str) -> dict[str, Any]:
    """A published example, sold to the sandbox's Anna."""
    body: dict[str, Any] = decode((SAMPLES / f"{name}.json").read_bytes())
    return {**body, "contact": {"matchKey": seeds.ANNA_ID, "matchKeyType": "contactId"}}


def line(price: str, **members: Any) -> dict[str, Any]:
    return {
        **make_receipt()["items"][0],
        "grossPaidPrice": Decimal(price),
        "taxAmount": Decimal(price) / 5,
    } | members


def back(price: str, **members: Any) -> dict[str, Any]:
    return line(price, type="RETURN", quantity=-1, **members)


def receipt(*lines: dict[str, Any], total: str, paid: list[str], **members: Any) -> dict[str, Any]:
    payments = [{"type": "card", "value": Decimal(value)} for value in paid]
    return make_receipt(items=list(lines), totalGrossPrice=Decimal(total), paymentMethods=payments, **members)


OFF = [{"type": "325", "description": "50% autumn discount", "value": Decimal("-200.00")}]
VOUCHER = [{"type": "voucher", "description": "Bonus", "value": Decimal("-25.00")}]
SOUND = {
    "a purchase, as published": (sample("receipt_purchase"), "160.00"),
    "a return, as published": (sample("receipt_return"), "-320.0"),
    "an exchange for more": (receipt(line("300.00"), back("200.00"), total="100.00", paid=["100.00"]), "80"),
    "an exchange for less": (receipt(line("100.00"), back("200.00"), total="-100.00", paid=["-100.00"]), "-80"),
    "an even exchange": (receipt(line("200.00"), back("200.00"), total="0.00", paid=["0.00"]), "0"),
    "discounts on the lines": (
        receipt(line("200.00", discounts=OFF), line("99.90", discounts=OFF), total="299.90", paid=["299.90"]),
        "239.92",
    ),
    "a voucher spread over the lines": (
        receipt(
            line("87.50", discounts=VOUCHER), line("87.50", discounts=VOUCHER), total="175.00", paid=["175.00"],
            usedBonusChecks=[{"checkNumber": "2511233093766"}],
        ),
        "140",
    ),
    "a promotion by both its ids": (
        receipt(
            line("160.00", discounts=OFF), total="160.00", paid=["160.00"],
            usedPromotions=[{"promotionId": seeds.PERCENT_TEMPLATE_ID, "couponId": seeds.ANNA_PERCENT_ID}],
        ),
        "128",
    ),
    "freight without points": (
        receipt(line("200.00"), line("49.00", articleNumber="FREIGHT", awardsBonus=False), total="249.00", paid=["249.00"]),
        "199.2",
    ),
    "paid in two ways": (receipt(line("200.00"), total="200.00", paid=["150.50", "49.50"]), "160"),
    "rounded to whole crowns": (
        receipt(line("199.60"), line("0.40", type="ADJUSTMENT", taxAmount=0), total="200.00", paid=["200.00"]),
        "160.08",
    ),
    "all for nothing": (receipt(line("0.00", discounts=OFF), total="0.00", paid=["0.00"]), "0"),
    "everything the reference knows": (
        receipt(
            line("200.00", articleGroup="Jackets", packQuantity=1, marginPercent="25.00", awardsBonus=True,
                 discounts=OFF, extraData=[{"name": "size", "value": "M"}]),
            total="200.00", paid=["200.00"], exchangeRateToGroupCurrency=Decimal("0.98"),
            taxDetails=[{"description": None, "value": 40, "percent": 25, "totalIncludingTax": 200,
                         "totalExcludingTax": 160}],
            extraData=[{"name": "till", "value": "3"}],
        ),
        "160",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "net"), SOUND.values(), ids=SOUND)
def test_a_sound_receipt_arrives_word_for_word_and_with_equal_money(wire, shop, body, net):
    wire.engage.configure(import_delay=0)
    assert shop.generic("POST", RECEIPTS, encode(body), content_type="application/json").status_code == 202
    deliver_all()
    (sent,) = wire.of("POST", RECEIPTS)
    assert sent.json == decode(encode(body))
    assert [item.state for item in Item.objects.all()] == [State.ACCEPTED]
    history = shop.get(f"{TRANSACTIONS}?contactId={seeds.ANNA_ID}").json()["items"]
    (mine,) = [each for each in history if each["externalId"] == body["uniqueReceiptId"]]
    assert Decimal(str(mine["localNetPriceSum"])) == Decimal(net)
    assert Receipt.objects.get().total == body["totalGrossPrice"]


GONE = object()
REQUIRED = "This field is required."
NO_TEXT = "Expected text, not a number."
DATE = "Expected ISO 8601 with an offset, such as 2021-11-12T10:14:00+01:00."
UNKNOWN = "Unknown field."
BLANK = "This field may not be blank."
GUID = "Expected a GUID, such as 430d3329-7eef-45c0-87f9-ae9300a0dace."
NO_EMAIL = "is not an e-mail address"
NO_PHONE = "is not a phone number; write it with country code, such as +46735654321"
NO_VOUCHER = "Expected the number of a voucher."
NOT_KNOWN = "This is not one of the known values."
BROKEN = [
    *((place, GONE, place, REQUIRED) for place in (
        "contact", "contact.matchKey", "contact.matchKeyType", "uniqueReceiptId", "receiptNumber", "createdDate",
        "storeExternalId", "currency", "totalGrossPrice", "paymentMethods", "paymentMethods[0].type",
        "paymentMethods[0].value", "items", "items[0].type", "items[0].sku", "items[0].articleNumber",
        "items[0].articleName", "items[0].quantity", "items[0].grossPaidPrice", "items[0].taxAmount",
        "items[0].taxPercent",
    )),
    ("contact", 7, "contact", "Expected an object, not a number."),
    ("contact.matchKey", " ", "contact.matchKey", BLANK),
    ("contact.matchKeyType", "phone", "contact.matchKeyType", NOT_KNOWN),
    ("contact.name", "Anna", "contact.name", UNKNOWN),
    ("contact.matchKey", "not-a-guid", "contact.matchKey", GUID),
    ("contact.matchKey", "430d33297eef45c087f9ae9300a0dace", "contact.matchKey", GUID),
    ("contact.matchKey", " 430d3329-7eef-45c0-87f9-ae9300a0dace", "contact.matchKey", GUID),
    ("contact", {"matchKey": "nonsense", "matchKeyType": "email"}, "contact.matchKey", NO_EMAIL),
    ("contact", {"matchKey": "anna@home", "matchKeyType": "Email"}, "contact.matchKey", NO_EMAIL),
    ("contact", {"matchKey": "abc", "matchKeyType": "mobilePhone"}, "contact.matchKey", NO_PHONE),
    ("contact", {"matchKey": "12", "matchKeyType": "mobilePhone"}, "contact.matchKey", NO_PHONE),
    ("contact", {"matchKey": "x" * 501, "matchKeyType": "externalId"}, "contact.matchKey", "At most 500 characters."),
    ("contact", {"matchKey": "x" * 61, "matchKeyType": "externalId", "person": {}}, "contact.matchKey", "is longer than 60 characters"),
    ("uniqueReceiptId", None, "uniqueReceiptId", "Expected text, not null."),
    ("uniqueReceiptId", "  ", "uniqueReceiptId", BLANK),
    ("uniqueReceiptId", "x" * 101, "uniqueReceiptId", "At most 100 characters."),
    ("uniqueReceiptId", 5, "uniqueReceiptId", NO_TEXT),
    ("receiptNumber", 5, "receiptNumber", NO_TEXT),
    ("receiptNumber", "1\x07", "receiptNumber", "Control characters are not allowed."),
    ("createdDate", "2026-11-21", "createdDate", DATE),
    ("createdDate", "2026-11-21T10:14:00", "createdDate", DATE),
    ("createdDate", "2026-02-30T10:14:00+01:00", "createdDate", DATE),
    ("createdDate", "0001-01-01T00:00:00+01:00", "createdDate", "Expected a year from 1900 to 2200."),
    ("storeExternalId", " ", "storeExternalId", BLANK),
    ("storeExternalId", 101, "storeExternalId", NO_TEXT),
    ("currency", "kr", "currency", "Expected three capital letters, such as SEK."),
    ("currency", "SEKK", "currency", "At most 3 characters."),
    ("totalGrossPrice", "200.00", "totalGrossPrice", "Expected a number, not text."),
    ("totalGrossPrice", 10**12, "totalGrossPrice", "The number is too large."),
    ("totalGrossPrice", True, "totalGrossPrice", "Expected a number, not true or false."),
    ("totalGrossPrice", -200, "totalGrossPrice", "The total of a purchase is not negative."),
    ("totalGrossPrice", 199, "totalGrossPrice", "The lines add up to 200.0, the total is 199."),
    ("totalGrossPrice", 199, "paymentMethods", "The payments add up to 200.0, the total is 199."),
    ("exchangeRateToGroupCurrency", 0, "exchangeRateToGroupCurrency", "Expected a number above zero."),
    ("exchangeRateToGroupCurrency", "1", "exchangeRateToGroupCurrency", "Expected a number, not text."),
    ("paymentMethods", {}, "paymentMethods", "Expected a list, not an object."),
    ("paymentMethods[0].value", "200", "paymentMethods[0].value", "Expected a number, not text."),
    ("paymentMethods[0].amount", 1, "paymentMethods[0].amount", UNKNOWN),
    ("items[0].type", "SALE", "items[0].type", NOT_KNOWN),
    ("items[0].sku", 5, "items[0].sku", NO_TEXT),
    ("items[0].articleNumber", None, "items[0].articleNumber", "Expected text, not null."),
    ("items[0].articleName", "x" * 501, "items[0].articleName", "At most 500 characters."),
    ("items[0].quantity", 1.5, "items[0].quantity", "Expected a whole number, not a fraction."),
    ("items[0].quantity", "1", "items[0].quantity", "Expected a whole number, not text."),
    ("items[0].quantity", 0, "items[0].quantity", "A purchase has a positive quantity."),
    ("items[0].grossPaidPrice", -200, "items[0].grossPaidPrice", "The price of a line is positive, on a return too."),
    ("items[0].taxAmount", -40, "items[0].taxAmount", "The tax of a purchase is not negative."),
    ("items[0].taxPercent", -25, "items[0].taxPercent", "A tax rate is not negative."),
    ("items[0].marginPercent", True, "items[0].marginPercent", "Expected a number."),
    ("items[0].awardsBonus", "yes", "items[0].awardsBonus", "Expected true or false, not text."),
    ("items[0].discounts", [{}], "items[0].discounts[0].value", REQUIRED),
    ("items[0].unitPrice", 200, "items[0].unitPrice", UNKNOWN),
    ("usedPromotions", [{"id": "x"}], "usedPromotions[0].id", UNKNOWN),
    ("usedPromotions", [{}], "usedPromotions[0]", "Expected a promotionId, a couponId or both."),
    ("usedPromotions", [{"promotionId": "SUMMER"}], "usedPromotions[0].promotionId", GUID),
    ("usedPromotions", [{"couponId": "y"}], "usedPromotions[0].couponId", GUID),
    ("usedBonusChecks", [{}], "usedBonusChecks[0].checkNumber", NO_VOUCHER),
    ("usedBonusChecks", [{"checkNumber": " "}], "usedBonusChecks[0].checkNumber", NO_VOUCHER),
    ("usedBonusChecks", [{"checkNumber": 2342}], "usedBonusChecks[0].checkNumber", NO_TEXT),
    ("taxDetails", [{"rate": 25}], "taxDetails[0].rate", UNKNOWN),
    ("extraData", [{"name": "till", "value": 3}], "extraData[0].value", NO_TEXT),
    ("comment", "x", "comment", UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "field", "sentence"), BROKEN)
def test_a_broken_receipt_is_refused_by_the_path_of_its_field_in_one_sentence(
    shop, place, value, field, sentence
):
    answer = shop.post(RECEIPTS, changed(make_receipt(), place, value))
    assert (answer.status_code, code_of(answer)) == (422, "ValidationError")
    told = {(each["field"], each["errorDescription"]) for each in answer.json()["validationErrors"]}
    assert (field, f"{field}: {sentence}") in told
    assert {name for name, _ in told} <= {field, "totalGrossPrice", "paymentMethods"}
    assert not Receipt.objects.exists()
    assert not Item.objects.exists()


def broken_return(**members: Any) -> dict[str, Any]:
    return receipt(back("200.00") | members, total="-200.00", paid=["-200.00"])


BROKEN_RETURNS = [
    (broken_return(quantity=1), "items[0].quantity", "A return has a negative quantity."),
    (broken_return(grossPaidPrice=-200), "items[0].grossPaidPrice", "The price of a line is positive, on a return too."),
    (broken_return(taxAmount=-40), "items[0].taxAmount", "The tax of a line is positive, on a return too."),
    (receipt(back("200.00"), total="200.00", paid=["-200.00"]), "totalGrossPrice", "The total of a return is negative."),
    (receipt(back("200.00"), total="-200.00", paid=["200.00"]), "paymentMethods[0].value", "What is paid back is negative."),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field", "sentence"), BROKEN_RETURNS)
def test_a_broken_return_is_refused_by_the_path_of_its_field(shop, body, field, sentence):
    answer = shop.generic("POST", RECEIPTS, encode(body), content_type="application/json")
    told = [(each["field"], each["errorDescription"]) for each in answer.json()["validationErrors"]]
    assert (field, f"{field}: {sentence}") in told
    assert not Receipt.objects.exists()


_CENTS = st.integers(0, 10**7).map(lambda cents: Decimal(cents) / 100)
_WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=12
)


@st.composite
def sound_receipts(draw: st.DrawFn) -> dict[str, Any]:
    """Some lines bought, some brought back, paid in one way or two, with any words."""
    lines = [
        (back if is_back else line)(
            str(price), articleName=words, **draw(st.sampled_from([{}, {"discounts": OFF}]))
        )
        for price, is_back, words in draw(
            st.lists(st.tuples(_CENTS, st.booleans(), _WORDS), min_size=1, max_size=5)
        )
    ]
    total = sum(
        ((-1 if each["type"] == "RETURN" else 1) * each["grossPaidPrice"] for each in lines), Decimal(0)
    )
    part = Decimal(int(total / 3))
    paid = [total - part, part] if draw(st.booleans()) else [total]
    promotions = [{"promotionId": seeds.PERCENT_TEMPLATE_ID, "couponId": seeds.ANNA_PERCENT_ID}]
    more = draw(
        st.sampled_from([{}, {"usedPromotions": promotions}, {"usedBonusChecks": [{"checkNumber": "2342"}]}])
    )
    return receipt(*lines, total=str(total), paid=[str(value) for value in paid], **more)


@given(body=sound_receipts())
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_sound_receipt_reaches_engage_with_every_digit_of_its_money(wire, shop, body):
    Item.objects.all().delete()
    Receipt.objects.all().delete()
    wire.sent.clear()
    wire.app.gate.forget()
    wire.engage.reset()
    raw = encode(body)
    answer = shop.generic("POST", RECEIPTS, raw, content_type="application/json")
    assert (answer.status_code, answer.content) == (202, b"")
    deliver_all()
    (sent,) = wire.of("POST", RECEIPTS)
    assert sent.json == decode(raw)
    assert digits(sent.body) == digits(raw)
    assert [item.state for item in Item.objects.all()] == [State.ACCEPTED]
    assert Receipt.objects.get().total == body["totalGrossPrice"]


def digits(raw: bytes) -> Any:
    """The body with every number as the text it was written with."""
    return json.loads(raw, parse_float=lambda text: f"#{text}", parse_int=lambda text: f"#{text}")


def changed(body: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """The body with the member at a path replaced, or removed."""
    copy = json.loads(json.dumps(body))
    *way, last = place.replace("[", ".").replace("]", "").split(".")
    inner: Any = copy
    for step in way:
        inner = inner[int(step) if step.isdecimal() else step]
    if value is GONE:
        del inner[last]
    else:
        inner[last] = value
    return copy
