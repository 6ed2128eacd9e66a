"""Property: whatever sound receipt comes in goes out the same, to the last digit of its money."""

import json
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from engage_portal.engage import decode_receipt, encode_receipt

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20)
KEY = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,30}", fullmatch=True)
GUID = st.uuids().map(str)
MONEY = st.decimals(min_value=-999_999, max_value=999_999, places=2) | st.integers(-999, 999).map(Decimal)
PLUS = st.decimals(min_value=0, max_value=999_999, places=4)
EXTRA = st.lists(st.fixed_dictionaries({"name": TEXT, "value": TEXT}), max_size=2)


def line(kind: str, sign: int):
    return st.fixed_dictionaries(
        {
            "type": st.just(kind),
            "sku": TEXT,
            "articleNumber": TEXT,
            "articleName": TEXT,
            "quantity": st.integers(1, 999).map(lambda amount: sign * amount),
            "grossPaidPrice": PLUS,
            "taxAmount": PLUS,
            "taxPercent": PLUS,
        },
        optional={
            "articleGroup": st.none() | TEXT,
            "packQuantity": MONEY,
            "marginPercent": MONEY | st.just("25.00"),
            "awardsBonus": st.booleans(),
            "extraData": EXTRA,
            "discounts": st.lists(
                st.fixed_dictionaries({"value": MONEY}, optional={"description": st.none() | TEXT}),
                max_size=2,
            ),
        },
    )


RECEIPTS = st.fixed_dictionaries(
    {
        "contact": st.fixed_dictionaries(
            {"matchKey": GUID, "matchKeyType": st.just("contactId")}, optional={"contactType": KEY}
        ),
        "uniqueReceiptId": KEY,
        "receiptNumber": TEXT,
        "createdDate": st.datetimes().map(
            lambda moment: f"{moment:%Y}".zfill(4) + f"{moment:-%m-%dT%H:%M:%S}+01:00"
        ),
        "storeExternalId": KEY,
        "currency": st.sampled_from(["SEK", "EUR"]),
        "totalGrossPrice": MONEY,
        "paymentMethods": st.lists(
            st.fixed_dictionaries({"type": TEXT, "value": MONEY}, optional={"extraData": EXTRA}),
            min_size=1,
            max_size=3,
        ),
        "items": st.lists(line("PURCHASE", 1) | line("RETURN", -1), min_size=1, max_size=3),
    },
    optional={
        "taxDetails": st.lists(st.fixed_dictionaries({"value": MONEY}), max_size=2),
        "usedBonusChecks": st.lists(st.fixed_dictionaries({"checkNumber": KEY}), max_size=2),
        "usedPromotions": st.lists(
            st.fixed_dictionaries({"couponId": GUID}, optional={"promotionId": GUID}), max_size=2
        ),
        "extraData": EXTRA,
    },
)


def written(value) -> str:
    """JSON with every Decimal as a number of exactly its digits, made without the code under test."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{written(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return f"{value:f}" if isinstance(value, Decimal) else json.dumps(value)


def digits(value):
    """The tree with every number as the text it was written with."""
    return json.loads(value, parse_float=lambda text: f"#{text}", parse_int=lambda text: f"#{text}")


@settings(max_examples=60)
@given(RECEIPTS)
def test_what_goes_out_is_what_came_in(receipt):
    body = written(receipt).encode()
    out = encode_receipt(decode_receipt(body))
    assert digits(out) == digits(body)
    assert encode_receipt(decode_receipt(out)) == out
