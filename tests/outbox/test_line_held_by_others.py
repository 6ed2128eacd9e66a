"""The line's row is held by somebody else, who may have been stopped: nobody who waits at a till waits for that."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import time_machine
from django.core.cache import cache

from contacts.snapshots import refresh_later
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage import RateLimited, Unavailable
from engage_portal.outbox.delivery.live import Queued, deliver_now
from engage_portal.outbox.line import breaker, door, pace, reports
from engage_portal.outbox.line.row import RowBusyError, locked_line
from engage_portal.outbox.models import EngageLine
from engage_portal.outbox.registry import LineDown
from engage_portal.outbox.states import State
from tests.outbox.building import anna, fresh, in_a_thread_of_its_own, item
from tests.outbox.holding import GUARD, held_by_another, meanwhile

pytestmark = pytest.mark.django_db(transaction=True)
GONE = Unavailable("no answer", operation="GET /x", may_have_taken_effect=True)


@pytest.fixture(autouse=True)
def news_for_long(monkeypatch):
    """What somebody left a note of is still news when a busy machine comes to it."""
    monkeypatch.setattr(reports, "_IS_NEWS_FOR", 600.0)


def asked(seconds: float = 0.5) -> object:
    """Somebody who waits so long asks Engage."""
    return door.ask(lambda client: client.count_contacts(), deadline=Deadline.after(seconds))


def test_whoever_waits_is_told_in_time_that_nobody_was_asked(engage):
    with held_by_another(), pytest.raises(LineDown):
        meanwhile(asked)
    assert not engage.engage.requests
    assert asked(GUARD) == 5


def test_a_call_that_could_not_be_booked_takes_no_place(engage, settings):
    settings.ENGAGE_RATE = 2
    with held_by_another():
        for _ in range(3):
            with pytest.raises(LineDown):
                meanwhile(asked)
    assert pace.reserve(pace.Lane.PEOPLE, latest=0.1) == [0.0]


def test_what_was_to_be_sent_stays_in_the_queue(engage, parcel):
    kind = parcel()
    made = item(kind="test.parcel")
    with pytest.MonkeyPatch.context() as patch:
        # The item's own claim is a write, too; what is tried here is the moment after it.
        patch.setattr(pace, "locked_line", lambda *, within: _never_free(within))
        outcome = deliver_now(made, deadline=Deadline.after(0.5))
    assert isinstance(outcome, Queued)
    assert (fresh(made).state, fresh(made).tries, kind.sent) == (State.PENDING, 0, [])


def _never_free(within: float | None) -> object:
    assert within is not None
    assert within <= 0.5
    raise RowBusyError


def test_what_a_call_ended_in_is_written_by_whoever_reports_next(engage, settings):
    settings.ENGAGE_BREAKER_FAILURES = 3
    with held_by_another():
        for _ in range(2):
            meanwhile(lambda: door.report([GONE], deadline=Deadline.after(0.3)))
    assert EngageLine.objects.get().failures == 0
    door.report([GONE], deadline=Deadline.after(GUARD))
    assert EngageLine.objects.get().failures == 3
    assert not breaker.is_closed()


def test_a_pause_that_engage_asks_for_keeps_nobody_either_and_is_written_by_whoever_reports_next(engage):
    with held_by_another():
        meanwhile(lambda: door.report([RateLimited(retry_after=50)], deadline=Deadline.after(0.3)))
    assert not pace.is_paused()
    door.report([None], deadline=Deadline.after(GUARD))
    assert pace.is_paused()


def test_what_nobody_could_write_in_time_says_nothing_about_engage_later(engage, settings, monkeypatch):
    settings.ENGAGE_BREAKER_FAILURES = 2
    with held_by_another():
        meanwhile(lambda: door.report([GONE, GONE], deadline=Deadline.after(0.3)))
    assert reports.are_being_written()
    hours_later = time.monotonic() + 10_000
    monkeypatch.setattr(reports, "time", SimpleNamespace(monotonic=lambda: hours_later))
    assert not reports.are_being_written()
    door.report([None])
    assert breaker.is_closed()


def test_the_row_is_waited_for_where_nobody_waits(engage):
    """The worker has the time, and what it learnt counts."""
    with ThreadPoolExecutor(1) as pool:
        with held_by_another():
            report = pool.submit(in_a_thread_of_its_own, lambda: door.report([GONE]))
            with pytest.raises(TimeoutError):
                report.result(0.3)
        report.result(GUARD)
    assert EngageLine.objects.get().failures == 1


def test_a_fault_of_the_database_is_not_taken_for_a_busy_row():
    from django.db import OperationalError

    with pytest.raises(OperationalError), locked_line(within=1):
        raise OperationalError("disk I/O error")


def test_a_crowd_that_reports_at_once_loses_nothing(engage, settings):
    settings.ENGAGE_BREAKER_FAILURES = 100
    gate = threading.Barrier(16)

    def fail() -> None:
        gate.wait(GUARD)
        door.report([GONE], deadline=Deadline.after(GUARD * 2))

    with ThreadPoolExecutor(16) as pool:
        for future in [pool.submit(in_a_thread_of_its_own, fail) for _ in range(16)]:
            future.result(GUARD)
    assert EngageLine.objects.get().failures == 16
    assert not reports._waiting.notes


def test_no_worker_is_woken_for_a_copy_while_a_failure_is_being_written(engage):
    """Else each of a crowd would queue a task for an Engage that is about to count as away."""
    contact, key = anna(), f"contact:refresh:{anna().pk}"
    reports._waiting.add([GONE])
    refresh_later(contact.pk)
    assert cache.get(key) is None
    reports.forget()
    refresh_later(contact.pk)
    assert cache.get(key)


def test_a_line_that_is_booked_out_is_not_locked_to_hear_so_again(settings, django_assert_num_queries):
    settings.ENGAGE_RATE = 2
    with time_machine.travel(clock.now(), tick=False):
        while pace.reserve(pace.Lane.PEOPLE, latest=1.0):
            pass
        with django_assert_num_queries(0):
            assert pace.reserve(pace.Lane.PEOPLE, latest=0.4) == []
        assert pace.reserve(pace.Lane.PEOPLE, latest=30) != []
