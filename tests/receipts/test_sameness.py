"""A repetition is told from another receipt by its content, however the till writes it the second time."""

import hashlib
import json
import re

import pytest
from hypothesis import given

from engage_portal.engage import decode_receipt, encode_receipt
from receipts.models import Clash, Receipt
from receipts.services.clashes import sales_missing
from receipts.services.sameness import digest_of
from tests.api.talking import RECEIPTS, code_of, deliver_all, items
from tests.conftest import make_receipt
from tests.engage.test_receipt_round_trip import RECEIPTS as ANY_RECEIPTS
from tests.engage.test_receipt_round_trip import written

MONEY = ("200", "200.0", "200.00", "2E+2", "20.0e1", "2000e-1")


def with_total(digits: str, **members) -> str:
    """A receipt whose money is written with these digits."""
    return json.dumps(make_receipt(**members)).replace("200.0", digits)


def post(till, raw: str):
    return till.generic("POST", RECEIPTS, raw, content_type="application/json")


@pytest.mark.django_db
def test_equal_money_in_other_digits_is_the_same_receipt_and_the_first_digits_go_out(engage, till):
    for digits in MONEY:
        answer = post(till, with_total(digits))
        assert (answer.status_code, answer.content) == (202, b"")
    assert (Receipt.objects.count(), len(items()), Clash.objects.count()) == (1, 1, 0)
    assert '"totalGrossPrice":200,' in Receipt.objects.get().body
    deliver_all()
    assert engage.engage.posted("101-1") == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("200.0", "200.01"), ("200.0", "20.0"), ("0.10", "0.01"), ("200", "2000"), ("1E+2", "1E+3")],
)
def test_other_money_is_another_receipt(one, other):
    digests = {
        digest_of(encode_receipt(decode_receipt(with_total(each).encode()))).of_content
        for each in (one, other)
    }
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("one", "other"), [("at 5.0", "at 5.00"), ('":5.0,', '":5.00,'), ('x":5.0}', 'x":5.00}'), ("5.0", "5.00")]
)
def test_digits_in_words_are_words(one, other):
    digests = {
        digest_of(
            encode_receipt(decode_receipt(json.dumps(make_receipt(receiptNumber=each)).encode()))
        ).of_content
        for each in (one, other)
    }
    assert len(digests) == 2


@given(ANY_RECEIPTS)
def test_whatever_is_the_same_to_a_decimal_has_one_digest(receipt):
    marked = json.dumps(json.loads(written(receipt), parse_float=lambda text: f"\x01{text}000"))
    raw = re.sub(r'"\\u0001([^"]+)"', r"\1", marked)
    bodies = [encode_receipt(decode_receipt(each)) for each in (written(receipt).encode(), raw.encode())]
    assert digest_of(bodies[0]).of_content == digest_of(bodies[1]).of_content


@pytest.mark.django_db
def test_a_receipt_that_was_kept_with_a_digest_of_its_digits_is_known_again(engage, till, receipt_body):
    body = receipt_body("101-1")
    till.post(RECEIPTS, body)
    kept = Receipt.objects.get()
    Receipt.objects.update(content_hash=hashlib.sha256(kept.body.encode()).hexdigest())
    assert till.post(RECEIPTS, body).status_code == 202
    assert till.post(RECEIPTS, receipt_body("101-1", article="B")).status_code == 409


@pytest.mark.django_db
def test_a_till_that_sends_one_sale_in_two_ways_is_not_told_to_number_it_anew(engage, till, receipt_body):
    till.post(RECEIPTS, receipt_body("101-1"))
    for other in (receipt_body("101-1", article="B"), receipt_body("101-1", contact={**_EMAIL})):
        answer = till.post(RECEIPTS, other)
        assert (answer.status_code, code_of(answer)) == (409, "ReceiptIdTaken")
        assert "Do not send it under another number" in answer.json()["message"]
        assert "Number it anew" not in answer.json()["message"]
    assert (Clash.objects.count(), sales_missing().count()) == (2, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other", [{"createdDate": "2026-11-21T17:00:00+01:00"}, {"receiptNumber": "of the next customer"}]
)
def test_another_sale_under_a_taken_id_is_to_be_numbered_anew_and_is_missing(
    engage, till, receipt_body, other
):
    till.post(RECEIPTS, receipt_body("101-1"))
    assert "Number it anew" in till.post(RECEIPTS, receipt_body("101-1", **other)).json()["message"]
    assert sales_missing().count() == 1


_EMAIL = {"matchKey": "anna@example.com", "matchKeyType": "email"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("then", "now", "members"),
    [
        ({"RECEIPT_SUMS": "warn"}, {"RECEIPT_SUMS": "refuse"}, {"totalGrossPrice": 199}),
        ({"RECEIPT_TOLERANCE": 5}, {"RECEIPT_TOLERANCE": 0}, {"totalGrossPrice": 199}),
    ],
)
def test_a_kept_receipt_gets_its_answer_again_under_stricter_rules(
    engage, till, receipt_body, settings, then, now, members
):
    for name, value in then.items():
        setattr(settings, name, value)
    body = receipt_body("101-1", **members)
    assert till.post(RECEIPTS, body).status_code == 202
    for name, value in now.items():
        setattr(settings, name, value)
    assert till.post(RECEIPTS, body).status_code == 202
    assert till.post(RECEIPTS, {**body, "receiptNumber": "other"}).status_code == 422
    assert till.post(RECEIPTS, {**body, "uniqueReceiptId": "101-2"}).status_code == 422
    assert (Receipt.objects.count(), len(items())) == (1, 1)
