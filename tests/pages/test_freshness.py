"""Each page says how old its data is, and Engage's trouble is never an error on it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from contacts import views
from contacts.models import Contact
from engage_portal.accounts.ages import age_of
from engage_portal.core import clock
from engage_portal.core.freshness import Freshness, Read
from engage_portal.engage import NotFound
from engage_portal.sandbox import seeds
from tests.pages import building
from tests.pages.people import signed_in

PAGES = ["/me/", "/me/profile/", "/me/purchases/", "/me/offers/", "/me/points/"]
NOON = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", PAGES)
def test_a_young_copy_is_shown_with_its_time(path):
    with time_machine.travel(NOON, tick=False):
        alice = building.contact_called("Alice", "Andersson", fetched_at=NOON - timedelta(minutes=2))
        page = signed_in(building.customer(alice)).get(path).text
    assert "As of 11:58\N{NO-BREAK SPACE}today" in page


@pytest.mark.parametrize("path", PAGES)
def test_an_old_copy_is_shown_with_a_calm_banner_while_engage_is_away(engage_away, path):
    with time_machine.travel(NOON, tick=False):
        alice = building.contact_called("Alice", "Andersson", fetched_at=NOON - timedelta(hours=2))
        page = signed_in(building.customer(alice)).get(path)
    assert page.status_code == 200
    assert "We can’t reach the loyalty programme right now." in page.text
    assert "This is how things looked at 10:00\N{NO-BREAK SPACE}today." in page.text
    assert "Up to date" not in page.text


@pytest.mark.parametrize("path", PAGES)
def test_customers_never_read_the_name_of_what_is_behind(engage_away, path):
    alice = building.contact_called("Alice", "Andersson", fetched_at=clock.now() - timedelta(hours=2))
    page = signed_in(building.customer(alice)).get(path).text.lower()
    assert "engage" not in page
    assert "voyado" not in page


@pytest.mark.parametrize("path", PAGES)
def test_without_any_copy_the_page_says_so_kindly(engage_away, path):
    contact = Contact.objects.create(email="new@example.com")
    contact.engage_contact_id = contact.pk
    contact.save()
    page = signed_in(building.customer(contact)).get(path)
    assert page.status_code == 200
    assert "so some of this page is missing" in page.text


def test_an_answer_just_now_is_up_to_date(alice_at_home, monkeypatch):
    monkeypatch.setattr(
        views, "contact_current", lambda *, contact, deadline: Read(contact, Freshness.LIVE, clock.now())
    )
    assert "Up to date" in alice_at_home.get("/me/profile/").text


def test_a_membership_that_has_ended_is_a_page_and_no_error(alice_at_home, monkeypatch):
    def gone(**_):
        raise NotFound("gone", status=404)

    monkeypatch.setattr(views, "read_together", gone)
    page = alice_at_home.get("/me/")
    assert page.status_code == 404
    assert "We can’t find your membership" in page.text
    assert "Sign out" in page.text


def test_a_page_is_as_old_as_its_oldest_part():
    old, young = NOON - timedelta(hours=3), NOON
    age = age_of(
        Read(None, Freshness.LIVE, young),
        Read(None, Freshness.STALE, old),
        Read(None, Freshness.CACHED, young),
    )
    assert (age.freshness, age.fetched_at) == (Freshness.STALE, old)


ASKED = {
    "/me/": {"contacts", "transactions", "promotion-assignments"},
    "/me/profile/": {"contacts"},
    "/me/purchases/": {"transactions"},
    "/me/offers/": {"promotion-assignments"},
    "/me/points/": {"reward-vouchers", "point-accounts", "point-transactions"},
}


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_each_page_asks_only_for_what_it_shows_and_once(engage, path):
    contact = Contact.objects.create(
        pk=seeds.ANNA_ID, engage_contact_id=seeds.ANNA_ID, email=seeds.ANNA_EMAIL
    )
    page = signed_in(building.customer(contact)).get(path)
    assert page.status_code == 200
    seen = [
        request.path.removeprefix("/api/v3/").replace("contacts/transactions", "transactions")
        for request in engage.engage.requests
    ]
    asked = [path.partition("/")[0] for path in seen]
    assert set(asked) == ASKED[path]
    assert len(asked) == len(set(asked))
