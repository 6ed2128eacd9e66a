"""The request took effect and nobody heard of it: looked up first, and never done twice."""

import pytest

from contacts.models import Contact
from engage_portal.outbox.delivery import passes
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from promotions.models import Redemption
from tests.outbox.building import (
    anna,
    contact_created,
    delivered,
    engage_is_away,
    fresh,
    item_of,
    outcomes_of,
    probe_is_due,
    redemption_queued,
)

pytestmark = pytest.mark.django_db
CREATE = "POST /api/v3/contacts"
REDEEM = "POST /api/v3/promotion-assignments/{assignmentId}/redeem"


def test_a_creation_whose_answer_got_lost_is_looked_up_and_not_repeated(engage):
    engage.engage.faults.set("lost_answer", endpoint=CREATE, times=1)
    before = len(engage.engage.contacts)
    written = contact_created(firstName="Erik", email="erik@example.com")
    made = item_of(written)
    assert (written.is_live, fresh(made).state, fresh(made).looks_first) == (False, State.IN_DOUBT, True)
    delivered()
    assert (fresh(made).state, outcomes_of(made)) == (State.DELIVERED, ["no_answer", "found"])
    contact = Contact.objects.get(pk=written.contact.pk)
    assert len(engage.engage.contacts) == before + 1
    assert engage.engage.contacts[str(contact.engage_contact_id)]["attributes"]["firstName"] == "Erik"
    assert engage.engage.unchecked_repeats == []


def test_a_creation_that_got_lost_on_its_way_is_looked_up_and_then_sent(engage):
    engage.engage.faults.set("500", endpoint=CREATE, times=1)
    before = len(engage.engage.contacts)
    made = item_of(contact_created(email="erik@example.com"))
    delivered()
    assert (fresh(made).state, outcomes_of(made)) == (State.DELIVERED, ["no_answer", "not_found", "done"])
    assert len(engage.engage.contacts) == before + 1
    assert engage.engage.unchecked_repeats == []


@pytest.mark.parametrize("mode", ["down", "500", "504", "html503", "429"])
def test_a_look_that_fails_is_repeated_before_anything_is_sent(engage, mode):
    engage.engage.faults.set("lost_answer", endpoint=CREATE, times=1)
    before = len(engage.engage.contacts)
    made = item_of(contact_created(email="erik@example.com"))
    engage.engage.faults.set(mode, endpoint="GET /api/v3/contacts/id", times=1)
    delivered()
    assert (fresh(made).state, fresh(made).looks_first) == (State.IN_DOUBT, True)
    until_pause_is_over()
    delivered()
    assert fresh(made).state == State.DELIVERED
    assert len(engage.engage.contacts) == before + 1
    assert engage.engage.unchecked_repeats == []


def until_pause_is_over() -> None:
    from engage_portal.outbox.models import EngageLine

    EngageLine.objects.update(pace_tat=0)


def test_a_look_that_is_refused_keeps_its_doubt_through_attention_and_retry(engage):
    from engage_portal.outbox.control import retry
    from engage_portal.outbox.models import Item

    engage.engage.faults.set("lost_answer", endpoint=CREATE, times=1)
    made = item_of(contact_created(email="erik@example.com"))
    engage.engage.faults.set("422", endpoint="GET /api/v3/contacts/id", times=1)
    delivered()
    assert fresh(made).state == State.ATTENTION
    retry(items=Item.objects.filter(pk=made.pk), by="sam")
    assert fresh(made).state == State.IN_DOUBT
    delivered()
    assert outcomes_of(made) == ["no_answer", "refused", "found"]
    assert engage.engage.unchecked_repeats == []


def test_a_redemption_whose_answer_got_lost_ends_as_delivered(engage):
    engage.engage.faults.set("lost_answer", endpoint=REDEEM, times=1)
    made = redemption_queued(contact=anna())
    passes.deliver(seconds=30)
    assert fresh(made).state == State.IN_DOUBT
    delivered()
    assert (fresh(made).state, outcomes_of(made)) == (State.DELIVERED, ["no_answer", "found"])
    assert len(engage.engage.redemptions) == 1
    assert engage.engage.unchecked_repeats == []


def test_a_redemption_of_somebody_unknown_is_repeated_and_already_done_counts_as_done(engage):
    engage.engage.faults.set("lost_answer", endpoint=REDEEM, times=1)
    made = redemption_queued(contact=None)
    delivered()
    delivered()
    assert (fresh(made).state, outcomes_of(made)) == (State.DELIVERED, ["no_answer", "already_done"])
    assert len(engage.engage.redemptions) == 1


def test_a_redemption_that_did_not_arrive_is_looked_up_and_sent(engage):
    engage.engage.faults.set("504", endpoint=REDEEM, times=1)
    made = redemption_queued(contact=anna())
    delivered()
    delivered()
    assert outcomes_of(made) == ["no_answer", "not_found", "done"]
    assert (fresh(made).state, len(engage.engage.redemptions)) == (State.DELIVERED, 1)


def test_a_promotion_that_somebody_else_has_used_needs_a_person(engage):
    """Without a lost answer of our own, 'already redeemed' is not us."""
    made = redemption_queued(seeds.ANNA_REDEEMED_ID, contact=anna())
    delivered()
    stored = fresh(made)
    assert (stored.state, stored.reason_code) == (State.ATTENTION, "PromotionAlreadyRedeemed")
    assert "already redeemed" in stored.reason
    assert outcomes_of(made) == ["refused"]
    assert Redemption.objects.count() == 1


def test_a_connection_that_was_never_made_leaves_no_doubt(engage, settings):
    from engage_portal.outbox.line import door

    made = redemption_queued(contact=anna())
    settings.ENGAGE_BASE_URL = "http://127.0.0.1:1"
    door.disconnect()
    passes.deliver(seconds=30)
    stored = fresh(made)
    assert (stored.state, stored.was_in_doubt, outcomes_of(made)) == (State.PENDING, False, ["not_sent"])


def test_a_creation_after_an_outage_looks_first_even_if_it_was_never_sent(engage):
    """A till may have signed the person up elsewhere meanwhile."""
    engage_is_away()
    written = contact_created(firstName="Erik", email="erik@example.com")
    assert item_of(written).looks_first
    probe_is_due()
    delivered()
    assert outcomes_of(item_of(written)) == ["not_found", "done"]
