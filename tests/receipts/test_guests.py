"""A sale to nobody in the programme: kept and counted here, never sent to Engage."""

import pytest
from django.utils.timezone import localdate

from receipts.models import Receipt
from receipts.selectors.days import store_days
from tests.api.talking import RECEIPTS, code_of, deliver_all, items

pytestmark = pytest.mark.django_db


def guest(body: dict, **members) -> dict:
    return {**body, "contact": None, **members}


def test_a_guests_sale_is_kept_and_never_sent(engage, till, receipt_body):
    for _ in range(2):
        answer = till.post(RECEIPTS, guest(receipt_body("101-1")))
        assert (answer.status_code, answer.content) == (202, b"")
    kept = Receipt.objects.get()
    assert (kept.is_guest, kept.contact, items()) == (True, None, [])
    deliver_all()
    assert not engage.engage.received


def test_leaving_the_contact_out_is_a_mistake_and_no_guest(engage, till, receipt_body):
    body = receipt_body("101-1")
    del body["contact"]
    answer = till.post(RECEIPTS, body)
    assert (answer.status_code, code_of(answer)) == (422, "ValidationError")
    assert [each["field"] for each in answer.json()["validationErrors"]] == ["contact"]
    assert not Receipt.objects.exists()


def test_everything_else_is_checked_as_always(engage, till, receipt_body):
    answer = till.post(RECEIPTS, guest(receipt_body("101-1"), totalGrossPrice=100, currency="kr"))
    told = [each["field"] for each in answer.json()["validationErrors"]]
    assert told == ["currency", "totalGrossPrice", "paymentMethods"]
    assert till.post(RECEIPTS, guest(receipt_body("101-1"), totalGrossPrice=100)).status_code == 422


def test_the_number_of_a_guests_sale_is_taken_too(engage, till, receipt_body):
    till.post(RECEIPTS, guest(receipt_body("101-1")))
    assert till.post(RECEIPTS, receipt_body("101-1")).status_code == 409


def test_a_day_counts_guests_apart_and_is_complete_with_them(engage, till, receipt_body):
    till.post(RECEIPTS, guest(receipt_body("101-1")))
    sold_on = localdate(Receipt.objects.get().created_date)
    (day,) = store_days(sold_on)
    (tally,) = day.tallies
    assert (tally.kind, tally.count, tally.total, tally.stages, day.is_complete) == (
        "Guests",
        1,
        200,
        [],
        True,
    )
    till.post(RECEIPTS, receipt_body("101-2"))
    (day,) = store_days(sold_on)
    assert [(tally.kind, tally.count) for tally in day.tallies] == [("Receipts", 1), ("Guests", 1)]
    assert not day.is_complete
