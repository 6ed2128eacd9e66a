"""Each kind on its way to the sandbox, with everything in order."""

import time
from uuid import uuid4

import pytest

from contacts.models import Contact
from contacts.services import Asked, contact_update
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.outbox.delivery import passes
from engage_portal.outbox.models import Attempt, Event, Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.outbox.building import (
    ANNA,
    anna,
    by_id,
    contact_created,
    delivered,
    engage_is_away,
    fresh,
    item,
    item_of,
    outcomes_of,
    probe_is_due,
    receipt_of,
    receipt_posted,
    redemption_queued,
    told,
)

pytestmark = pytest.mark.django_db


def test_a_receipt_is_accepted_once_and_arrives(engage):
    made = receipt_posted("101-1")
    assert delivered() == 1
    assert (fresh(made).state, outcomes_of(made)) == (State.ACCEPTED, ["done"])
    assert engage.engage.posted("101-1") == 1
    engage.engage.advance(900)
    assert engage.engage.receipts["101-1"]["contactId"] == seeds.ANNA_ID


def test_what_was_accepted_is_not_sent_again(engage):
    made = receipt_posted("101-1")
    delivered()
    assert [delivered(), delivered()] == [0, 0]
    assert (engage.engage.posted("101-1"), outcomes_of(made)) == (1, ["done"])


def test_a_redemption_is_delivered(engage):
    made = redemption_queued(contact=anna())
    delivered()
    assert (fresh(made).state, outcomes_of(made)) == (State.DELIVERED, ["done"])
    (redeemed,) = engage.engage.redemptions
    assert (redeemed["id"], redeemed["channel"]) == (seeds.ANNA_PERCENT_ID, "ECOM")


def test_a_contact_is_created_with_everything_it_gave(engage):
    engage_is_away()
    written = contact_created(firstName="Erik", email="Erik@Example.com", mobilePhone="070-174 06 99")
    probe_is_due()
    delivered()
    made, contact = item_of(written), Contact.objects.get(pk=written.contact.pk)
    assert (fresh(made).state, outcomes_of(made)) == (State.DELIVERED, ["not_found", "done"])
    there = engage.engage.contacts[str(contact.engage_contact_id)]
    assert there["attributes"]["firstName"] == "Erik"
    assert there["attributes"]["mobilePhone"] == "+46701740699"
    assert there["attributes"]["externalId"] == contact.external_id
    assert contact.external_id.startswith("EP-")
    assert (contact.changes, contact.snapshot["firstName"]) == ({}, "Erik")


def test_an_update_sends_only_what_changed(engage):
    contact = anna()
    engage_is_away()
    contact_update(
        contact=contact,
        body={"firstName": "Anna", "city": "Malmö"},
        asked=Asked(actor="till", store=""),
        deadline=Deadline.after(20),
    )
    probe_is_due()
    delivered()
    made = item_of(contact, "contact.update")
    assert (made.fields, made.state) == (["city"], State.DELIVERED)
    attributes = engage.engage.contacts[seeds.ANNA_ID]["attributes"]
    assert (attributes["city"], attributes["street"]) == ("Malmö", "Storgatan 1")
    assert Contact.objects.get(pk=ANNA).changes == {}


def test_ten_receipts_of_one_contact_arrive_in_their_order(engage):
    contact = anna()
    for number in range(10):
        receipt_posted(f"101-{number}", contact=by_id(contact))
    assert delivered() == 10
    assert list(engage.engage.received) == [f"101-{number}" for number in range(10)]
    assert all(record["posted"] == 1 for record in engage.engage.received.values())


def test_a_receipt_that_fails_keeps_the_later_ones_of_its_contact_waiting(engage):
    contact = anna()
    engage.engage.faults.set("500", endpoint="POST /api/v3/receipts", times=1)
    made = [receipt_posted(f"101-{number}", contact=by_id(contact)) for number in range(3)]
    passes.deliver(seconds=30)
    assert [fresh(each).state for each in made] == [State.IN_DOUBT, State.PENDING, State.PENDING]
    assert engage.engage.received == {}
    delivered()
    assert list(engage.engage.received) == ["101-0", "101-1", "101-2"]


def test_other_contacts_do_not_wait_for_it(engage):
    engage.engage.faults.set("500", endpoint="POST /api/v3/receipts", times=1)
    first = receipt_posted("101-1", contact=by_id(anna()))
    passes.deliver(seconds=30)
    assert fresh(first).state == State.IN_DOUBT
    other = receipt_posted("101-2", contact=by_id(seeds.BENGT_ID))
    passes.deliver(seconds=30)
    assert fresh(other).state == State.ACCEPTED


def test_a_personal_key_is_replaced_by_the_id_once_it_has_done_its_work(engage):
    anna()
    made = receipt_posted(
        "101-1", contact={"matchKey": "ANNA@example.com ", "matchKeyType": "email", "contactType": "Member"}
    )
    assert "example.com" in receipt_of(made).body.lower()
    delivered()
    assert engage.engage.received["101-1"]["body"]["contact"] == {
        "matchKey": seeds.ANNA_ID,
        "matchKeyType": "contactId",
    }
    assert "example.com" not in receipt_of(made).body.lower()


def test_a_key_that_cannot_be_looked_up_is_sent_and_then_forgotten(engage, settings):
    settings.OUTBOX_CONFIRM_HOURS = 0  # with reading back it is kept until then
    key = {"matchKey": "nobodys-card", "matchKeyType": "cardId", "contactType": "Member"}
    made = receipt_posted("101-1", contact=key)
    delivered()
    assert engage.engage.received["101-1"]["body"]["contact"] == key
    assert "nobody" not in receipt_of(made).body


def test_a_pass_ends_when_its_time_is_up(engage):
    made = receipt_posted("101-1")
    assert passes.deliver(seconds=0) == 0
    assert fresh(made).state == State.PENDING
    assert not engage.engage.requests


def test_a_pass_over_nothing_asks_nobody(engage):
    assert passes.deliver(seconds=30) == 0
    assert not engage.engage.requests


def test_a_long_queue_is_delivered_to_its_end(engage):
    for number in range(60):
        receipt_posted(f"101-{number}", contact=by_id(str(uuid4())))
    assert delivered() == 60
    assert {record["posted"] for record in engage.engage.received.values()} == {1}
    assert len(engage.engage.received) == 60


def test_database_work_does_not_grow_with_the_batch(engage, django_assert_max_num_queries):
    for number in range(20):
        receipt_posted(f"101-{number}", contact={"matchKey": str(uuid4()), "matchKeyType": "contactId"})
    Item.objects.update(not_before=clock.now())
    # Per receipt: its savepoint (2) and reading it for its key; per pair a reservation (5); the rest is per pass.
    with django_assert_max_num_queries(20 * 3 + 10 * 5 + 40):
        assert passes.deliver(seconds=30) == 20


def test_whose_subject_is_gone_needs_a_person(engage):
    made = item(kind="receipt.post")
    delivered()
    stored = fresh(made)
    assert (stored.state, stored.reason_code) == (State.ATTENTION, "SubjectGone")
    assert not engage.engage.requests
    assert told(made) == ["attention"]


def test_what_has_nothing_left_to_send_is_superseded(engage):
    contact = anna()
    made = item(kind="contact.update", subject_id=contact.pk, stream=contact.stream, fields=["city"])
    delivered()
    assert (fresh(made).state, outcomes_of(made)) == (State.SUPERSEDED, [])
    assert not engage.engage.requests


# ── What has not left when something happens ─────────────────────────────────────────────────────────────────────


def many(count: int) -> list[Item]:
    return [receipt_posted(f"101-{number}", contact=by_id(str(uuid4()))) for number in range(count)]


def test_while_engage_hangs_only_one_round_of_requests_waits_for_it(engage, settings):
    """Else a pass would last as many time-outs as there are rounds, and leases would run out."""
    settings.ENGAGE_READ_TIMEOUT = 1
    engage.engage.faults.set("hang", endpoint="POST /api/v3/receipts")
    made = many(passes.CONCURRENCY * 2 + 10)
    passes.deliver(seconds=30)
    engage.engage.faults.clear()
    assert Attempt.objects.count() <= passes.CONCURRENCY + 2
    assert {fresh(each).state for each in made} <= {State.PENDING, State.IN_DOUBT}
    assert sum(fresh(each).tries for each in made) == Attempt.objects.count()


def test_what_is_not_sent_when_the_time_is_up_is_as_if_nobody_had_touched_it(engage, settings):
    settings.ENGAGE_RATE = 190
    engage.engage.faults.set("slow", delay_ms=400)
    made = many(60)
    written = Event.objects.count()
    done = passes.deliver(seconds=0.3)
    untouched = [each for each in made if fresh(each).state == State.PENDING]
    assert done + len(untouched) == 60
    assert untouched
    assert {(fresh(each).tries, fresh(each).reason) for each in untouched} == {(0, "")}
    assert Event.objects.count() == written + done


def test_somebody_elses_bookings_do_not_make_it_spin(engage, monkeypatch):
    """Where the line is booked out it waits for a place instead of asking without a break."""
    from engage_portal.outbox.line import pace

    made, reserve, asked = many(1), pace.reserve, []

    def booked_out(lane, *arguments, **more):
        asked.append(lane)
        return reserve(lane, *arguments, **more) if len(asked) > 5 else []

    monkeypatch.setattr(pace, "reserve", booked_out)
    began = time.monotonic()
    passes.deliver(seconds=30)
    assert fresh(made[0]).state == State.ACCEPTED
    assert len(asked) == 6
    assert time.monotonic() - began >= 5 * passes._BOOKED_AT_ONCE
