"""Whether Engage is worth calling, known to all processes; and the one who may find out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine

from engage_portal.core import clock
from engage_portal.engage import (
    AuthFailed,
    Conflict,
    Misconfigured,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
)
from engage_portal.outbox.delivery import passes
from engage_portal.outbox.line import breaker, door, probe
from engage_portal.outbox.line.waiting import hurry
from engage_portal.outbox.models import EngageLine, Item
from engage_portal.outbox.registry import LineDown
from engage_portal.outbox.states import State
from tests.outbox.building import (
    engage_is_away,
    fresh,
    in_a_thread_of_its_own,
    item,
    outcomes_of,
    probe_is_due,
    receipt_posted,
)

pytestmark = pytest.mark.django_db
GONE = Unavailable("no answer", operation="POST /api/v3/receipts", may_have_taken_effect=True)
COUNT = ("GET", "/api/v2/contacts/count")


@pytest.fixture
def clock_hand():
    """The time, which only moves when told to."""
    with time_machine.travel(clock.now(), tick=False) as hand:
        yield hand


# ── Opening ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_closed_before_anything_happened():
    assert breaker.is_closed()
    assert not breaker.is_suspect()
    assert breaker.status() == breaker.LineStatus(True, None, None, "", None)


@pytest.mark.parametrize("error", [GONE, AuthFailed("", status=401), Misconfigured("", status=500)])
def test_three_failures_in_a_row_open_it(error):
    assert [(breaker.report([error]), breaker.is_closed())[1] for _ in range(3)] == [True, True, False]


def test_a_key_that_is_let_in_nowhere_opens_it():
    breaker.report([AuthFailed("", status=403, operation="POST /api/v3/receipts")] * 3)
    assert not breaker.is_closed()


@pytest.mark.parametrize(
    "operation", ["GET /api/v3/reward-vouchers", "GET /api/v3/point-accounts", "GET /api/v3/contacts/changes"]
)
def test_what_a_tenant_may_be_without_neither_opens_nor_closes_it(operation):
    refused = AuthFailed("", status=403, operation=operation)
    breaker.report([refused] * 20)
    assert breaker.is_closed()
    breaker.report([GONE, GONE, refused, GONE])
    assert not breaker.is_closed()
    breaker.report([refused])
    assert not breaker.is_closed()


def test_three_failures_of_one_batch_open_it_too():
    breaker.report([GONE] * 24)
    assert not breaker.is_closed()


@pytest.mark.parametrize(
    "error",
    [Rejected("", status=422), NotFound("", status=404), Conflict("", status=409), RateLimited(), None],
    ids=lambda error: type(error).__name__,
)
def test_refusals_are_answers(error):
    breaker.report([error] * 20)
    assert breaker.is_closed()
    assert breaker.status().last_answer_at is not None


def test_an_answer_in_between_begins_the_count_anew():
    breaker.report([GONE, GONE, None, GONE, GONE, Rejected("", status=422), GONE])
    assert breaker.is_closed()
    assert breaker.is_suspect()
    breaker.report([None])
    assert not breaker.is_suspect()


def test_failures_of_a_crowd_are_not_written_one_by_one_once_it_is_open(django_assert_num_queries):
    breaker.report([GONE] * 3)
    with django_assert_num_queries(1):
        breaker.report([GONE])
    assert not breaker.is_closed()


def test_it_says_since_when_and_why(clock_hand):
    began = clock.now()
    breaker.report([GONE])
    clock_hand.shift(4)
    breaker.report([GONE, GONE])
    status = breaker.status()
    assert (status.is_up, status.down_since) == (False, began)
    assert status.last_error == "POST /api/v3/receipts: no answer"
    assert status.next_try_at == began + timedelta(seconds=14)


def test_nothing_personal_is_shown():
    breaker.report([Unavailable("cannot reach anna@example.com or +46735654321", operation="GET /x")] * 3)
    shown = breaker.status().last_error
    assert "example.com" not in shown
    assert "4673" not in shown


def test_the_time_of_the_last_answer_is_kept_without_writing_at_every_call(
    clock_hand, django_assert_num_queries
):
    breaker.report([None])
    first = breaker.status().last_answer_at
    clock_hand.shift(5)
    with django_assert_num_queries(1):
        breaker.report([None])
    assert breaker.status().last_answer_at == first
    clock_hand.shift(6)
    breaker.report([None])
    assert breaker.status().last_answer_at == clock.now()


def test_asking_costs_one_query(django_assert_num_queries):
    engage_is_away()
    with django_assert_num_queries(1):
        assert not breaker.is_closed()


# ── While it is open ─────────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_is_called_and_nothing_loses_a_try(engage):
    engage_is_away()
    made = [receipt_posted(f"101-{number}") for number in range(5)]
    assert passes.deliver(seconds=30) == 0
    assert not engage.engage.requests
    assert {(fresh(each).state, fresh(each).tries) for each in made} == {(State.PENDING, 0)}
    assert not any(outcomes_of(each) for each in made)


def test_people_are_refused_at_once(engage):
    from engage_portal.core.clock import Deadline

    engage_is_away()
    with pytest.raises(LineDown) as refusal:
        door.ask(lambda client: client.count_contacts(), deadline=Deadline.after(20))
    assert not refusal.value.may_have_taken_effect
    assert not engage.engage.requests


def test_the_probe_is_due_once_per_interval(settings, clock_hand):
    settings.ENGAGE_PROBE_SECONDS = 10
    engage_is_away()
    assert not breaker.take_probe()
    clock_hand.shift(9.9)
    assert not breaker.take_probe()
    clock_hand.shift(0.2)
    assert breaker.take_probe()
    assert not breaker.take_probe()


def test_a_closed_breaker_needs_no_probe():
    breaker.report([None])
    EngageLine.objects.update(opened_at=clock.now() - timedelta(hours=1))
    assert not breaker.take_probe()


def test_a_probe_whose_process_died_is_taken_over(settings, clock_hand):
    engage_is_away()
    probe_is_due()
    assert breaker.take_probe()
    clock_hand.shift(settings.ENGAGE_READ_TIMEOUT + 6)
    assert breaker.take_probe()


def test_a_probe_that_fails_waits_for_the_next_interval(engage, settings, clock_hand):
    engage.engage.faults.set("500")
    engage_is_away()
    down_since = breaker.status().down_since
    clock_hand.shift(11)
    assert not probe.engage_is_up()
    assert not probe.engage_is_up()
    assert engage.engage.count_requests(*COUNT) == 1
    clock_hand.shift(settings.ENGAGE_PROBE_SECONDS)
    assert not probe.engage_is_up()
    assert engage.engage.count_requests(*COUNT) == 2
    assert breaker.status().down_since == down_since


def test_a_late_answer_of_an_earlier_call_does_not_close_it(clock_hand):
    engage_is_away()
    clock_hand.shift(3)
    assert breaker.report([None]) is False
    assert not breaker.is_closed()


@pytest.mark.django_db(transaction=True)
def test_one_of_many_gets_the_probe():
    for _ in range(5):
        engage_is_away()
        probe_is_due()
        gate = Barrier(4)

        def take(gate=gate):
            gate.wait(60)
            return in_a_thread_of_its_own(breaker.take_probe)

        with ThreadPoolExecutor(4) as pool:
            got = [future.result(20) for future in [pool.submit(take) for _ in range(4)]]
        assert sorted(got) == [False, False, False, True]


@pytest.mark.django_db(transaction=True)
def test_its_state_is_shared_and_no_report_is_lost():
    gate = Barrier(3)

    def fail():
        gate.wait(60)
        return in_a_thread_of_its_own(lambda: breaker.report([GONE]))

    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(fail) for _ in range(3)]:
            future.result(20)
    assert not breaker.is_closed()
    assert EngageLine.objects.get().failures == 3


# ── Coming back ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_probe_that_succeeds_closes_it_and_everything_that_waited_is_due(engage):
    engage_is_away()
    waiting = item(due_in=300, reason_code="NoAnswer", tries=3)
    probe_is_due()
    assert probe.engage_is_up()
    status = breaker.status()
    assert (status.is_up, status.down_since, status.last_error, status.next_try_at) == (True, None, "", None)
    assert status.last_answer_at is not None
    assert fresh(waiting).not_before <= clock.now()
    line_row = EngageLine.objects.get()
    assert (line_row.failures, line_row.probe_until) == (0, None)


def test_whoever_finds_engage_back_hurries_what_waits(clock_hand):
    """Not only the probe: the last call of a long batch may be the one that closes the breaker."""
    engage_is_away()
    waiting = item(due_in=300, reason_code="NoAnswer", tries=1)
    clock_hand.shift(11)
    assert door.report([None]) is True
    assert fresh(waiting).not_before <= clock.now()


def test_a_refusal_of_the_probe_is_an_answer(engage):
    engage.engage.faults.set("422", endpoint="GET /api/v2/contacts/count")
    engage_is_away()
    probe_is_due()
    assert probe.engage_is_up()
    assert breaker.is_closed()


def test_after_one_failure_the_worker_makes_sure_at_once(engage):
    """People are told within seconds, not after three batches."""
    engage.engage.faults.set("down")
    made = receipt_posted("101-1")
    passes.deliver(seconds=30)
    assert not breaker.is_closed()
    assert (outcomes_of(made), engage.engage.count_requests(*COUNT)) == (["no_answer"], 2)


def test_after_one_failure_that_was_only_a_hiccup_it_goes_on(engage):
    engage.engage.faults.set("500", endpoint="POST /api/v3/receipts", times=1)
    first, second = (
        receipt_posted("101-1"),
        receipt_posted(
            "102-1", contact={"matchKey": "5b8a6d1e-90c4-4b1f-9d53-2c1f60e3b7a2", "matchKeyType": "contactId"}
        ),
    )
    passes.deliver(seconds=30)
    assert breaker.is_closed()
    assert sorted([fresh(first).state, fresh(second).state]) == [State.ACCEPTED, State.IN_DOUBT]


# ── Hurry ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", [State.PENDING, State.IN_DOUBT])
def test_what_only_waited_for_engage_is_due_now(state):
    made = item(state=state, due_in=300, reason_code="NoAnswer", tries=2)
    assert hurry() == 1
    assert fresh(made).not_before <= clock.now()


@pytest.mark.parametrize(
    "other",
    [
        {"reason_code": "NotReady"},
        {"reason_code": "RateLimited"},
        {"tries": 4},
        {"state": State.ATTENTION},
        {"state": State.SPOOLED},
    ],
)
def test_what_waits_for_something_else_goes_on_waiting(other):
    made = item(**{"due_in": 300, "reason_code": "NoAnswer", "tries": 1, **other})
    before = fresh(made).not_before
    assert hurry() == 0
    assert fresh(made).not_before == before


def test_a_whole_outage_seen_by_one_worker(engage, clock_hand):
    """Down, found out, quiet, up, found out, delivered: with one clock for everybody."""
    engage.engage.faults.set("down")
    receipt_posted("101-1")
    passes.deliver(seconds=30)
    assert not breaker.status().is_up
    for _ in range(6):
        clock_hand.shift(5)
        passes.deliver(seconds=30)
    during = engage.engage.count_requests(*COUNT)
    assert 3 <= during <= 6
    engage.engage.faults.clear()
    clock_hand.shift(11)
    passes.deliver(seconds=30)
    assert breaker.status().is_up
    made = Item.objects.get()
    assert (made.state, engage.engage.posted("101-1")) == (State.ACCEPTED, 1)
