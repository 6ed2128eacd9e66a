"""Staff may say how a store's receipts begin: two tills with overlapping numbers lose sales silently in Engage."""

import pytest
from django.core.exceptions import ValidationError

from engage_portal.accounts.models import User
from receipts.models import Receipt, Store
from tests.api.talking import RECEIPTS, deliver_all, items
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def prefixed(engage) -> None:
    """Receipts of store 101 begin with 101-."""
    Store.objects.create(external_id="101", prefix="101-")


def test_an_id_that_begins_otherwise_is_refused_with_what_it_should_be(prefixed, till, receipt_body):
    answer = till.post(RECEIPTS, receipt_body("1001"))
    assert answer.status_code == 422
    assert answer.json()["validationErrors"] == [
        {"field": "uniqueReceiptId", "errorDescription": "uniqueReceiptId: Ids of store 101 begin with 101-."}
    ]
    assert not Receipt.objects.exists()
    assert not items()


def test_an_id_that_begins_so_goes_to_engage_letter_by_letter(prefixed, engage, till, receipt_body):
    assert till.post(RECEIPTS, receipt_body("101-1001")).status_code == 202
    deliver_all()
    assert list(engage.engage.received) == ["101-1001"]


def test_a_receipt_from_before_keeps_its_answer(engage, till, receipt_body):
    assert till.post(RECEIPTS, receipt_body("1001")).status_code == 202
    Store.objects.create(external_id="101", prefix="101-")
    assert till.post(RECEIPTS, receipt_body("1001")).status_code == 202
    assert till.post(RECEIPTS, receipt_body("1001", article="A-2")).status_code == 422
    assert len(items()) == 1


def test_a_refusal_is_not_kept_under_its_key(prefixed, till, receipt_body):
    key = {"HTTP_IDEMPOTENCY_KEY": "k"}
    assert till.post(RECEIPTS, receipt_body("1001"), **key).status_code == 422
    Store.objects.update(prefix="")
    assert till.post(RECEIPTS, receipt_body("1001"), **key).status_code == 202


def test_other_stores_are_free(prefixed, api_key, receipt_body):
    from tests.conftest import client_with

    other = client_with(api_key(name="till-102-1", store="102"))
    assert other.post(RECEIPTS, receipt_body("1001", storeExternalId="102")).status_code == 202


@pytest.mark.parametrize("prefix", ["101-", "10", "101-9"])
def test_prefixes_of_two_stores_never_overlap(prefixed, prefix):
    with pytest.raises(ValidationError, match="overlaps with 101-"):
        Store(external_id="102", prefix=prefix).full_clean()
    Store(external_id="102", prefix="102-").full_clean()


def test_staff_write_it_in_the_administration_and_nothing_that_is_engages(prefixed):
    boss = signed_in(User.objects.create_superuser("root", password=building.PASSWORD))
    page = "/admin/receipts/store/101/change/"
    assert boss.get(page).status_code in {200, 302}
    Store.objects.filter(pk="101").update(name="Stockholm")
    boss.post(page, {"prefix": " SE101-", "name": "Oslo", "active": ""})
    kept = Store.objects.get(pk="101")
    assert (kept.prefix, kept.name, kept.active) == ("SE101-", "Stockholm", True)
