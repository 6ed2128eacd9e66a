"""Is Saturday complete? What each store sold and redeemed on a day, and how much of it is in Engage."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils.timezone import localdate

from engage_portal.engage import Money
from engage_portal.outbox import control
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import forget_finished
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from promotions.models import Redemption, VoucherUse
from promotions.services.amounts import kept_amount
from receipts.models import Clash, Receipt, Store
from receipts.selectors.days import Standing, store_days
from receipts.services.clashes import clash_settle
from tests.api.talking import redeem_path, voucher_path
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


@pytest.mark.parametrize(
    ("undoing", "figures", "is_complete"),
    [
        (None, (0, 0, 1), True),
        (State.DELIVERED, (0, 0, 1), True),
        (State.PENDING, (1, 0, 0), False),
        (State.ATTENTION, (0, 1, 0), False),
    ],
)
def test_a_voucher_whose_sale_was_cancelled_counts_as_cancelled_once_engage_knows(
    db, undoing, figures, is_complete
):
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    use = VoucherUse.objects.create(voucher_id=uuid4(), store="104", accepted_at=noon, released_at=noon)
    building.item(kind="voucher.redeem", subject_id=use.pk, state=State.DELIVERED, store="104")
    if undoing:
        building.item(kind="voucher.reactivate", subject_id=use.pk, state=undoing, store="104")
    (day,) = store_days(SATURDAY)
    (tally,) = day.tallies
    assert (tally.waiting, tally.attention, tally.cancelled) == figures
    assert (tally.count, tally.confirmed, day.is_complete) == (1, 0, is_complete)


def test_what_was_used_is_summed_up_where_it_is_an_amount(engage, till, vera_at_work):
    till.get("/api/v3/promotion-assignments", {"contactId": seeds.ANNA_ID})
    till.get("/api/v3/reward-vouchers", {"contactId": seeds.ANNA_ID})
    for offer in (seeds.ANNA_MONEY_ID, seeds.ANNA_PERCENT_ID):
        assert till.post(redeem_path(offer), {"redemptionChannel": "POS"}).status_code == 200
    assert till.post(voucher_path("redeem"), {}).status_code == 200
    today = localdate(Redemption.objects.first().accepted_at)
    (day,) = store_days(today)
    assert [(tally.label, tally.count, tally.total, tally.currency) for tally in day.tallies] == [
        ("Redemptions", 1, 0, ""),
        ("Redemptions, money off", 1, 100, "SEK"),
        ("Vouchers", 1, 100, "SEK"),
    ]
    page = vera_at_work.get(DAYS, {"day": today.isoformat()}).text
    assert page.count("100.00\N{NO-BREAK SPACE}SEK") == 2
    file = vera_at_work.get(DAYS, {"day": today.isoformat(), "csv": "1"}).text
    rows = list(csv.DictReader(io.StringIO(file)))
    assert [(row["kind"], row["currency"]) for row in rows] == [
        ("Redemptions", ""),
        ("Redemptions", "SEK"),
        ("Vouchers", "SEK"),
    ]
    assert rows[0]["total"] == ""
    assert [row["total"] for row in rows[1:]] == ["100.00", "100.00"], "the same on each database"


@pytest.mark.parametrize("amount", [-1, 10**9, 10**30])
def test_an_amount_that_no_offer_has_is_not_summed_up(amount):
    assert kept_amount(Money(Decimal(amount), "SEK")) == {"money": None, "currency": ""}


def test_sales_come_first_and_guests_last(db):
    sold("104", "30", State.DELIVERED)
    redeemed("104", State.DELIVERED)
    sold("104", "1", None)
    Receipt.objects.filter(total=1).update(is_guest=True)
    (day,) = store_days(SATURDAY)
    assert [tally.kind for tally in day.tallies] == ["Receipts", "Redemptions", "Guests"]


@pytest.fixture
def saturday() -> None:
    """Of store 101 everything is sent, 102 waits, 103 needs somebody, 104 is complete."""
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
    sold("104", "30", State.DELIVERED)
    sold("101", "1000", State.PENDING, at="2026-11-21T23:30:00+00:00")  # Sunday in Stockholm
    sold("101", "1000", State.PENDING, at="2026-11-20T22:30:00+00:00")  # Friday


def test_each_store_is_counted_by_what_became_of_it(saturday):
    one, two, three, four = store_days(SATURDAY)
    assert (one.store, one.standing, one.is_complete, one.unconfirmed) == ("101", Standing.SENT, False, 1)
    assert (four.standing, four.is_complete, four.unconfirmed) == (Standing.COMPLETE, True, 0)
    receipts, redemptions = one.tallies
    assert (receipts.count, receipts.total, receipts.confirmed, receipts.sent) == (3, Decimal("249.4"), 2, 1)
    assert (redemptions.kind, redemptions.count, redemptions.confirmed) == ("Redemptions", 1, 1)
    assert (two.is_complete, two.waiting, two.attention) == (False, 2, 0)
    assert [(tally.currency, tally.count) for tally in two.tallies] == [("EUR", 1), ("SEK", 2)]
    assert (three.is_complete, three.waiting, three.attention) == (False, 1, 1)
    assert three.tallies[0].cancelled == 1


def test_where_nobody_looks_for_receipts_a_day_is_complete_once_engage_took_them(saturday, settings):
    settings.OUTBOX_CONFIRM_HOURS = 0
    assert [each.is_complete for each in store_days(SATURDAY)] == [True, False, False, True]
    redeemed("104", State.ACCEPTED)  # in a file: that is looked for all the same
    assert store_days(SATURDAY, store="104")[0].is_sent


def test_of_what_engage_only_took_nobody_says_that_it_is_there(vera_at_work, settings):
    settings.OUTBOX_CONFIRM_HOURS = 0
    sold("101", "200", State.ACCEPTED)
    sold("102", "200", State.DELIVERED)
    page = vera_at_work.get(DAYS, {"day": "2026-11-21"}).content.decode()
    assert "2 stores, all complete: Engage took everything that was sold and redeemed." in page
    assert "Whether it shows it is not looked for." in page
    page = vera_at_work.get(DAYS, {"day": "2026-11-21", "store": "102"}).content.decode()
    assert "Complete: everything that was sold and redeemed is in Engage." in page


def test_one_store_alone_is_answered_without_arithmetic(saturday, vera_at_work):
    said = {"101": "Everything is sent; Engage has yet to show some of it.", "102": "Not complete."}
    for store, words in said.items():
        assert words in vera_at_work.get(DAYS, {"day": "2026-11-21", "store": store}).content.decode()


def test_a_day_begins_and_ends_at_midnight_of_the_portals_zone(saturday):
    (sunday,) = store_days(date(2026, 11, 22))
    assert (sunday.store, sunday.waiting) == ("101", 1)
    assert store_days(date(2026, 11, 23)) == []


def test_one_store_can_be_asked_for_alone(saturday):
    assert [one.store for one in store_days(SATURDAY, store="102")] == ["102"]


def test_it_takes_four_queries_however_many_stores_there_are(saturday, django_assert_num_queries):
    for number in range(20):
        sold(f"2{number:02}", "1", State.PENDING)
    with django_assert_num_queries(4):
        assert len(store_days(SATURDAY)) == 24


def test_the_page_answers_with_words(saturday, vera_at_work):
    page = vera_at_work.get(DAYS, {"day": "2026-11-21"}).content.decode()
    assert "1 of 4 stores is complete. 1 more has sent everything; Engage has yet to show some of it." in page
    assert "Sent, 1 not yet shown by Engage" in page
    assert "Saturday 21 November 2026" in page
    assert "249.40\N{NO-BREAK SPACE}SEK" in page
    assert "1 needs attention" in page
    assert "2 on their way" in page


def test_a_store_is_called_by_its_number_and_by_its_name(saturday, vera_at_work):
    Store.objects.create(pk="101", name="Malmö Triangeln", is_listed=True)
    page = vera_at_work.get(DAYS, {"day": "2026-11-21"}).content.decode()
    assert 'Store 101 <span class="day-store">Malmö Triangeln</span>' in page
    assert "Store 102</h2>" in page


def test_the_days_before_and_after_are_a_step_away_and_the_future_is_none(vera_at_work):
    page = vera_at_work.get(DAYS, {"day": "2026-01-01", "store": "101"}).content.decode()
    assert 'href="?day=2025-12-31&amp;store=101"' in page
    assert 'href="?day=2026-01-02&amp;store=101"' in page
    assert 'rel="next"' not in vera_at_work.get(DAYS).content.decode()


def test_a_day_on_which_everything_arrived_says_so(vera_at_work):
    sold("101", "200", State.DELIVERED)
    page = vera_at_work.get(DAYS, {"day": "2026-11-21", "store": " 101 "}).content.decode()
    assert "Complete: everything that was sold and redeemed is in Engage." in page


def test_what_staff_gave_up_stays_given_up_when_the_queue_has_forgotten_it(saturday):
    sale = Receipt.objects.get(store="101", total=Decimal(1000), created_date__day=20)
    moment = datetime(2026, 11, 21, 9, tzinfo=UTC)
    Receipt.objects.filter(pk=sale.pk).update(created_date=moment, store="105")
    items = Item.objects.filter(subject_id=sale.pk)
    control.cancel(items=items, by="carl", reason="rung up twice")
    assert [tally.cancelled for tally in store_days(SATURDAY, store="105")[0].tallies] == [1]
    items.update(finished_at=moment - timedelta(days=200))
    assert forget_finished(before_days=90) == 1
    (tally,) = store_days(SATURDAY, store="105")[0].tallies
    assert (tally.cancelled, tally.confirmed, tally.count) == (1, 0, 1)


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
        "sent",
    )
    assert [row["complete"] for row in rows if row["store"] == "102"] == ["no", "no"]


@pytest.fixture
def refused() -> Clash:
    """Store 104 sold everything that is in Engage, and one more under the number of a sale of store 101."""
    sold("101", "1", State.DELIVERED)
    sold("104", "30", State.DELIVERED)
    return Clash.objects.create(
        receipt=Receipt.objects.get(store="101"),
        store="104",
        created_date=datetime(2026, 11, 21, 12, tzinfo=UTC),
        total=Decimal(70),
        currency="SEK",
        content_hash="x",
        api_key_name="till-104-1",
    )


def test_a_sale_that_was_not_taken_for_its_number_is_missing_until_somebody_dealt_with_it(
    refused, vera_at_work
):
    one, four = store_days(SATURDAY)
    assert (one.is_complete, four.is_complete, four.clashes, four.attention) == (True, False, 1, 0)
    assert [(tally.kind, tally.count, tally.total) for tally in four.tallies] == [
        ("Receipts", 1, 30),
        ("Sales under a taken number", 1, 70),
    ]
    assert "1 sale not taken" in vera_at_work.get(DAYS, {"day": "2026-11-21"}).text
    file = vera_at_work.get(DAYS, {"day": "2026-11-21", "store": "104", "csv": "1"}).text
    assert {row["complete"] for row in csv.DictReader(io.StringIO(file))} == {"no"}
    clash_settle(clash=refused, by="boss")
    assert [each.is_complete for each in store_days(SATURDAY)] == [True, True]


def test_another_version_of_a_kept_sale_is_not_missing(refused):
    Clash.objects.update(is_one_sale=True)
    assert [(each.clashes, each.is_complete) for each in store_days(SATURDAY)] == [(0, True), (0, True)]


def test_a_store_of_which_only_a_refused_sale_is_known_is_there_too(refused):
    Clash.objects.update(store="105")
    (day,) = store_days(SATURDAY, store="105")
    assert (day.store, day.clashes, day.is_complete) == ("105", 1, False)
    assert store_days(date(2026, 11, 22)) == []


def test_only_staff_who_may_look_see_it(db, client):
    assert client.get(DAYS).status_code == 302
    assert signed_in(building.staff("nobody")).get(DAYS).status_code == 403


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_of_no_till_is_said_at_its_field(db, vera_at_work, day):
    page = vera_at_work.get("/staff/days/", {"day": day})
    assert page.status_code == 200
    assert "Ensure this value is" in page.content.decode()
