"""What was changed here and is on its way wins for its fields; nothing that is imported goes out again."""

import pytest

from contacts.models import ContactEvent, Happened
from contacts.services import Asked, contact_update
from engage_portal.core.clock import Deadline
from engage_portal.outbox.models import Item
from engage_portal.sandbox.exports import person
from tests.api.talking import take_down
from tests.contacts.importing.exporting import MAJA, by_engage_id, imported, outcome

pytestmark = pytest.mark.django_db


def change(**body) -> None:
    contact_update(
        contact=by_engage_id(MAJA),
        body=body,
        asked=Asked(actor="till", store="101"),
        deadline=Deadline.after(0.01),
    )


@pytest.fixture
def waiting(engage):
    """Maja moved to Kiruna, here; Engage does not know yet."""
    imported(new=[person(1)])
    take_down(engage)
    change(city="Kiruna")
    assert by_engage_id(MAJA).changes == {"city": "Kiruna"}


def test_a_waiting_change_wins_for_its_fields_and_the_conflict_is_kept(waiting):
    report = imported(updated=[person(1, city="Lund", street="Storgatan 1")])
    assert outcome(report) == {"changed": 1}
    maja = by_engage_id(MAJA)
    assert (maja.data["city"], maja.data["street"]) == ("Kiruna", "Storgatan 1")
    (event,) = ContactEvent.objects.filter(what=Happened.CONFLICT)
    assert (event.contact, event.field, event.old, event.new) == (maja, "city", "Kiruna", "Lund")


def test_nothing_that_is_imported_is_queued_for_engage(waiting):
    before = list(Item.objects.order_by("pk").values())
    imported(updated=[person(1, city="Lund", email="new@example.org")])
    assert list(Item.objects.order_by("pk").values()) == before


def test_the_echo_of_the_own_change_is_no_change(waiting):
    echo = person(1, city="Kiruna")
    assert outcome(imported(updated=[echo])) == {"changed": 1}
    assert outcome(imported(updated=[echo])) == {"unchanged": 1}
    assert by_engage_id(MAJA).changes == {"city": "Kiruna"}
    assert ContactEvent.objects.filter(what=Happened.CONFLICT).count() == 0
