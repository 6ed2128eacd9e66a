"""What Engage accepted is delivered once it is seen there; what is never seen reaches a person."""

from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
import time_machine

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.outbox import pauses
from engage_portal.outbox.line import breaker, door
from engage_portal.outbox.models import EngageLine, Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from receipts.handlers import receipt_post
from receipts.models import Receipt
from tests.outbox.building import (
    anna,
    by_id,
    delivered,
    engage_is_away,
    fresh,
    item,
    receipt_of,
    receipt_posted,
    told,
)

pytestmark = pytest.mark.django_db

HISTORY = "/api/v3/contacts/transactions"
NOBODYS = {"matchKey": "nobody@example.com", "matchKeyType": "email", "contactType": "Member"}


@pytest.fixture(autouse=True)
def at_once(engage):
    engage.engage.configure(import_delay=0)


def look_is_due() -> None:
    """As if the moments for looking had come."""
    Item.objects.filter(state=State.ACCEPTED).update(not_before=clock.now())


def went_by_its_key(name: str, contact: dict) -> Item:
    """A receipt that Engage got with a personal key, as files bring it: nobody could be asked whose it is."""
    made = receipt_posted(name, contact=contact)
    Item.objects.filter(pk=made.pk).update(state=State.ACCEPTED, holds=False, finished_at=clock.now())
    return made


def looked(engage) -> int:
    return engage.engage.count_requests("GET", HISTORY)


def test_a_receipt_that_the_history_shows_is_delivered(engage):
    made = receipt_posted("r-1", contact=by_id(anna()))
    delivered()
    assert (fresh(made).state, looked(engage)) == (State.ACCEPTED, 0)  # not before its time
    look_is_due()
    delivered()
    assert (fresh(made).state, looked(engage)) == (State.DELIVERED, 1)
    assert told(made)[-1] == "delivered"


def test_one_look_settles_all_receipts_of_a_contact(engage):
    made = [receipt_posted(f"r-{number}", contact=by_id(anna())) for number in range(7)]
    delivered()
    look_is_due()
    delivered()
    assert {fresh(each).state for each in made} == {State.DELIVERED}
    assert looked(engage) == 1


def test_what_is_not_there_yet_is_looked_for_ever_more_rarely(engage):
    engage.engage.configure(import_delay=1_000_000)
    made = receipt_posted("r-1", contact=by_id(anna()))
    delivered()
    waits = []
    with time_machine.travel(clock.now(), tick=True) as hand:
        for _ in range(5):
            due = fresh(made).not_before
            hand.move_to(due + timedelta(seconds=1))
            delivered()
            waits.append((fresh(made).not_before - due).total_seconds())
    assert looked(engage) == 5
    assert all(later > earlier * 1.5 for earlier, later in pairwise(waits))
    assert fresh(made).state == State.ACCEPTED


def test_what_is_never_processed_needs_a_person_who_can_send_it_again(engage):
    engage.engage.faults.set("not_processed", endpoint="POST /api/v3/receipts")
    made = receipt_posted("r-1", contact=by_id(anna()))
    delivered()
    Item.objects.update(finished_at=clock.now() - timedelta(hours=25))
    look_is_due()
    delivered()
    stored = fresh(made)
    assert (stored.state, stored.reason_code) == (State.ATTENTION, "NotProcessed")
    assert stored.reason == "Engage accepted it but has not processed it in 24 hours."
    assert stored.finished_at is None


def test_nobody_is_bothered_before_somebody_looked(engage):
    """An outage longer than the limit says nothing about receipts."""
    made = receipt_posted("r-1", contact=by_id(anna()))
    delivered()
    Item.objects.update(finished_at=clock.now() - timedelta(hours=99))
    look_is_due()
    engage_is_away()
    delivered()
    assert fresh(made).state == State.ACCEPTED
    EngageLine.objects.all().delete()
    engage.engage.faults.set("500", endpoint="GET /api/v3/contacts/transactions", times=1)
    delivered()
    assert fresh(made).state == State.ACCEPTED
    look_is_due()
    delivered()
    assert fresh(made).state == State.DELIVERED


def test_it_can_be_switched_off(engage, settings):
    settings.OUTBOX_CONFIRM_HOURS = 0
    made = receipt_posted("r-1", contact=by_id(anna()))
    delivered()
    look_is_due()
    delivered()
    assert (fresh(made).state, looked(engage)) == (State.ACCEPTED, 0)


def test_what_is_due_to_be_sent_goes_first(engage, monkeypatch):
    receipt_posted("r-1", contact=by_id(anna()))
    delivered()
    look_is_due()
    receipt_posted("r-2", contact=by_id(anna()))
    delivered()
    seen = [(entry.method, entry.path) for entry in engage.engage.requests]
    assert seen.index(("GET", HISTORY)) == len(seen) - 1
    assert engage.engage.posted("r-2") == 1


@pytest.mark.parametrize(
    ("kind", "value"), [("email", seeds.ANNA_EMAIL), ("memberNumber", seeds.ANNA_MEMBER_NUMBER)]
)
def test_a_personal_key_leads_to_its_contact_and_is_forgotten_then(engage, kind, value):
    key = {"matchKey": value, "matchKeyType": kind, "contactType": "Member"}
    made = went_by_its_key("r-1", key)
    door.client().post_receipt(receipt_of(made).body.encode())
    assert value in receipt_of(made).body
    look_is_due()
    delivered()
    assert fresh(made).state == State.DELIVERED
    kept = receipt_of(made)
    assert value not in kept.body
    assert kept.contact == Contact.objects.get(engage_contact_id=seeds.ANNA_ID)


def test_a_personal_key_that_nobody_has_ends_with_a_person(engage):
    made = went_by_its_key("r-1", NOBODYS)
    Item.objects.update(finished_at=clock.now() - timedelta(hours=25))
    look_is_due()
    delivered()
    assert (fresh(made).state, fresh(made).reason_code) == (State.ATTENTION, "ContactNotFound")


def test_a_paused_kind_is_not_looked_for(engage):
    receipt_posted("r-1", contact=by_id(anna()))
    delivered()
    look_is_due()
    pauses.pause(by="sam", reason="A new till.", kind="receipt.post")
    delivered()
    assert looked(engage) == 0


def test_what_cannot_be_looked_for_stays_accepted_and_is_not_in_the_way(engage):
    gone = item(state=State.ACCEPTED, priority=40, subject_id=uuid4())
    made = receipt_posted("r-1", contact=by_id(anna()))
    delivered()
    look_is_due()
    delivered()
    delivered()
    assert (fresh(gone).state, fresh(made).state) == (State.ACCEPTED, State.DELIVERED)
    assert fresh(gone).not_before > clock.now() + timedelta(hours=20)


def test_a_key_that_two_people_have_ends_with_a_person_and_not_with_asking_for_ever(engage):
    engage.engage.faults.set("422", endpoint="GET /api/v3/contacts/id")
    key = {"matchKey": seeds.ANNA_EMAIL, "matchKeyType": "email", "contactType": "Member"}
    made = went_by_its_key("r-1", key)
    Item.objects.update(finished_at=clock.now() - timedelta(hours=25))
    look_is_due()
    delivered()
    assert (fresh(made).state, fresh(made).reason_code) == (State.ATTENTION, "NotProcessed")


def test_one_that_cannot_be_read_does_not_stop_the_others(engage):
    broken, made = went_by_its_key("r-1", NOBODYS), receipt_posted("r-2", contact=by_id(anna()))
    delivered()
    Receipt.objects.filter(pk=broken.subject_id).update(body="no receipt")
    look_is_due()
    delivered()
    assert (fresh(broken).state, fresh(made).state) == (State.ACCEPTED, State.DELIVERED)


def test_an_answer_that_nobody_understands_does_not_stop_the_delivery(engage, monkeypatch):
    first = receipt_posted("r-1", contact=by_id(anna()))
    delivered()
    look_is_due()
    monkeypatch.setattr(receipt_post, "_found_history", lambda *_: {}["nothing like it"])
    delivered()
    monkeypatch.undo()
    assert fresh(first).state == State.ACCEPTED
    assert breaker.is_closed()
    look_is_due()
    delivered()
    assert fresh(first).state == State.DELIVERED
