"""Receipts and an Engage that errs, pretends, or refuses."""

from uuid import uuid4

import pytest

from engage_portal.outbox import selectors
from engage_portal.outbox.control import retry
from engage_portal.outbox.delivery import passes
from engage_portal.outbox.line import door
from engage_portal.outbox.models import EngageLine, Event, Item
from engage_portal.outbox.states import State
from tests.outbox.building import (
    by_id,
    delivered,
    engage_is_away,
    fresh,
    outcomes_of,
    probe_is_due,
    receipt_posted,
    told,
    until,
)

pytestmark = pytest.mark.django_db
POST = "POST /api/v3/receipts"


@pytest.mark.parametrize("mode", ["500", "504", "html503", "down", "lost_answer"])
def test_a_receipt_survives_errors_and_arrives_once(engage, mode):
    engage.engage.faults.set(mode, endpoint=POST, times=2)
    made = receipt_posted("101-1")
    delivered()
    delivered()
    assert fresh(made).state == State.IN_DOUBT
    delivered()
    assert (fresh(made).state, outcomes_of(made)) == (State.ACCEPTED, ["no_answer", "no_answer", "done"])
    engage.engage.advance(900)
    assert list(engage.engage.receipts) == ["101-1"]
    history = [
        r for r in engage.engage.store.all("transaction").values() if r["item"]["externalId"] == "101-1"
    ]
    assert len(history) == 1


def test_a_hanging_engage_costs_one_time_out_and_nothing_else(engage, settings):
    settings.ENGAGE_READ_TIMEOUT = 0.3
    door.disconnect()
    engage.engage.faults.set("hang", endpoint=POST, times=1)
    made = receipt_posted("101-1")
    passes.deliver(seconds=30)
    assert (fresh(made).state, outcomes_of(made)) == (State.IN_DOUBT, ["no_answer"])
    settings.ENGAGE_READ_TIMEOUT = 30  # now Engage answers, however busy this machine is
    door.disconnect()
    delivered()
    assert (fresh(made).state, engage.engage.posted("101-1")) == (State.ACCEPTED, 1)
    until(
        lambda: any(seen.status == 0 for seen in engage.engage.requests), what="the sandbox gives it up too"
    )


def test_engage_asking_for_a_pause_costs_no_try_and_stops_the_pass(engage):
    engage.engage.faults.set("429", retry_after=30)
    made = [receipt_posted(f"101-{number}", contact=by_id(str(uuid4()))) for number in range(40)]
    delivered()
    assert {fresh(each).state for each in made} == {State.PENDING}
    assert {fresh(each).tries for each in made} == {0}
    asked = len(engage.engage.requests)
    assert 0 < asked <= 24  # one batch, and then everybody keeps quiet
    engage.engage.faults.clear()
    written = Event.objects.count()
    assert delivered() == 0
    assert len(engage.engage.requests) == asked
    assert Event.objects.count() == written  # nothing was even claimed
    EngageLine.objects.update(pace_tat=0)  # the pause is over
    delivered()
    assert {fresh(each).state for each in made} == {State.ACCEPTED}
    assert {engage.engage.posted(f"101-{number}") for number in range(40)} == {1}


def test_a_pause_that_begins_in_the_middle_gives_the_rest_back(engage, monkeypatch, settings):
    from engage_portal.outbox.line import pace

    settings.ENGAGE_RATE = 60  # two calls are booked at once

    made = [receipt_posted(f"101-{number}", contact=by_id(str(uuid4()))) for number in range(6)]
    reserve, calls = pace.reserve, []

    def pausing(*args, **more):
        calls.append(args)
        return reserve(*args, **more) if len(calls) == 1 else []

    monkeypatch.setattr(pace, "reserve", pausing)
    monkeypatch.setattr(pace, "is_paused", lambda _line=None: bool(calls))
    assert delivered() == 2
    states = sorted(fresh(each).state for each in made)
    assert states == ["accepted"] * 2 + ["pending"] * 4
    assert {
        (fresh(each).tries, fresh(each).reason_code) for each in made if fresh(each).state == "pending"
    } == {(0, "RateLimited")}
    assert Item.objects.filter(state=State.SENDING).count() == 0


def test_accepted_but_never_processed_stays_accepted(engage):
    """Engage's 2xx is not proof: the item must not claim that the receipt was seen."""
    engage.engage.faults.set("not_processed")
    made = receipt_posted("101-1")
    delivered()
    engage.engage.advance(7200)
    assert engage.engage.receipts == {}
    delivered()
    assert (fresh(made).state, outcomes_of(made)) == (State.ACCEPTED, ["done"])


def test_a_refused_receipt_waits_for_a_person_with_engages_words(engage):
    made = receipt_posted("101-1", article="REFUSE")
    delivered()
    stored = fresh(made)
    assert (stored.state, stored.reason_code) == (State.ATTENTION, "ValidationError")
    assert stored.reason == "items[0].articleNumber: article REFUSE is blocked in this Engage"
    assert [delivered(), delivered()] == [0, 0]
    (attempt,) = made.attempts.all()
    assert (attempt.status, attempt.error_code, attempt.operation) == (422, "ValidationError", POST)
    assert "REFUSE is blocked" in attempt.message


def test_sent_again_by_hand_it_arrives_and_its_history_shows_each_try(engage):
    made = receipt_posted("101-1", article="REFUSE")
    delivered()
    retry(items=Item.objects.filter(pk=made.pk), by="sam")
    delivered()
    assert fresh(made).state == State.ATTENTION  # nothing changed in Engage: refused again
    engage.engage.configure(refuse_article=False)
    retry(items=Item.objects.filter(pk=made.pk), by="sam")
    delivered()
    assert fresh(made).state == State.ACCEPTED
    assert outcomes_of(made) == ["refused", "refused", "done"]
    assert told(made) == [
        "queued",
        "attention",
        "sent again by hand",
        "attention",
        "sent again by hand",
        "accepted",
    ]
    titles = [entry.title for entry in selectors.item_detail(made.pk).timeline]
    assert titles == [
        "Queued by till",
        f"{POST}: refused",
        "Attention",
        "Sent again by hand by sam",
        f"{POST}: refused",
        "Attention",
        "Sent again by hand by sam",
        f"{POST}: done",
        "Accepted",
    ]


def test_a_refused_receipt_does_not_keep_the_next_one_waiting(engage):
    first = receipt_posted("101-1", article="REFUSE")
    second = receipt_posted("101-2")
    delivered()
    delivered()
    assert (fresh(first).state, fresh(second).state) == (State.ATTENTION, State.ACCEPTED)


def test_ten_receipts_of_an_outage_arrive_once_and_in_order_and_none_lost_a_try(engage):
    engage.engage.faults.set("down")
    engage_is_away()
    for number in range(10):
        receipt_posted(f"101-{number}")
    assert delivered() == 0
    assert set(Item.objects.values_list("state", "tries")) == {("pending", 0)}
    engage.engage.faults.clear()
    probe_is_due()
    delivered()
    assert list(engage.engage.received) == [f"101-{number}" for number in range(10)]
    assert {record["posted"] for record in engage.engage.received.values()} == {1}
    assert set(Item.objects.values_list("state", "tries")) == {("accepted", 1)}
