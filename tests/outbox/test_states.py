import itertools

import pytest

from engage_portal.core import clock
from engage_portal.outbox.delivery.recording import move
from engage_portal.outbox.delivery.verdicts import Decision
from engage_portal.outbox.states import (
    CLAIMABLE,
    FINAL,
    MOVING,
    OPEN,
    TRANSITIONS,
    IllegalTransitionError,
    State,
    check_move,
)
from tests.outbox.building import fresh, item, outcomes_of

# Written out once more, so that a change of the table has to be meant.
LEGAL = {
    ("pending", "sending"),
    ("pending", "spooled"),
    ("pending", "superseded"),
    ("pending", "cancelled"),
    ("sending", "pending"),
    ("sending", "in_doubt"),
    ("sending", "attention"),
    ("sending", "accepted"),
    ("sending", "delivered"),
    ("sending", "superseded"),
    ("sending", "cancelled"),
    ("in_doubt", "sending"),
    ("in_doubt", "spooled"),
    ("attention", "pending"),
    ("attention", "in_doubt"),
    ("attention", "cancelled"),
    ("spooled", "pending"),
    ("spooled", "in_doubt"),
    ("spooled", "accepted"),
    ("accepted", "delivered"),
    ("accepted", "attention"),
}
ALL = list(itertools.product(State.values, State.values))


@pytest.mark.parametrize(("before", "after"), sorted(LEGAL))
def test_a_legal_move_is_allowed(before, after):
    check_move(State(before), State(after))


@pytest.mark.parametrize(("before", "after"), sorted(set(ALL) - LEGAL))
def test_any_other_move_raises(before, after):
    with pytest.raises(IllegalTransitionError, match=f"from {before} to {after}"):
        check_move(State(before), State(after))


def test_the_table_knows_every_state():
    assert set(TRANSITIONS) == set(State)


def test_what_is_final_is_never_left():
    assert all(not TRANSITIONS[state] for state in FINAL)


def test_nothing_open_is_a_dead_end():
    """From every open state a way leads to Engage."""
    for start in OPEN:
        reached, edge = {start}, {start}
        while edge:
            edge = {after for before in edge for after in TRANSITIONS[before]} - reached
            reached |= edge
        assert State.DELIVERED in reached, start


def test_the_groups_of_states_fit_together():
    assert set(CLAIMABLE) < set(MOVING) < set(OPEN)
    assert not set(OPEN) & set(FINAL)
    assert set(State) - set(OPEN) - set(FINAL) == {State.ACCEPTED}


@pytest.mark.django_db
@pytest.mark.parametrize("after", sorted(TRANSITIONS[State.SENDING]))
def test_every_outcome_of_sending_can_be_stored(after):
    made = item(state=State.SENDING)
    move(
        made,
        Decision(State(after), outcome="done", reason="Because.", looks_first=after == "in_doubt"),
        now=clock.now(),
    )
    made.save()
    stored = fresh(made)
    assert (stored.state, stored.lease_token, stored.lease_until) == (after, None, None)
    assert (stored.finished_at is None) == (after in OPEN)


@pytest.mark.django_db
@pytest.mark.parametrize("before", sorted(set(State.values) - {"sending"}))
def test_an_illegal_move_of_an_item_changes_nothing(before):
    made = item(state=State(before))
    after = State.DELIVERED if before != "accepted" else State.PENDING
    with pytest.raises(IllegalTransitionError):
        move(made, Decision(after, outcome="done"), now=clock.now())
    assert fresh(made).state == before
    assert outcomes_of(made) == []
