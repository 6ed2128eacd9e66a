"""One bad row, or one bug in one kind, must never stop the rest, nor lose the row itself."""

import pytest
from django.db import OperationalError

from engage_portal.engage import NotFound
from engage_portal.outbox.control import retry
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import EngageLine, Item
from engage_portal.outbox.registry import NotReadyError, UnsendableError
from engage_portal.outbox.states import State
from tests.outbox.building import delivered, fresh, item, outcomes_of, receipt_posted, told

pytestmark = pytest.mark.django_db


def parcels(count: int = 3) -> list[Item]:
    return [item(kind="test.parcel") for _ in range(count)]


def fails_for(bad: Item, error: Exception):
    """A behaviour that breaks for one subject, whether asked about it alone or in a batch."""

    def behave(about):
        if about == bad.subject_id or (not hasattr(about, "hex") and bad.subject_id in about):
            raise error

    return behave


def states(of: list[Item]) -> list[str]:
    return [fresh(each).state for each in of]


FAULTS = [KeyError("x"), ValueError("x"), RuntimeError("x"), ZeroDivisionError(), LookupError("x")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("when", ["load", "request", "settle"])
def test_a_row_that_breaks_needs_a_person_and_the_others_arrive(engage, parcel, when, fault):
    made = parcels()
    bad = made[1]
    kind = parcel(**{when: fails_for(bad, fault)})
    delivered()
    assert states(made) == [State.DELIVERED, State.ATTENTION, State.DELIVERED]
    assert fresh(bad).reason_code == ("NotSettled" if when == "settle" else "NotBuilt")
    assert type(fault).__name__ in fresh(bad).reason
    assert bad.subject_id not in kind.settled
    assert len(kind.sent) == (3 if when == "settle" else 2)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_call_that_breaks_leaves_the_item_in_doubt_with_a_person(engage, parcel, fault):
    made = parcels()

    def call(_client):
        if kind.sent[-1] == made[1].subject_id:
            raise fault

    kind = parcel(call=call)
    delivered()
    assert sorted(states(made)) == [State.ATTENTION, State.DELIVERED, State.DELIVERED]
    bad = Item.objects.get(state=State.ATTENTION)
    assert (bad.reason_code, bad.looks_first, outcomes_of(bad)) == ("NotUnderstood", True, ["no_answer"])
    assert not Item.objects.filter(state=State.SENDING).exists()


def test_a_fault_of_ours_says_nothing_about_engage(engage, parcel):
    for _ in range(5):
        item(kind="test.parcel")

    def call(_client):
        raise TypeError

    parcel(call=call)
    delivered()
    assert breaker.status().is_up
    line = EngageLine.objects.get()
    assert (line.failures, line.last_answer_at) == (0, None)


def test_a_kind_that_cannot_judge_needs_a_person(engage, parcel):
    def call(_client):
        raise NotFound("none", status=404)

    made = parcels(2)
    parcel(call=call, judge=fails_for(made[0], KeyError("x")))
    delivered()
    assert states(made) == [State.ATTENTION] * 2
    assert {each.reason_code for each in Item.objects.all()} == {"NotJudged", "NotFound"}


def test_a_kind_that_nobody_knows_needs_a_person_and_the_others_arrive(engage):
    """After going back to an older version, say."""
    unknown, known = item(kind="voucher.unheard_of"), receipt_posted("101-1")
    delivered()
    assert (fresh(unknown).state, fresh(known).state) == (State.ATTENTION, State.ACCEPTED)
    assert fresh(unknown).reason_code == "NotBuilt"


def test_a_database_that_is_gone_while_loading_is_nobodys_fault(engage, parcel):
    made = parcels(1)
    parcel(load=fails_for(made[0], OperationalError("locked")))
    with pytest.raises(OperationalError):
        delivered()
    assert states(made) == [State.SENDING]  # until its lease runs out


def test_a_deadlock_while_settling_passes_without_a_person(engage, parcel):
    made = parcels(1)
    fails = iter([True, True, False])  # with the batch, and then alone

    def settle(_about):
        if next(fails):
            raise OperationalError("deadlock detected")

    kind = parcel(settle=settle, look=lambda _client: "found")
    delivered()
    assert (states(made), fresh(made[0]).reason_code) == ([State.IN_DOUBT], "NotSettled")
    delivered()
    assert (states(made), outcomes_of(made[0])) == ([State.DELIVERED], ["done", "found"])
    assert len(kind.sent) == 1


def test_settling_again_by_hand_looks_instead_of_sending_twice(engage, parcel):
    made = parcels(1)
    kind = parcel(settle=fails_for(made[0], KeyError("x")), look=lambda _client: "found")
    delivered()
    assert states(made) == [State.ATTENTION]
    kind._behaviour.clear()
    retry(items=Item.objects.all(), by="sam")
    delivered()
    assert (states(made), len(kind.sent)) == ([State.DELIVERED], 1)


def test_what_cannot_be_sent_needs_a_person_with_the_kinds_own_words(engage, parcel):
    made = parcels(1)
    parcel(request=fails_for(made[0], UnsendableError("NoAddress", "The parcel has no address.")))
    delivered()
    stored = fresh(made[0])
    assert (stored.state, stored.reason_code, stored.reason) == (
        State.ATTENTION,
        "NoAddress",
        "The parcel has no address.",
    )
    assert told(stored) == ["attention"]


def test_what_is_not_ready_waits_without_losing_a_try(engage, parcel):
    made = parcels(1)
    parcel(request=fails_for(made[0], NotReadyError("The box is not closed.")))
    delivered()
    stored = fresh(made[0])
    assert (stored.state, stored.tries, stored.reason_code) == (State.PENDING, 0, "NotReady")
    assert 10 < (stored.not_before - stored.created_at).total_seconds() < 30
    assert outcomes_of(stored) == []


def test_what_is_never_ready_is_told_to_a_person_in_the_end(engage, parcel, settings):
    from datetime import timedelta

    from engage_portal.core import clock

    made = parcels(1)
    Item.objects.update(first_due_at=clock.now() - timedelta(days=settings.OUTBOX_GIVE_UP_DAYS, seconds=1))
    parcel(request=fails_for(made[0], NotReadyError("The box is not closed.")))
    delivered()
    stored = fresh(made[0])
    assert (stored.state, stored.reason_code) == (State.ATTENTION, "Exhausted")
    assert "The box is not closed." in stored.reason
