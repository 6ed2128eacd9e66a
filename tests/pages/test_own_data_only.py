"""One customer never sees another's data, whatever they put into an address."""

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from engage_portal.core import clock
from tests.pages import building
from tests.pages.people import signed_in

FORMS = ["/me/profile/edit/", "/me/profile/preferences/"]
PAGES = ["/me/", "/me/profile/", "/me/purchases/", "/me/offers/", "/me/points/", *FORMS]
BOBS = ["Bob", "Berg", "bob@example.com", "Blue cap", "BOB20", "77.50", "BOB-1", "4,321"]

pytestmark = pytest.mark.django_db


def read(browser, path, *args, **more) -> str:
    """A page without its form token, which is new each time."""
    return re.sub(r'value="\w{64}"', "", browser.get(path, *args, **more).text)


def bobs_ids(bob) -> list[str]:
    return [str(bob.pk), bob.member_number, bob.email, str(bob.user.pk)]


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_asked_to_sign_in(client, path):
    assert client.get(path)["Location"] == f"/sign-in/?next={path}"


@pytest.fixture(autouse=True)
def at_one_moment() -> Iterator[None]:
    """What a page says may become yesterday's at midnight."""
    with time_machine.travel(clock.now(), tick=False):
        yield


@pytest.mark.parametrize("path", PAGES)
def test_a_customer_sees_their_own_data_and_nobody_elses(alice_at_home, bob, path):
    page = alice_at_home.get(path)
    assert page.status_code == 200
    for word in BOBS:
        assert word not in page.text


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "name", ["contact", "contactId", "contact_id", "id", "user", "email", "memberNumber"]
)
def test_ids_in_the_query_change_nothing(alice_at_home, bob, path, name):
    building.customer(bob)
    plain = read(alice_at_home, path)
    for value in bobs_ids(bob):
        assert read(alice_at_home, path, {name: value}) == plain


@pytest.mark.parametrize(
    "shape",
    [
        "/me/{}/",
        "/me/{}/profile/",
        "/me/profile/{}/",
        "/me/purchases/{}/",
        "/me/offers/{}/",
        "/me/points/{}/",
    ],
)
def test_there_is_no_address_with_an_id(alice_at_home, bob, shape):
    building.customer(bob)
    for value in bobs_ids(bob):
        assert alice_at_home.get(shape.format(value)).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_ids_in_headers_and_cookies_change_nothing(alice_at_home, bob, path):
    building.customer(bob)
    plain = read(alice_at_home, path)
    alice_at_home.cookies["contact"] = str(bob.pk)
    assert read(alice_at_home, path, headers={"X-Contact-Id": str(bob.pk), "apikey": str(bob.pk)}) == plain


@pytest.mark.parametrize("path", [path for path in PAGES if path not in FORMS])
def test_the_pages_can_only_be_read(alice_at_home, path):
    assert alice_at_home.post(path, {"email": "x@example.com"}).status_code == 405


@pytest.mark.parametrize("path", PAGES)
def test_staff_have_no_pages_of_a_customer(sam, path):
    page = signed_in(sam).get(path)
    assert page.status_code == 403
    assert "My Pages are for members" in page.text


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_kept_by_the_browser_or_by_proxies(alice_at_home, path):
    kept = alice_at_home.get(path)["Cache-Control"]
    assert "no-store" in kept
    assert "private" in kept


@pytest.mark.parametrize("path", PAGES)
def test_the_next_person_in_the_same_browser_sees_their_own(alice, bob, path):
    browser = Client()
    for contact in (alice, bob):
        browser.force_login(building.customer(contact), backend="django.contrib.auth.backends.ModelBackend")
        page = browser.get(path).text
        other = bob if contact == alice else alice
        assert other.data["lastName"] not in page
        browser.post("/sign-out/")


def test_somebody_found_to_be_a_known_member_sees_that_members_data(alice):
    born_here = building.contact_called("Alice", "Newly", email=alice.email)
    user = building.customer(born_here)
    born_here.same_as = alice
    born_here.engage_contact_id = None
    born_here.save()
    assert "Andersson" in signed_in(user).get("/me/profile/").text
