"""Points and vouchers as their owner reads them."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from promotions.models import PointAccount, VoucherUse
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db
ADDRESS = "/me/points/"


@pytest.fixture
def carol(db):
    """A customer with nothing yet."""
    return building.contact_called("Carol", "Cato")


def page_of(contact, query: str = "") -> str:
    return signed_in(building.customer(contact)).get(ADDRESS + query).text


def test_nothing_yet_is_said_in_words(carol):
    page = page_of(carol)
    assert "No points yet." in page
    assert "No vouchers to use at the moment." in page
    assert "came and went" not in page
    assert "Used and expired" not in page


def test_it_is_reached_from_the_navigation_and_from_the_overview(carol):
    overview = signed_in(building.customer(carol)).get("/me/").text
    assert overview.count(f'href="{ADDRESS}"') == 2
    assert f'href="{ADDRESS}" aria-current="page"' in page_of(carol)


def test_the_balance_shows_what_is_on_its_way_and_when_it_expires(carol):
    building.points(carol, 12345.5, pending=250, expires="2035-01-31T12:00:00Z")
    page = page_of(carol)
    for word in ("12,345.5", "On their way", "250 points", "Use them before", "31 January 2035"):
        assert word in page


def test_one_point_is_one_point(carol):
    building.points(carol, 1)
    assert ">point<" in page_of(carol)


def test_usable_vouchers_show_value_number_and_end(carol):
    building.voucher(
        carol, name="Bonus", amount=99.5, number="2511-9", expires_on=clock.now() + timedelta(days=800)
    )
    page = page_of(carol)
    for word in (
        "99.50 kr",
        "Bonus",
        "2511-9",
        "Ready to use",
        "Until ",
        "For 2,000 points",
    ):
        assert word in page


def test_used_and_expired_ones_stand_apart_without_their_number(carol):
    building.voucher(
        carol, name="Spent", number="SPENT-1", redeemed_on=clock.now() - timedelta(days=1, minutes=1)
    )
    building.voucher(carol, name="Late", number="LATE-1", expires_on=clock.now() - timedelta(minutes=1))
    page = page_of(carol)
    for word in ("Used and expired (2)", "Used yesterday", "Expired today", "No vouchers to use"):
        assert word in page
    for number in ("SPENT-1", "LATE-1"):
        assert number not in page


def test_one_that_starts_later_says_when_and_hides_its_number(carol):
    building.voucher(carol, name="Soon", number="SOON-1", valid_from=clock.now() + timedelta(days=400))
    page = page_of(carol)
    assert "Not yet" in page
    assert "From " in page
    assert "SOON-1" not in page


def test_a_voucher_that_was_used_at_a_till_is_used_at_once(carol):
    pk = building.voucher(carol, name="Bonus", number="2511-9")
    VoucherUse.objects.create(voucher_id=pk, contact=carol, store="101")
    page = page_of(carol)
    assert "Used today" in page
    assert "2511-9" not in page


def test_movements_say_what_came_and_what_went(carol):
    account = building.points(carol, 100)
    building.movement(account, 1299, "Purchase 1", days_ago=3)
    building.movement(account, -2000, "Voucher", days_ago=2, type="Deduction")
    building.movement(account, 50, "Written without its sign", days_ago=1, type="Expiry")
    building.movement(account, 7, "", days_ago=4)
    page = page_of(carol)
    for word in ("+1,299", "\N{MINUS SIGN}2,000", "\N{MINUS SIGN}50", "Points earned"):
        assert word in page
    assert page.index("Written without") < page.index("Voucher<") < page.index("Purchase 1")


def test_points_that_are_not_valid_yet_say_from_when(carol):
    starts = clock.now() + timedelta(days=400)
    building.movement(building.points(carol, 0), 250, "Birthday", validFrom=starts.isoformat())
    page = page_of(carol)
    assert "yours from" in page
    assert "On its way" in page


def test_words_of_engages_are_shown_as_words(carol):
    building.movement(building.points(carol, 0), 1, "<b>Bold</b>")
    assert "&lt;b&gt;Bold" in page_of(carol)


def test_movements_come_twenty_at_a_time(carol):
    account = building.points(carol, 45)
    for number in range(45):
        building.movement(account, 1, f"Movement {number:02}", days_ago=number + 1)
    first, third = page_of(carol), page_of(carol, "?page=3")
    assert first.count("Movement ") == 20
    assert "Page 1 of 3" in first
    assert third.count("Movement ") == 5
    assert "Movement 44" in third


def test_an_account_that_was_closed_is_no_ended_membership(carol, engage):
    account = building.points(carol, 777)
    PointAccount.objects.filter(pk=account.pk).update(history_fetched_at=None)
    page = page_of(carol)
    assert "Points and vouchers" in page
    assert "777" not in page
    assert "We can’t" not in page
    assert not PointAccount.objects.exists()


@pytest.mark.parametrize("number", ["0", "-1", "4", "x", "1.5", "99999999999999999999", "٣", ""])
def test_a_page_that_does_not_exist_is_not_found(carol, number):
    assert signed_in(building.customer(carol)).get(ADDRESS, {"page": number}).status_code == 404
