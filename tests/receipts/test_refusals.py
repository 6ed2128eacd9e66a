"""A receipt that cannot be right: 4xx that names the field by its path; nothing stored, queued or sent."""

import json

import pytest

from engage_portal.api.models import IdempotentAnswer
from engage_portal.outbox.models import Event, Item
from receipts.models import Receipt
from tests.api.talking import RECEIPTS, code_of, deliver_all

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_happens(engage):
    yield
    deliver_all()
    assert not Receipt.objects.exists()
    assert not Item.objects.exists()
    assert not Event.objects.exists()
    assert not engage.engage.received
    assert not [seen for seen in engage.engage.requests if seen.method != "GET"]


def changed(body: dict, path: str, value) -> dict:
    """A deep copy of a body with one member replaced; `...` removes it."""
    copy = json.loads(json.dumps(body))
    *way, last = [int(step) if step.isdecimal() else step for step in path.split("/")]
    place = copy
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copy


def refused(till, raw: bytes | dict, **headers):
    body = json.dumps(raw) if isinstance(raw, dict) else raw
    return till.generic("POST", RECEIPTS, body, content_type="application/json", **headers)


REQUIRED = [
    "contact", "uniqueReceiptId", "receiptNumber", "createdDate", "storeExternalId", "currency", "totalGrossPrice",
    "paymentMethods", "items", "contact/matchKey", "contact/matchKeyType", "paymentMethods/0/type",
    "paymentMethods/0/value", "items/0/type", "items/0/sku", "items/0/articleNumber", "items/0/articleName",
    "items/0/quantity", "items/0/grossPaidPrice", "items/0/taxAmount", "items/0/taxPercent",
]  # fmt: skip


def shown(path: str) -> str:
    return path.replace("/0", "[0]").replace("/1", "[1]").replace("/", ".")


@pytest.mark.parametrize("path", REQUIRED)
@pytest.mark.parametrize(
    "value", [..., None, {"a": 1}, [[1]], True], ids=["missing", "null", "object", "array", "true"]
)
def test_a_required_field_is_missing_or_of_another_type(till, receipt_body, path, value):
    if (path, value) == ("contact", None):
        pytest.skip("a guest: tests/receipts/test_guests.py")
    answer = refused(till, changed(receipt_body(), path, value))
    assert (answer.status_code, code_of(answer)) == (422, "ValidationError"), answer.content
    for error in answer.json()["validationErrors"]:
        assert error["field"].startswith(shown(path))
        assert error["errorDescription"].startswith(shown(path))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("unique_receipt_id", "x"),
        ("UniqueReceiptId", "x"),
        ("comment", None),
        ("contact/email", "anna@example.com"),
        ("contact/contact_type", "Member"),
        ("paymentMethods/0/amount", 1),
        ("items/0/price", 1),
        ("items/0/discounts", [{"value": 1, "code": "x"}]),
        ("usedPromotions", [{"id": "x"}]),
        ("usedBonusChecks", [{"checkNumber": "2342", "checknumber": "x"}]),
        ("taxDetails", [{"rate": 25}]),
        ("extraData", [{"key": "x"}]),
    ],
)
def test_an_unknown_field_name_is_named_by_its_path(till, receipt_body, path, value):
    answer = refused(till, changed(receipt_body(), path, value))
    assert (answer.status_code, code_of(answer)) == (422, "ValidationError")
    (error,) = answer.json()["validationErrors"]
    inner = (
        f"[0].{next(name for name in value[0] if name not in {'value', 'checkNumber'})}"
        if isinstance(value, list)
        else ""
    )
    assert error == {
        "field": shown(path) + inner,
        "errorDescription": f"{shown(path)}{inner}: Unknown field.",
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("uniqueReceiptId", ""),
        ("uniqueReceiptId", "   "),
        ("uniqueReceiptId", "x" * 101),
        ("uniqueReceiptId", 5),
        ("receiptNumber", "x" * 101),
        ("storeExternalId", ""),
        ("contact/matchKey", ""),
        ("contact/matchKey", " "),
        ("contact/matchKeyType", "phone"),
        ("contact/matchKeyType", "match_key"),
        ("currency", "kr"),
        ("currency", "sek"),
        ("currency", "SEKK"),
        ("createdDate", "2026-11-21"),
        ("createdDate", "2026-11-21T10:14:00"),
        ("createdDate", "21/11/2026"),
        ("createdDate", "2026-02-30T10:14:00+01:00"),
        ("createdDate", "0001-01-01T00:00:00+01:00"),
        ("createdDate", "9999-12-31T23:59:59-01:00"),
        ("createdDate", "2026-11-21T10:14:00+99:99"),
        ("createdDate", 20261121),
        ("totalGrossPrice", "200.00"),
        ("totalGrossPrice", 10**12),
        ("paymentMethods", []),
        ("paymentMethods/0/value", "200"),
        ("items", []),
        ("items", {}),
        ("items/0/type", "SALE"),
        ("items/0/quantity", 1.5),
        ("items/0/quantity", "1"),
        ("items/0/taxPercent", -25),
        ("exchangeRateToGroupCurrency", 0),
        ("items/0/marginPercent", True),
        ("items/0/articleName", "Jac\x00ket"),
        ("receiptNumber", "1\x07"),
        ("items/0/articleName", "J" * 501),
    ],
)
def test_a_value_that_cannot_be_right(till, receipt_body, path, value):
    answer = refused(till, changed(receipt_body(), path, value))
    assert (answer.status_code, code_of(answer)) == (422, "ValidationError"), answer.content
    (error,) = answer.json()["validationErrors"]
    assert error["field"] == shown(path)


PURCHASE = {"type": "PURCHASE", "quantity": 1, "taxAmount": 40.0}
RETURN = {"type": "RETURN", "quantity": -1}


@pytest.mark.parametrize(
    ("line", "total", "paid", "field"),
    [
        ({"quantity": -1}, 200, 200, "items[0].quantity"),
        ({"quantity": 0}, 200, 200, "items[0].quantity"),
        ({"grossPaidPrice": -200}, 200, 200, "items[0].grossPaidPrice"),
        ({"taxAmount": -40}, 200, 200, "items[0].taxAmount"),
        ({}, -200, 200, "totalGrossPrice"),
        ({**RETURN, "quantity": 1}, -200, -200, "items[0].quantity"),
        ({**RETURN, "grossPaidPrice": -200}, -200, -200, "items[0].grossPaidPrice"),
        ({**RETURN, "taxAmount": -40}, -200, -200, "items[0].taxAmount"),
        (RETURN, 200, -200, "totalGrossPrice"),
        (RETURN, -200, 200, "paymentMethods[0].value"),
    ],
)
def test_a_sign_is_wrong(till, receipt_body, line, total, paid, field):
    body = receipt_body(totalGrossPrice=total, paymentMethods=[{"type": "card", "value": paid}])
    body["items"][0] |= line
    answer = refused(till, body)
    assert (answer.status_code, code_of(answer)) == (422, "ValidationError"), answer.content
    assert answer.json()["validationErrors"][0]["field"] == field


@pytest.mark.parametrize("headers", [{}, {"HTTP_IDEMPOTENCY_KEY": "k"}])
@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 400, "NoData"),
        (b" \n ", 400, "NoData"),
        (b"{", 400, "InvalidBody"),
        (b"{}x", 400, "InvalidBody"),
        (b"{'a': 1}", 400, "InvalidBody"),
        (b'{"totalGrossPrice": NaN}', 400, "InvalidBody"),
        (b'{"totalGrossPrice": Infinity}', 400, "InvalidBody"),
        (b"\xff\xfe", 400, "InvalidBody"),
        (b"[" * 100_000, 400, "InvalidBody"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400, "InvalidBody"),
        (b'{"uniqueReceiptId":"\\ud800"}', 400, "InvalidBody"),
        (b"null", 400, "InvalidBody"),
        (b"[]", 400, "InvalidBody"),
        (b'"text"', 400, "InvalidBody"),
        (b"7", 400, "InvalidBody"),
        (b'{"x":"' + b"x" * 2_500_000 + b'"}', 413, "BodyTooLarge"),
    ],
)
def test_a_body_that_cannot_be_read(till, raw, status, code, headers):
    answer = refused(till, raw, **headers)
    assert (answer.status_code, code_of(answer)) == (status, code), answer.content


@pytest.mark.parametrize(
    "number", ["1e400", "1e999999999", "-1e999999999", "1" * 40, "1" * 5000, "1e-11", "1e-999999999"]
)
@pytest.mark.parametrize("path", ["totalGrossPrice", "items/0/quantity", "paymentMethods/0/value"])
def test_a_number_of_no_sensible_size(till, receipt_body, path, number):
    raw = json.dumps(changed(receipt_body(), path, "HERE")).replace('"HERE"', number).encode()
    answer = refused(till, raw)
    assert answer.status_code in {400, 422}
    assert code_of(answer) in {"InvalidBody", "ValidationError"}
    assert number not in answer.content.decode()


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "text/xml", ""])
def test_another_content_type_is_415(till, receipt_body, content_type):
    answer = till.generic("POST", RECEIPTS, json.dumps(receipt_body()), content_type=content_type)
    assert (answer.status_code, code_of(answer)) == (415, "UnsupportedMediaType")


def test_no_refusal_repeats_personal_data(till, receipt_body):
    personal = {"matchKey": "anna@example.com", "matchKeyType": "mail"}
    for body in (
        receipt_body(contact=personal),
        {**receipt_body(), "anna@example.com": 1},
        receipt_body(createdDate="anna@example.com"),
        {**receipt_body(), "+46735654321": 1},
    ):
        answer = refused(till, body)
        assert answer.status_code == 422
        assert "anna@example.com" not in answer.content.decode()
        assert "735654321" not in answer.content.decode()


def test_a_refused_answer_is_kept_under_its_key_and_given_again(till, receipt_body):
    body = receipt_body(currency="kr")
    first, second = (refused(till, body, HTTP_IDEMPOTENCY_KEY="k") for _ in range(2))
    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"
    assert IdempotentAnswer.objects.count() == 1
