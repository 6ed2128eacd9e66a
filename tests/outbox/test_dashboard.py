"""What people are told about the queue."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from engage_portal.core import clock
from engage_portal.outbox import selectors
from engage_portal.outbox.models import Attempt, Heartbeat, Item, Outcome
from engage_portal.outbox.states import State
from tests.outbox.building import engage_is_away, item

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 10, 30, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def half_past_ten():
    with time_machine.travel(NOW, tick=False) as hand:
        yield hand


def attempt(of: Item, outcome: Outcome, *, seconds_ago: float = 0) -> Attempt:
    at = clock.now() - timedelta(seconds=seconds_ago)
    return Attempt.objects.create(item=of, started_at=at, duration_ms=5, operation="POST /x", outcome=outcome)


def test_an_empty_queue_says_so():
    board = selectors.dashboard()
    assert (board.waiting, board.attention, board.counts, board.by_kind) == (0, 0, {}, [])
    assert (board.oldest_waiting, board.worker_seen_at, board.worker_alive) == (None, None, False)
    assert board.line.is_up
    assert len(board.last_hour) == 60
    assert {(minute.delivered, minute.failed) for minute in board.last_hour} == {(0, 0)}


def test_every_state_is_counted():
    for number, state in enumerate(State, start=1):
        for _ in range(number):
            item(state=state)
    board = selectors.dashboard()
    assert board.counts == {state: number for number, state in enumerate(State, start=1)}
    moving = (State.PENDING, State.SENDING, State.IN_DOUBT, State.SPOOLED)
    assert board.waiting == sum(board.counts[state] for state in moving)
    assert board.attention == board.counts[State.ATTENTION]


def test_settled_items_count_for_a_day_and_open_ones_for_ever():
    item(state=State.DELIVERED, finished_at=NOW - timedelta(hours=25))
    item(state=State.DELIVERED, finished_at=NOW - timedelta(hours=23))
    item(state=State.ATTENTION, created_at=NOW - timedelta(days=40))
    assert selectors.counts() == {State.DELIVERED: 1, State.ATTENTION: 1}


def test_kinds_are_counted_apart():
    item(kind="contact.create", state=State.ATTENTION)
    item(kind="receipt.post")
    item(kind="receipt.post", state=State.IN_DOUBT)
    item(kind="receipt.post", state=State.ATTENTION)
    item(kind="promotion.redeem", state=State.DELIVERED)
    rows = [(row.kind, row.waiting, row.attention) for row in selectors.dashboard().by_kind]
    assert rows == [("contact.create", 0, 1), ("receipt.post", 2, 1)]


def test_the_oldest_that_waits_is_named():
    item(state=State.ATTENTION, created_at=NOW - timedelta(days=9))
    item(state=State.ACCEPTED, created_at=NOW - timedelta(days=9))
    oldest = item(created_at=NOW - timedelta(hours=3))
    item(created_at=NOW - timedelta(hours=1))
    assert selectors.dashboard().oldest_waiting == oldest


def test_the_last_hour_is_told_by_the_minute():
    made = item()
    attempt(made, Outcome.DONE)
    attempt(made, Outcome.FOUND, seconds_ago=20)  # 10:30:00, still this minute
    attempt(made, Outcome.NO_ANSWER, seconds_ago=21)
    attempt(made, Outcome.NOT_FOUND, seconds_ago=21)  # neither good nor bad
    attempt(made, Outcome.ALREADY_DONE, seconds_ago=59 * 60 + 20)
    attempt(made, Outcome.DONE, seconds_ago=59 * 60 + 21)  # 9:30:59: an hour ago
    minutes = selectors.dashboard().last_hour
    assert (minutes[0].at, minutes[-1].at) == (
        NOW.replace(hour=9, minute=31, second=0),
        NOW.replace(second=0),
    )
    assert [(minute.delivered, minute.failed) for minute in minutes[-2:]] == [(0, 1), (2, 0)]
    assert (minutes[0].delivered, sum(minute.delivered for minute in minutes)) == (1, 3)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_good_or_bad_or_neither(outcome):
    attempt(item(), outcome)
    minute = selectors.dashboard().last_hour[-1]
    good = outcome in {Outcome.DONE, Outcome.ALREADY_DONE, Outcome.FOUND}
    neither = outcome in {Outcome.NOT_FOUND, Outcome.TAKEN_IN}
    assert (minute.delivered, minute.failed) == (int(good), int(not good and not neither))


@pytest.mark.parametrize(("age", "alive"), [(0, True), (59, True), (61, False)])
def test_a_worker_is_alive_while_its_pulse_is_young(age, alive):
    Heartbeat.objects.create(host="old", beat_at=NOW - timedelta(hours=5))
    Heartbeat.objects.create(host="new", beat_at=NOW - timedelta(seconds=age))
    assert selectors.dashboard().worker_alive is alive


def test_the_state_of_the_line_is_shown():
    engage_is_away(since=NOW - timedelta(minutes=34))
    line = selectors.dashboard().line
    assert (line.is_up, line.down_since) == (False, NOW - timedelta(minutes=34))


def test_queries_do_not_grow_with_the_queue(django_assert_num_queries, django_assert_max_num_queries):
    with django_assert_max_num_queries(7) as few:
        selectors.dashboard()
    for state in State:
        for _ in range(10):
            attempt(item(state=state), Outcome.DONE)
    with django_assert_num_queries(len(few.captured_queries)):
        selectors.dashboard()


# ── One item ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_item_that_nobody_knows_raises():
    with pytest.raises(Item.DoesNotExist):
        selectors.item_detail(12345)


def test_its_story_is_told_in_order_and_in_a_bounded_number_of_queries(django_assert_max_num_queries):
    made = item()
    made.events.create(what="queued", actor="till-1", at=NOW - timedelta(minutes=5))
    attempt(made, Outcome.NO_ANSWER, seconds_ago=120)
    attempt(made, Outcome.DONE, seconds_ago=60)
    made.events.create(what="accepted", at=NOW)
    with django_assert_max_num_queries(4):
        detail = selectors.item_detail(made.pk)
    assert [(entry.title, entry.tone) for entry in detail.timeline] == [
        ("Queued by till-1", "neutral"),
        ("POST /x: no answer", "bad"),
        ("POST /x: done", "good"),
        ("Accepted", "neutral"),
    ]
    assert [entry.duration_ms for entry in detail.timeline] == [None, 5, 5, None]


@pytest.mark.parametrize(
    ("kind", "state", "holds"),
    [
        ("receipt.post", State.PENDING, True),
        ("receipt.post", State.IN_DOUBT, True),
        ("receipt.post", State.ATTENTION, False),
        ("contact.create", State.ATTENTION, True),
        ("contact.create", State.DELIVERED, False),
    ],
)
def test_it_says_what_it_waits_for_by_the_rule_that_claims_go_by(kind, state, holds):
    first = item(kind=kind, state=state, stream="contact:1", due_in=60)
    behind = item(stream="contact:1")
    assert selectors.item_detail(behind.pk).waits_for == (first if holds else None)
    from engage_portal.outbox.delivery import claims

    assert (claims.claim_one(behind.pk) is None) is holds


def test_what_does_not_wait_waits_for_nothing():
    item(stream="contact:1")
    behind = item(stream="contact:1", state=State.ATTENTION)
    assert selectors.item_detail(behind.pk).waits_for is None
