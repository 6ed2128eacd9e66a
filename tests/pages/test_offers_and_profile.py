"""Offers and the profile, in the customer's words."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from promotions.models import Assignment
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def carol(db):
    return building.contact_called("Carol", "Cato")


def page_of(contact, path) -> str:
    return signed_in(building.customer(contact)).get(path).text


def test_no_offers_are_said_in_words(carol):
    assert "No offers at the moment." in page_of(carol, "/me/offers/")


def test_an_offer_shows_its_value_code_and_end(carol):
    building.offer(carol, heading="A fifth off", value=20, expires_on=clock.now() + timedelta(days=400))
    building.offer(carol, heading="Free parcel", code="SPRING")
    page = page_of(carol, "/me/offers/")
    for word in ("20% off", "A fifth off", "Until ", "SPRING", "Ready to use"):
        assert word in page


def test_used_and_past_offers_stand_apart_without_their_code(carol):
    building.offer(carol, heading="Long ago", code="OLDCODE", expires_on=clock.now() - timedelta(days=2))
    building.offer(carol, heading="Enjoyed", code="USEDCODE", redeemed=True)
    page = page_of(carol, "/me/offers/")
    for word in ("Used and past", ">Over<", ">Used<"):
        assert word in page
    assert "OLDCODE" not in page
    assert "USEDCODE" not in page
    assert "Enjoyed" not in page_of(carol, "/me/")


def test_an_offer_that_begins_later_is_coming_and_keeps_its_code(carol):
    pk = building.offer(carol, heading="Winter days", code="SOON")
    Assignment.objects.filter(pk=pk).update(valid_from=clock.now() + timedelta(days=400))
    page = page_of(carol, "/me/offers/")
    for word in ("Coming", "Not yet", "From ", "Online", "Winter days"):
        assert word in page
    assert "SOON" not in page
    assert "Winter days" not in page_of(carol, "/me/")


def test_an_offer_that_a_cashier_has_to_give_says_so(carol):
    way = {"type": "POS", "valueType": "MANUAL", "value": "A mug as a gift"}
    building.offer(carol, heading="For you", way=way)
    page = page_of(carol, "/me/offers/")
    for word in ("A mug as a gift", "Ask the cashier", "In our stores"):
        assert word in page


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "http://shop.example/", "//shop.example/", "data:text/html,x"]
)
def test_only_safe_links_are_shown(carol, link):
    building.offer(carol, heading="Offer", link=link)
    assert "Read more" not in page_of(carol, "/me/offers/")


def test_pictures_of_other_hosts_are_not_loaded(carol):
    building.offer(carol, heading="Offer", image_url="https://cdn.example/picture.jpg")
    assert "cdn.example" not in page_of(carol, "/me/offers/")


def test_the_profile_shows_what_is_known(carol):
    page = page_of(carol, "/me/profile/")
    for word in (
        "Carol Cato",
        "carol@example.com",
        "+46701740600",
        "Catogatan 1",
        "111 22 Stockholm",
        carol.member_number,
    ):
        assert word in page
    assert "News by e-mail" in page
    assert "News by post" not in page


def test_what_is_not_known_is_said_so(carol):
    carol.snapshot = {"email": carol.email}
    carol.save()
    page = page_of(carol, "/me/profile/")
    assert page.count("Not given") == 2
    assert "You haven’t told us yet" in page


def test_a_change_that_is_under_way_is_marked(carol):
    assert "Saved, on its way" not in page_of(carol, "/me/profile/")
    carol.changes = {"street": "New street 5"}
    carol.save()
    page = page_of(carol, "/me/profile/")
    assert "Saved, on its way" in page
    assert "New street 5" in page


def test_somebody_born_during_an_outage_has_a_card_already(carol):
    carol.engage_contact_id, carol.snapshot, carol.changes = (
        None,
        {},
        {"firstName": "Carol", "lastName": "Cato"},
    )
    carol.save()
    page = page_of(carol, "/me/")
    assert "Hello, Carol" in page
    assert "On its way" in page
