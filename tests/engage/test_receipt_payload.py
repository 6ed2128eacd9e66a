"""Which receipts are taken, and how a refusal names its field."""

import json
from decimal import Decimal

import pytest
from msgspec import UNSET

from engage_portal.engage import FieldError, PayloadError, decode_receipt, encode_receipt
from tests.engage.answering import captured

SAMPLES = ["receipt_purchase", "receipt_return", "receipt_personal_key"]


def purchase() -> dict:
    return json.loads(captured("receipt_purchase"))


def refused(receipt) -> FieldError:
    """The one thing that is wrong with a receipt."""
    (problem,) = all_problems(receipt)
    return problem


def all_problems(receipt) -> tuple[FieldError, ...]:
    body = receipt if isinstance(receipt, bytes) else json.dumps(receipt).encode()
    with pytest.raises(PayloadError) as caught:
        decode_receipt(body)
    assert all(each.description in str(caught.value) for each in caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize("name", SAMPLES)
def test_the_published_samples_are_taken_and_come_out_equal(name):
    def exact(body: bytes):
        return json.loads(body, parse_float=Decimal)

    written = encode_receipt(decode_receipt(captured(name)))
    assert exact(written) == exact(captured(name))
    assert encode_receipt(decode_receipt(written)) == written


def test_a_receipt_is_read_with_its_digits():
    receipt = decode_receipt(captured("receipt_purchase"))
    assert str(receipt.total_gross_price) == "200.00"
    assert receipt.items[0].quantity == 2
    assert isinstance(receipt.items[0].quantity, int)
    assert receipt.items[0].margin_percent == "25.00"
    assert receipt.items[0].pack_quantity is UNSET
    assert receipt.tax_details[0].description is None
    assert receipt.used_promotions[0].coupon_id is UNSET


def test_the_order_of_names_makes_no_difference():
    shuffled = dict(reversed(purchase().items()))
    one, other = (json.dumps(each).encode() for each in (purchase(), shuffled))
    assert encode_receipt(decode_receipt(one)) == encode_receipt(decode_receipt(other))
    assert b": " not in encode_receipt(decode_receipt(one))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ContactId", "contactId"), ("MOBILEPHONE", "mobilePhone"), ("email", "email"), ("CardId", "cardId"),
        ("MemberNumberWithCardNumberAsFallback", "memberNumberWithCardNumberAsFallback"),
    ],
)  # fmt: skip
def test_the_kind_of_key_is_read_in_any_case_and_written_in_camel_case(given, kept):
    receipt = purchase()
    receipt["contact"]["matchKeyType"] = given
    assert decode_receipt(json.dumps(receipt).encode()).contact.match_key_type == kept


def test_the_kind_of_line_is_read_in_any_case():
    receipt = purchase()
    receipt["items"][0]["type"] = "Purchase"
    receipt["paymentMethods"][0]["type"] = "PURCHASE"
    read = decode_receipt(json.dumps(receipt).encode())
    assert (read.items[0].type, read.payment_methods[0].type) == ("PURCHASE", "PURCHASE")


def test_a_whole_quantity_may_be_written_with_a_point():
    receipt = purchase()
    receipt["items"][0]["quantity"] = 2.0
    assert decode_receipt(json.dumps(receipt).encode()).items[0].quantity == 2


def test_an_adjustment_has_no_rule_of_signs():
    receipt = purchase()
    receipt["items"][0] |= {"type": "ADJUSTMENT", "quantity": 0, "grossPaidPrice": -5, "taxAmount": -1}
    assert decode_receipt(json.dumps(receipt).encode()).items[0].gross_paid_price == -5


BAD_FIELDS = [
    ({"currency": ...}, "currency", "This field is required."),
    ({"contact": ...}, "contact", "This field is required."),
    ({"colour": 1}, "colour", "Unknown field."),
    ({"": 1}, "?", "Unknown field."),
    ({"a\nb": 1}, "?", "Unknown field."),
    ({"contact": 7}, "contact", "Expected an object, not a number."),
    ({"contact": {"matchKey": "x", "matchKeyType": "name"}}, "contact.matchKeyType", "This is not one of the known values."),
    ({"contact": {"matchKey": "", "matchKeyType": "email"}}, "contact.matchKey", "At least 1 characters."),
    ({"contact": {"matchKey": "  ", "matchKeyType": "email"}}, "contact.matchKey", "This field may not be blank."),
    ({"contact": {"matchKeyType": "email"}}, "contact.matchKey", "This field is required."),
    ({"contact": {"matchKey": "x", "matchKeyType": "email", "contactType": None}}, "contact.contactType", "Expected text, not null."),
    ({"uniqueReceiptId": "x" * 101}, "uniqueReceiptId", "At most 100 characters."),
    ({"uniqueReceiptId": " "}, "uniqueReceiptId", "This field may not be blank."),
    ({"receiptNumber": "x" * 101}, "receiptNumber", "At most 100 characters."),
    ({"storeExternalId": ""}, "storeExternalId", "At least 1 characters."),
    ({"storeExternalId": "\t"}, "storeExternalId", "This field may not be blank."),
    ({"currency": "sek"}, "currency", "Expected three capital letters, such as SEK."),
    ({"currency": "SE\n"}, "currency", "Expected three capital letters, such as SEK."),
    ({"totalGrossPrice": "200.00"}, "totalGrossPrice", "Expected a number, not text."),
    ({"totalGrossPrice": True}, "totalGrossPrice", "Expected a number, not true or false."),
    ({"totalGrossPrice": 10**12}, "totalGrossPrice", "The number is too large."),
    ({"totalGrossPrice": -(10**12)}, "totalGrossPrice", "The number is too large."),
    ({"totalGrossPrice": 1e-11}, "totalGrossPrice", "At most 10 decimals are allowed."),
    ({"exchangeRateToGroupCurrency": 0}, "exchangeRateToGroupCurrency", "Expected a number above zero."),
    ({"items": []}, "items", "At least 1 entries."),
    ({"items": {}}, "items", "Expected a list, not an object."),
    ({"items": [3]}, "items[0]", "Expected an object, not a number."),
    ({"paymentMethods": []}, "paymentMethods", "At least 1 entries."),
    ({"paymentMethods": [{"type": "card"}]}, "paymentMethods[0].value", "This field is required."),
    ({"usedBonusChecks": [{"checkNumber": 3}]}, "usedBonusChecks[0].checkNumber", "Expected text, not a number."),
    ({"extraData": None}, "extraData", "Expected a list, not null."),
]  # fmt: skip

BAD_LINES = [
    ({"colour": "red"}, "colour", "Unknown field."),
    ({"sku": ...}, "sku", "This field is required."),
    ({"sku": "x" * 501}, "sku", "At most 500 characters."),
    ({"sku": "a\x00b"}, "sku", "Control characters are not allowed."),
    ({"type": "GIFT"}, "type", "This is not one of the known values."),
    ({"quantity": 1.5}, "quantity", "Expected a whole number, not a fraction."),
    ({"quantity": "1"}, "quantity", "Expected a whole number, not text."),
    ({"quantity": True}, "quantity", "Expected a whole number, not true or false."),
    ({"quantity": 0}, "quantity", "A purchase has a positive quantity."),
    ({"quantity": 10**13}, "quantity", "The number is too large."),
    ({"type": "RETURN"}, "quantity", "A return has a negative quantity."),
    ({"grossPaidPrice": -1}, "grossPaidPrice", "The price of a line is positive, on a return too."),
    ({"type": "RETURN", "quantity": -1, "taxAmount": -1}, "taxAmount", "The tax of a line is positive, on a return too."),
    ({"taxPercent": -1}, "taxPercent", "A tax rate is not negative."),
    ({"marginPercent": None}, "marginPercent", "Expected a number."),
    ({"marginPercent": [1]}, "marginPercent", "Expected a number."),
    ({"marginPercent": "1" * 51}, "marginPercent", "Expected a number."),
    ({"awardsBonus": 1}, "awardsBonus", "Expected true or false, not a number."),
    ({"articleGroup": 5}, "articleGroup", "Expected text or null, not a number."),
    ({"discounts": [{"value": 1}, {"value": "1"}]}, "discounts[1].value", "Expected a number, not text."),
    ({"discounts": [{"value": 1, "kind": 1}]}, "discounts[0].kind", "Unknown field."),
]  # fmt: skip


def changed(whole: dict, changes: dict) -> dict:
    return {name: each for name, each in (whole | changes).items() if each is not ...}


@pytest.mark.parametrize(("changes", "field", "problem"), BAD_FIELDS)
def test_a_bad_field_is_named(changes, field, problem):
    error = refused(changed(purchase(), changes))
    assert (error.field, error.description) == (field, problem)


@pytest.mark.parametrize(("changes", "field", "problem"), BAD_LINES)
def test_a_bad_field_of_a_line_is_named_with_its_place(changes, field, problem):
    receipt = purchase()
    receipt["items"].append(changed(receipt["items"][0], changes))
    error = refused(receipt)
    assert (error.field, error.description) == (f"items[1].{field}", problem)


@pytest.mark.parametrize(
    "text",
    [
        "2018-09-06", "2018-09-06T15:55:54", "2018-13-06T15:55:54Z", "2018-09-06 15:55:54Z", "06/09/2018", "", "now",
        "2018-09-06T15:55:54+0100", "2018-09-06T15:55:54Z\n", "2018-09-06T25:55:54Z", "٢٠18-09-06T15:55:54Z",
    ],
)  # fmt: skip
def test_a_time_needs_its_offset(text):
    assert refused(purchase() | {"createdDate": text}).field == "createdDate"


@pytest.mark.parametrize("text", ["2018-09-06T15:55:54Z", "2018-09-06T15:55:54.1234567-05:00"])
def test_a_time_is_kept_as_it_was_written(text):
    body = json.dumps(purchase() | {"createdDate": text}).encode()
    assert decode_receipt(body).created_date == text


def test_too_many_lines_are_refused():
    receipt = purchase()
    receipt["items"] *= 2001
    error = refused(receipt)
    assert (error.field, error.description) == ("items", "At most 2000 entries.")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "The body is not valid JSON."),
        (b"{", "The body is not valid JSON."),
        (b"\xff", "The body is not valid JSON."),
        (b'{"totalGrossPrice": NaN}', "The body is not valid JSON."),
        (b'{"totalGrossPrice": 1E999999999999999999999}', "The body is not valid JSON."),
        (b"[" * 100_000, "The body is not valid JSON."),
        (b"[" * 600 + b"]" * 600, "The body is nested too deeply."),
        (b"[]", "Expected an object, not a list."),
        (b"null", "Expected an object, not null."),
        (b'"x"', "Expected an object, not text."),
    ],
)
def test_a_body_that_is_no_receipt_names_no_field(body, problem):
    error = refused(body)
    assert (error.field, error.description) == ("", problem)


def test_a_number_with_a_huge_exponent_is_refused():
    body = captured("receipt_purchase").replace(b'"totalGrossPrice": 200.00', b'"totalGrossPrice": 1e9999999')
    assert refused(body).field == "totalGrossPrice"


def test_a_refusal_repeats_nothing_personal():
    receipt = purchase() | {"anna@example.com": 1}
    receipt["contact"] = {"matchKey": "anna@example.com", "matchKeyType": "anna@example.com"}
    told = all_problems(receipt)
    assert "anna" not in f"{told} {PayloadError(told)}"


def test_everything_that_is_wrong_is_told_at_once():
    receipt = changed(purchase(), {"currency": "kr", "contact": {"matchKeyType": "phone"}, "comment": "x"})
    line = receipt["items"][0]
    receipt["items"] = [
        line | {"quantity": 1.5},
        line | {"type": "RETURN"},
        {key: value for key, value in line.items() if key != "sku"} | {"taxPercent": -1},
        7,
    ]
    receipt["paymentMethods"] = []
    del receipt["uniqueReceiptId"]
    assert {each.field for each in all_problems(receipt)} == {
        "comment", "contact.matchKey", "contact.matchKeyType", "uniqueReceiptId", "paymentMethods",
        "items[0].quantity", "items[1].quantity", "items[2].sku", "items[3]", "currency", "items[2].taxPercent",
    }  # fmt: skip


@pytest.mark.parametrize("wrong", ["contact", "items", "paymentMethods", "usedPromotions", "taxDetails"])
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [7], [{}], [{"type": 7}]])
def test_what_is_wrong_itself_is_told_of_once_and_the_rest_beside_it(wrong, value):
    told = [each.field for each in all_problems(changed(purchase(), {wrong: value, "currency": "kr"}))]
    assert "currency" in told
    assert len(told) == len(set(told))
    assert all(path == "currency" or path.startswith(wrong) for path in told)


def test_a_body_full_of_mistakes_is_answered_with_a_hundred_of_them():
    receipt = purchase()
    receipt["items"] = [{"x": 1}] * 2000
    assert len(all_problems(receipt)) == 100
