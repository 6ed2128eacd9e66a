"""A page needs as many queries for a hundred rows as for one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.models import Answer, Contact, ContactEvent
from engage_portal.core import clock
from engage_portal.outbox.models import Outcome
from engage_portal.outbox.states import State
from tests.pages import building
from tests.pages.people import signed_in
from tests.staff.people_at_work import at_work, exported, ingrid

pytestmark = pytest.mark.django_db

MOST = 25


def queries(browser, path) -> int:
    browser.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize(
    "path",
    [
        "/me/",
        "/me/profile/",
        "/me/profile/edit/",
        "/me/profile/preferences/",
        "/me/purchases/",
        "/me/offers/",
        "/me/points/",
    ],
)
def test_customers_pages_do_not_ask_per_row(alice, path):
    browser = signed_in(building.customer(alice))
    few = queries(browser, path)
    for number in range(30):
        building.purchase(alice, store=f"Store {number}", total="10", days_ago=number)
        building.offer(alice, heading=f"Offer {number}")
        building.voucher(alice, name=f"Voucher {number}")
        building.movement(alice.point_accounts.get(), 1, f"Movement {number}")
    assert queries(browser, path) == few <= MOST


@pytest.mark.parametrize(
    "path", ["/staff/", "/staff/?live", "/staff/queue/", "/staff/queue/live/?row=1&row=2&newest=1"]
)
def test_staff_pages_do_not_ask_per_row(sam_at_work, path):
    building.item(pk=1)
    few = queries(sam_at_work, path)
    for number in range(2, 30):
        of = building.item(pk=number, state=State.ATTENTION, store=f"{number}")
        building.attempt(of, Outcome.REFUSED)
    assert queries(sam_at_work, path) == few <= MOST


def test_an_item_with_a_long_history_needs_no_more_queries(sam_at_work):
    of = building.item(pk=1)
    few = queries(sam_at_work, "/staff/queue/1/")
    for _ in range(40):
        building.attempt(of, Outcome.NO_ANSWER)
        building.event(of, "sent again by hand", actor="sam")
    assert queries(sam_at_work, "/staff/queue/1/") == few <= MOST


def test_a_contact_with_a_long_history_needs_no_more_queries(db):
    browser = at_work("lena", "view_contact", "view_item", "correct_contact")
    contact = ingrid()
    path = f"/staff/contacts/{contact.pk}/"
    few = queries(browser, path)
    for number in range(30):
        building.item(stream=contact.stream, state=State.ATTENTION)
        ContactEvent.objects.create(contact=contact, what="corrected", field=f"field{number}")
        Answer.objects.create(
            contact=contact, name="preferences.acceptsSms", value=True, answered_at=clock.now()
        )
        Contact.objects.create(same_as=contact)
    assert queries(browser, path) == few <= MOST


def test_the_imports_do_not_ask_per_row(db):
    browser = at_work("ines", "import_contacts")
    exported(state="running", total=10)
    few = queries(browser, "/staff/contacts/imports/")
    for _ in range(15):
        exported()
    assert queries(browser, "/staff/contacts/imports/") == few <= MOST
