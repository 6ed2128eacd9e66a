"""Is Saturday complete? What each store sold and redeemed on a day, and how much of it is in Engage."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from engage_portal.outbox.states import State
from promotions.models import Redemption, VoucherUse
from receipts.days import store_days
from receipts.models import Receipt
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db
SATURDAY = date(2026, 11, 21)
DAYS = "/staff/days/"


def sold(
    store: str, total: str, state: State | None, *, at="2026-11-21T09:00:00+00:00", currency="SEK"
) -> None:
    unique = str(uuid4())
    receipt = Receipt.objects.create(
        unique_receipt_id=unique,
        receipt_number="1",
        store=store,
        created_date=datetime.fromisoformat(at),
        currency=currency,
        total=Decimal(total),
        body=json.dumps({}),
        content_hash=unique,
    )
    if state:
        building.item(kind="receipt.post", subject_id=receipt.pk, state=state, store=store)


def redeemed(store: str, state: State) -> None:
    made = Redemption.objects.create(
        assignment_id=uuid4(), channel="POS", store=store, accepted_at=datetime(2026, 11, 21, 12, tzinfo=UTC)
    )
    building.item(kind="promotion.redeem", subject_id=made.pk, state=state, store=store)


def test_a_store_where_only_a_voucher_waits_is_not_complete(db):
    use = VoucherUse.objects.create(
        voucher_id=uuid4(), store="104", accepted_at=datetime(2026, 11, 21, 12, tzinfo=UTC)
    )
    building.item(kind="voucher.redeem", subject_id=use.pk, state=State.PENDING, store="104")
    (day,) = store_days(SATURDAY)
    assert (day.store, day.waiting, day.is_complete) == ("104", 1, False)
    assert [(tally.kind, tally.count) for tally in day.tallies] == [("Vouchers", 1)]


@pytest.fixture
def saturday() -> None:
    """Store 101 is complete, 102 waits, 103 needs somebody."""
    sold("101", "200", State.DELIVERED)
    sold("101", "-50.5", State.ACCEPTED)
    sold("101", "99.9", None)  # settled so long ago that its item is gone
    redeemed("101", State.DELIVERED)
    sold("102", "10", State.PENDING)
    sold("102", "10", State.IN_DOUBT)
    sold("102", "7", State.DELIVERED, currency="EUR")
    sold("103", "5", State.ATTENTION)
    sold("103", "5", State.CANCELLED)
    redeemed("103", State.PENDING)
    sold("101", "1000", State.PENDING, at="2026-11-21T23:30:00+00:00")  # Sunday in Stockholm
    sold("101", "1000", State.PENDING, at="2026-11-20T22:30:00+00:00")  # Friday


def test_each_store_is_counted_by_what_became_of_it(saturday):
    one, two, three = store_days(SATURDAY)
    assert (one.store, one.is_complete, one.unconfirmed) == ("101", True, 1)
    receipts, redemptions = one.tallies
    assert (receipts.count, receipts.total, receipts.confirmed, receipts.sent) == (3, Decimal("249.4"), 2, 1)
    assert (redemptions.kind, redemptions.count, redemptions.confirmed) == ("Redemptions", 1, 1)
    assert (two.is_complete, two.waiting, two.attention) == (False, 2, 0)
    assert [(tally.currency, tally.count) for tally in two.tallies] == [("EUR", 1), ("SEK", 2)]
    assert (three.is_complete, three.waiting, three.attention) == (False, 1, 1)
    assert three.tallies[0].cancelled == 1


def test_a_day_begins_and_ends_at_midnight_of_the_portals_zone(saturday):
    (sunday,) = store_days(date(2026, 11, 22))
    assert (sunday.store, sunday.waiting) == ("101", 1)
    assert store_days(date(2026, 11, 23)) == []


def test_one_store_can_be_asked_for_alone(saturday):
    assert [one.store for one in store_days(SATURDAY, store="102")] == ["102"]


def test_it_takes_three_queries_however_many_stores_there_are(saturday, django_assert_num_queries):
    for number in range(20):
        sold(f"2{number:02}", "1", State.PENDING)
    with django_assert_num_queries(3):
        assert len(store_days(SATURDAY)) == 23


def test_the_page_answers_with_words(saturday, vera_at_work):
    page = vera_at_work.get(DAYS, {"day": "2026-11-21"}).content.decode()
    assert "1 of 3 stores are complete." in page
    assert "Saturday 21 November 2026" in page
    assert "249.40 SEK" in page
    assert "1 needs attention" in page
    assert "2 on their way" in page


def test_a_day_on_which_everything_arrived_says_so(vera_at_work):
    sold("101", "200", State.DELIVERED)
    page = vera_at_work.get(DAYS, {"day": "2026-11-21", "store": " 101 "}).content.decode()
    assert "1 store, all complete" in page


@pytest.mark.parametrize("day", ["", "2026-01-01"])
def test_a_day_without_sales_is_empty(db, vera_at_work, day):
    assert "Nothing was sold or redeemed on this day" in vera_at_work.get(DAYS, {"day": day}).content.decode()


def test_a_day_that_is_none_is_said_at_its_field(db, vera_at_work):
    page = vera_at_work.get(DAYS, {"day": "yesterday"}).content.decode()
    assert "Please write the day like 2026-11-21." in page


def test_the_file_holds_the_same_and_no_formula(saturday, vera_at_work):
    sold("=1+1", "1", State.DELIVERED)
    answer = vera_at_work.get(DAYS, {"day": "2026-11-21", "csv": "1"})
    assert answer["Content-Disposition"] == 'attachment; filename="stores-2026-11-21.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    by_store = {row["store"]: row for row in rows}
    assert by_store["'=1+1"]["complete"] == "yes"
    one = rows[0]
    assert (one["store"], one["count"], Decimal(one["total"]), one["complete"]) == (
        "101",
        "3",
        Decimal("249.4"),
        "yes",
    )
    assert [row["complete"] for row in rows if row["store"] == "102"] == ["no", "no"]


def test_only_staff_who_may_look_see_it(db, client):
    assert client.get(DAYS).status_code == 302
    assert signed_in(building.staff("nobody")).get(DAYS).status_code == 403


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_of_no_till_is_said_at_its_field(db, vera_at_work, day):
    page = vera_at_work.get("/staff/days/", {"day": day})
    assert page.status_code == 200
    assert "Ensure this value is" in page.content.decode()
