"""Delivery while somebody waits at a till: within the deadline, whatever Engage does."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import OperationalError

from contacts.models import Contact
from contacts.services import Asked, contact_update
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage import Conflict, Rejected, Unavailable
from engage_portal.outbox.delivery import claims, sending
from engage_portal.outbox.delivery.live import Delivered, Queued, deliver_now
from engage_portal.outbox.delivery.recording import record
from engage_portal.outbox.line import breaker, door, pace
from engage_portal.outbox.models import EngageLine, Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from promotions.models import Redemption
from promotions.services import assignment_redeem
from tests.outbox.building import (
    ANNA,
    anna,
    contact_created,
    delivered,
    engage_is_away,
    fresh,
    item,
    item_of,
    outcomes_of,
    probe_is_due,
    receipt_posted,
    sandbox_is_done,
    until,
)

pytestmark = pytest.mark.django_db
CREATE = "POST /api/v3/contacts"
SLACK = 4.0
"""Seconds that a busy machine may add; whatever hangs would take many."""


def changed(contact: Contact | None = None, *, seconds: float = 20, **body):
    return contact_update(
        contact=contact or anna(),
        body=body,
        asked=Asked(actor="till", store="101"),
        deadline=Deadline.after(seconds),
    )


def redeemed(assignment: str = seeds.ANNA_PERCENT_ID, *, channel: str = "ECOM"):
    return assignment_redeem(
        assignment_id=UUID(assignment),
        channel=channel,
        store="101",
        actor="till",
        deadline=Deadline.after(20),
    )


# ── All is well ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_caller_hears_that_engage_has_it(engage):
    written = contact_created(firstName="Erik", email="erik@example.com")
    assert written.is_live
    assert written.contact.public_id in engage.engage.contacts
    assert (item_of(written).state, outcomes_of(item_of(written))) == (State.DELIVERED, ["done"])


def test_a_change_and_a_redemption_are_live_too(engage):
    assert changed(city="Malmö").is_live
    assert redeemed().is_live
    assert engage.engage.contacts[seeds.ANNA_ID]["attributes"]["city"] == "Malmö"
    assert len(engage.engage.redemptions) == 1
    assert set(Item.objects.values_list("state", flat=True)) == {State.DELIVERED}


# ── The deadline ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mode", ["hang", "slow"])
def test_nobody_waits_longer_than_the_deadline(engage, mode):
    engage.engage.faults.set(mode, delay_ms=9000)
    began = time.monotonic()
    written = contact_created(seconds=3, email="erik@example.com")
    assert time.monotonic() - began < 3 + SLACK
    made = item_of(written)
    assert (written.is_live, made.state, made.looks_first) == (False, State.IN_DOUBT, True)
    assert outcomes_of(made) == ["no_answer"]
    sandbox_is_done(engage, requests=1)


def test_what_was_given_up_on_is_looked_up_and_not_done_twice(engage):
    engage.engage.faults.set("slow", endpoint=CREATE, delay_ms=5000, times=1)
    before = len(engage.engage.contacts)
    written = contact_created(seconds=3, email="erik@example.com")
    assert not written.is_live
    until(lambda: len(engage.engage.contacts) == before + 1, what="the slow request takes effect")
    delivered()
    assert (fresh(item_of(written)).state, outcomes_of(item_of(written))) == (
        State.DELIVERED,
        ["no_answer", "found"],
    )
    assert len(engage.engage.contacts) == before + 1
    assert engage.engage.unchecked_repeats == []


def test_with_no_time_left_nothing_is_sent_and_nothing_is_lost(engage):
    made = item_of(contact_created(seconds=0.05, email="erik@example.com"))
    assert (made.state, made.tries, made.was_in_doubt) == (State.PENDING, 0, False)
    assert made.not_before <= clock.now()
    assert not engage.engage.requests
    assert breaker.is_closed()
    assert EngageLine.objects.filter(failures__gt=0).count() == 0
    delivered()
    assert fresh(made).state == State.DELIVERED


def test_a_pause_asked_for_by_engage_does_not_hold_up_people(engage):
    pace.reserve(pace.Lane.PEOPLE)
    pace.slow_everybody(20)
    began = time.monotonic()
    written = contact_created(seconds=20, email="erik@example.com")
    assert time.monotonic() - began < SLACK
    assert (written.is_live, item_of(written).state, item_of(written).tries) == (False, State.PENDING, 0)


def test_while_engage_is_away_nobody_even_tries(engage):
    engage_is_away()
    began = time.monotonic()
    written = contact_created(seconds=20, email="erik@example.com")
    assert time.monotonic() - began < SLACK
    assert (written.is_live, outcomes_of(item_of(written))) == (False, [])
    assert not engage.engage.requests


def test_what_goes_before_it_in_its_stream_is_waited_for(engage):
    contact = anna()
    item(stream=contact.stream, due_in=60)
    assert not changed(contact, city="Malmö").is_live
    assert not engage.engage.requests


def test_what_a_worker_has_taken_already_is_left_to_it(engage):
    made = receipt_posted("101-1")
    claims.claim(1)
    assert isinstance(deliver_now(made, deadline=Deadline.after(20)), Queued)
    assert not engage.engage.requests


# ── Refusals are the caller's ────────────────────────────────────────────────────────────────────────────────────


def test_a_refused_sign_up_is_told_to_the_caller_and_forgotten(engage):
    engage.engage.faults.set("422", endpoint=CREATE)
    with pytest.raises(Rejected) as refusal:
        contact_created(email="erik@example.com")
    assert refusal.value.error_code == "ValidationError"
    (made,) = Item.objects.all()
    assert (made.state, made.reason_code) == (State.CANCELLED, "ValidationError")
    assert made.reason.startswith("The caller was told: ")
    assert outcomes_of(made) == ["refused"]
    assert not Contact.objects.exists()
    engage.engage.faults.clear()
    delivered()
    assert len(engage.engage.contacts) == 5


def test_a_taken_key_is_told_to_the_caller(engage):
    with pytest.raises(Conflict) as refusal:
        contact_created(email=seeds.ANNA_EMAIL)
    assert refusal.value.error_code == "ApprovedContactWithKeyExists"
    assert (Item.objects.get().state, Contact.objects.count()) == (State.CANCELLED, 0)


def test_a_refused_change_is_taken_back(engage):
    contact = anna()
    with pytest.raises(Rejected):
        changed(contact, mobilePhone="+4600")
    stored = Contact.objects.get(pk=ANNA)
    assert (stored.changes, Item.objects.get().state) == ({}, State.CANCELLED)


def test_a_refused_redemption_can_be_tried_again(engage):
    with pytest.raises(Conflict) as refusal:
        redeemed(seeds.ANNA_REDEEMED_ID)
    assert refusal.value.error_code == "PromotionAlreadyRedeemed"
    assert Redemption.objects.count() == 0
    assert Item.objects.get().state == State.CANCELLED


def test_a_wrong_key_of_ours_is_not_the_callers_fault(engage):
    engage.gate.keys = frozenset({"another"})
    try:
        written = contact_created(email="erik@example.com")
    finally:
        engage.gate.keys = frozenset()
    assert not written.is_live
    assert item_of(written).state == State.ATTENTION


def test_after_a_lost_answer_a_refusal_is_no_longer_the_callers(engage):
    """Then 'taken' may well be our own doing: the queue has to find out, and nobody is told a lie."""
    made = item(
        kind="contact.create",
        subject_id=anna().pk,
        stream=anna().stream,
        was_in_doubt=True,
        looks_first=False,
    )
    Contact.objects.filter(pk=ANNA).update(engage_contact_id=None, changes={"email": seeds.ANNA_EMAIL})
    outcome = deliver_now(made, deadline=Deadline.after(20))
    assert isinstance(outcome, Queued)
    assert fresh(made).state == State.IN_DOUBT
    delivered()
    assert fresh(made).state == State.DELIVERED


def test_a_fault_of_ours_is_not_told_as_a_refusal(engage, parcel):
    def call(_client):
        raise TypeError("ours")

    parcel(call=call)
    made = item(kind="test.parcel")
    assert isinstance(deliver_now(made, deadline=Deadline.after(20)), Queued)
    assert fresh(made).state == State.ATTENTION


def test_a_database_that_fails_around_the_call_is_neither_engages_doing_nor_the_items(engage, parcel):
    def call(_client):
        raise OperationalError("locked")

    parcel(call=call)
    made = item(kind="test.parcel")
    with pytest.raises(OperationalError):
        deliver_now(made, deadline=Deadline.after(20))
    assert fresh(made).state == State.SENDING  # until its lease runs out, and then it is looked up
    assert breaker.is_closed()


def test_a_look_that_finds_nothing_leaves_the_sending_to_the_worker(engage, parcel):
    kind = parcel(look=lambda _client: None)
    made = item(kind="test.parcel", state=State.IN_DOUBT)
    assert isinstance(deliver_now(made, deadline=Deadline.after(20)), Queued)
    assert (fresh(made).state, kind.sent) == (State.PENDING, [])


def test_the_answer_is_handed_on(engage, parcel):
    parcel(call=lambda client: client.count_contacts())
    made = item(kind="test.parcel")
    assert deliver_now(made, deadline=Deadline.after(20)) == Delivered(5)


# ── Changes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_changes_that_wait_become_one_request_with_the_last_values(engage):
    contact = anna()
    engage_is_away()
    changed(contact, city="Malmö", street="Ett")
    changed(contact, city="Lund")
    made = item_of(contact, "contact.update")
    assert (Item.objects.count(), made.fields) == (1, ["city", "street"])
    probe_is_due()
    delivered()
    attributes = engage.engage.contacts[seeds.ANNA_ID]["attributes"]
    assert (attributes["city"], attributes["street"]) == ("Lund", "Ett")
    assert engage.engage.count_requests("PATCH", f"/api/v3/contacts/{seeds.ANNA_ID}") == 1


def test_changed_and_changed_back_sends_nothing(engage):
    contact = anna()
    engage_is_away()
    changed(contact, firstName="Annika")
    changed(contact, firstName="Anna")
    made = Item.objects.get()
    assert (made.state, made.reason) == (State.SUPERSEDED, "Changed back before it was sent.")
    probe_is_due()
    delivered()
    assert engage.engage.count_requests("PATCH", f"/api/v3/contacts/{seeds.ANNA_ID}") == 0
    assert Contact.objects.get(pk=ANNA).changes == {}


def test_a_change_back_after_the_change_may_have_arrived_is_sent(engage):
    contact = anna()
    engage.engage.faults.set("lost_answer", endpoint="PATCH /api/v3/contacts/{contactId}", times=1)
    assert not changed(contact, firstName="Annika").is_live
    assert engage.engage.contacts[seeds.ANNA_ID]["attributes"]["firstName"] == "Annika"
    changed(contact, firstName="Anna")
    for _ in range(3):
        delivered()
    assert engage.engage.contacts[seeds.ANNA_ID]["attributes"]["firstName"] == "Anna"
    assert not Item.objects.filter(state__in=[State.PENDING, State.IN_DOUBT, State.SENDING]).exists()


def test_the_same_value_again_sends_nothing(engage):
    assert changed(firstName="Anna").is_live
    assert not Item.objects.exists()


def test_a_change_while_the_first_one_is_under_way_is_not_lost(engage):
    """The answer to the first must not wipe out what was changed meanwhile."""
    contact = anna()
    engage_is_away()
    changed(contact, city="Malmö")
    EngageLine.objects.all().delete()
    (ready,) = sending.prepare(claims.claim(1))
    changed(contact, city="Lund")
    assert Item.objects.count() == 2
    record([sending.run(ready, door.paced([], patience=2))])
    assert Contact.objects.get(pk=ANNA).changes == {"city": "Lund"}
    delivered()
    assert engage.engage.contacts[seeds.ANNA_ID]["attributes"]["city"] == "Lund"
    assert Contact.objects.get(pk=ANNA).changes == {}


# ── The line itself ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_answer_that_came_too_late_is_reported_as_an_outage(engage):
    engage.engage.faults.set("slow", delay_ms=3000)
    for _ in range(3):
        with pytest.raises(Unavailable) as late:
            door.ask(lambda client: client.count_contacts(), deadline=Deadline.after(2))
        assert late.value.may_have_taken_effect
    assert not breaker.is_closed()
    sandbox_is_done(engage, requests=3)


def test_more_callers_than_threads_are_answered_in_time(engage, monkeypatch):
    """A hanging Engage holds every thread; whoever comes next is told in time, and nothing of theirs was sent."""
    release = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(release.wait, 20)
        monkeypatch.setattr(door, "_pool", lambda: pool)
        began = time.monotonic()
        with pytest.raises(Unavailable) as refused:
            door.ask(lambda client: client.count_contacts(), deadline=Deadline.after(0.4))
        assert time.monotonic() - began < 0.4 + SLACK
        assert not refused.value.may_have_taken_effect
        release.set()
    assert not engage.engage.requests
