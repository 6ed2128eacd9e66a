"""Giving an item up: with a reason that is kept, and what was only kept to be sent is taken back."""

import pytest

from contacts.models import Contact
from contacts.services import Asked, contact_update
from engage_portal.core.clock import Deadline
from engage_portal.outbox.control import Cancelled, CancelRefusedError, cancel
from engage_portal.outbox.models import EngageLine, Event, Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from promotions.models import Assignment, Redemption
from promotions.services import assignment_redeem, offers_current
from tests.outbox.building import (
    anna,
    by_id,
    contact_created,
    delivered,
    engage_is_away,
    fresh,
    item,
    item_of,
    receipt_posted,
    redemption_queued,
    told,
)

pytestmark = pytest.mark.django_db


def given_up(*items: Item, reason: str = "The sale was voided.") -> Cancelled:
    return cancel(items=Item.objects.filter(pk__in=[each.pk for each in items]), by="sam", reason=reason)


@pytest.mark.parametrize("state", [State.PENDING, State.ATTENTION])
def test_what_waits_or_needs_a_person_can_be_given_up(state):
    made = item(state=state)
    assert given_up(made) == Cancelled(cancelled=1, on_their_way=0, gone=0)
    stored = fresh(made)
    assert (stored.state, stored.reason_code, stored.reason) == (
        State.CANCELLED,
        "Cancelled",
        "The sale was voided.",
    )
    event = Event.objects.filter(item=made).latest("pk")
    assert (event.what, event.actor, event.detail) == ("cancelled", "sam", "The sale was voided.")
    assert given_up(made) == Cancelled(cancelled=0, on_their_way=0, gone=1)
    assert told(made) == ["cancelled"]


@pytest.mark.parametrize("state", [State.SENDING, State.IN_DOUBT, State.SPOOLED])
def test_what_may_have_reached_engage_is_left_alone(state):
    made = item(state=state)
    assert given_up(made) == Cancelled(cancelled=0, on_their_way=1, gone=0)
    assert fresh(made).state == state


@pytest.mark.parametrize("state", [State.ACCEPTED, State.DELIVERED, State.SUPERSEDED, State.CANCELLED])
def test_what_has_settled_stays_so(state):
    made = item(state=state)
    assert given_up(made) == Cancelled(cancelled=0, on_their_way=0, gone=1)
    assert fresh(made).state == state


@pytest.mark.parametrize("reason", ["", "  "])
def test_it_needs_a_reason(reason):
    made = item()
    with pytest.raises(CancelRefusedError, match="reason"):
        given_up(made, reason=reason)
    assert fresh(made).state == State.PENDING


def test_an_offer_may_be_used_again(engage):
    offers_current(contact=anna(), deadline=Deadline.after(20))
    engage_is_away()
    assignment_redeem(
        assignment_id=Assignment.objects.get(pk=seeds.ANNA_PERCENT_ID).pk,
        channel="ECOM",
        store="101",
        actor="till",
        deadline=Deadline.after(20),
    )
    assert Assignment.objects.get(pk=seeds.ANNA_PERCENT_ID).redeemed
    given_up(Item.objects.get(kind="promotion.redeem"))
    assert not Redemption.objects.exists()
    assert not Assignment.objects.get(pk=seeds.ANNA_PERCENT_ID).redeemed


def test_an_offer_that_engage_may_have_as_used_stays_locked(engage):
    made = redemption_queued(contact=anna())
    Item.objects.filter(pk=made.pk).update(
        state=State.ATTENTION,
        reason="Given up after 14 days.",
        looks_first=True,
        was_in_doubt=True,
        holds=False,
    )
    assert given_up(made).cancelled == 1
    assert Redemption.objects.count() == 1


def test_a_change_is_taken_back_but_for_what_others_still_bring(engage):
    contact = anna()
    engage_is_away()
    contact_update(
        contact=contact, body={"city": "Lund", "zipCode": "22100"}, asked=Asked(actor="till", store="101"), deadline=Deadline.after(20),
    )  # fmt: skip
    first = item_of(contact, "contact.update")
    Item.objects.filter(pk=first.pk).update(state=State.ATTENTION, reason="Refused.", holds=False)
    contact_update(
        contact=contact,
        body={"city": "Ystad"},
        asked=Asked(actor="till", store="101"),
        deadline=Deadline.after(20),
    )
    given_up(first)
    assert Contact.objects.get(pk=contact.pk).changes == {"city": "Ystad"}


def test_what_belongs_to_somebody_who_is_never_created_reaches_a_person(engage):
    engage_is_away()
    contact = contact_created(email="born@example.com", firstName="Born").contact
    receipt = receipt_posted("r-1", contact=by_id(contact))
    given_up(item_of(contact))
    EngageLine.objects.all().delete()
    delivered()
    assert (fresh(receipt).state, fresh(receipt).reason_code) == (State.ATTENTION, "ContactNotInEngage")
    assert engage.engage.posted("r-1") == 0


def test_a_kind_whose_taking_back_breaks_is_given_up_all_the_same(parcel):
    class BrokenError(RuntimeError):
        pass

    def break_down(*_arguments):
        raise BrokenError

    parcel().given_up = break_down
    made = item(kind="test.parcel")
    assert given_up(made).cancelled == 1
    assert told(made) == ["cancelled", "not taken back"]


def test_many_are_given_up_in_portions():
    for _ in range(620):
        item()
    done = cancel(items=Item.objects.all(), by="sam", reason="A test run.")
    assert done.cancelled == 620
    assert set(Item.objects.values_list("state", "is_parked", "holds")) == {("cancelled", False, False)}
