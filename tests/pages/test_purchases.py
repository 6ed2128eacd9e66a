"""Purchases and returns: told apart, opened line by line, a page at a time."""

import pytest

from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def carol(db):
    return building.contact_called("Carol", "Cato")


@pytest.fixture
def carol_at_home(carol):
    return signed_in(building.customer(carol))


def test_nothing_bought_is_said_in_words(carol_at_home):
    assert "Nothing yet." in carol_at_home.get("/me/purchases/").text
    assert "Nothing yet." in carol_at_home.get("/me/").text


def test_a_purchase_shows_store_total_and_lines(carol, carol_at_home):
    building.purchase(
        carol,
        store="Malmö",
        total="1249.5",
        lines=[{"articleName": "Wool <socks>", "quantity": 2, "netPrice": 1249.5}],
    )
    page = carol_at_home.get("/me/purchases/").text
    for word in ("Malmö", "1,249.50\N{NO-BREAK SPACE}SEK", "Wool &lt;socks&gt;", "In your account"):
        assert word in page
    assert "<details" in page


def test_a_return_is_told_apart(carol, carol_at_home):
    building.purchase(carol, store="Malmö", total="-399")
    page = carol_at_home.get("/me/purchases/").text
    assert "\N{MINUS SIGN}399.00\N{NO-BREAK SPACE}SEK" in page
    assert ">Return<" in page
    assert "Only the total of this return is known." in page


def test_purchases_come_twenty_at_a_time_newest_first(carol, carol_at_home):
    for number in range(45):
        building.purchase(carol, store=f"Store {number:02}", total="10", days_ago=number + 1)
    first, third = carol_at_home.get("/me/purchases/").text, carol_at_home.get("/me/purchases/?page=3").text
    assert first.count('class="purchase"') == 20
    assert "Store 00" in first
    assert "Page 1" in first
    assert third.count('class="purchase"') == 5
    assert "Store 44" in third


@pytest.mark.parametrize("number", ["0", "-1", "4", "x", "1.5", "99999999999999999999", "٣", ""])
def test_a_page_that_does_not_exist_is_not_found(carol_at_home, number):
    assert carol_at_home.get("/me/purchases/", {"page": number}).status_code == 404


def test_each_month_has_one_list(carol, carol_at_home):
    for days in (1, 40, 80):
        building.purchase(carol, store="Malmö", total="10", days_ago=days)
        building.purchase(carol, store="Lund", total="10", days_ago=days)
    page = carol_at_home.get("/me/purchases/").text
    assert page.count('<ul class="purchases">') == page.count('<h2 class="month">') >= 3
    assert page.count("<ul") == page.count("</ul>")
