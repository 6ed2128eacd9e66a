"""Never more calls a second than agreed, over all processes together, and people first."""

import multiprocessing
import time
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connections

from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage import RateLimited
from engage_portal.outbox.line import door, pace
from engage_portal.outbox.line.row import locked_line
from engage_portal.outbox.models import EngageLine
from engage_portal.outbox.states import State
from tests.outbox.building import delivered, item

DELIVERY, PEOPLE = pace.Lane.DELIVERY, pace.Lane.PEOPLE


def most_within_a_second(moments: list[float]) -> int:
    """The greatest number of starts in any window of one second."""
    ordered = sorted(moments)
    return max(bisect_left(ordered, start + 1.0) - index for index, start in enumerate(ordered))


def test_the_measure_itself_can_fail():
    assert most_within_a_second([0.0, 0.1, 0.999, 1.0, 1.05]) == 4
    assert most_within_a_second([float(second) for second in range(5)]) == 1


# ── A simulated run: the clock stands still, so that only the arithmetic counts ──────────────────────────────────


@pytest.mark.django_db
@pytest.mark.parametrize("rate", [2, 5, 10, 49, 50, 190])
@pytest.mark.parametrize("lane", [PEOPLE, DELIVERY])
def test_a_flood_keeps_the_rate_in_every_second(settings, rate, lane):
    settings.ENGAGE_RATE = rate
    with time_machine.travel(clock.now(), tick=False):
        starts = [start for _ in range(rate) for start in pace.reserve(lane, 3, latest=999)]
    assert most_within_a_second(starts) <= rate
    assert all(earlier <= later for earlier, later in pairwise(starts))
    # and not much less either: what is agreed can be used
    assert len(starts) / starts[-1] >= rate * 0.97


@pytest.mark.django_db
def test_both_lanes_together_keep_the_rate(settings):
    settings.ENGAGE_RATE = 50
    moments, now = [], clock.now()
    with time_machine.travel(now, tick=False) as hand:
        for step in range(200):
            at = step * 0.01
            moments += [at + start for start in pace.reserve(DELIVERY, 2, latest=pace.PAUSE_BEGINS_AT)]
            moments += [at + start for start in pace.reserve(PEOPLE, latest=0.8)]
            hand.shift(0.01)
    assert most_within_a_second(moments) <= 50
    assert len(moments) >= 80


@pytest.mark.django_db
def test_people_hardly_wait_while_the_delivery_takes_all_it_can(settings):
    settings.ENGAGE_RATE = 50
    with time_machine.travel(clock.now(), tick=False) as hand:
        busy, waits = [0.0, 0.0], []
        for step in range(300):
            at = step * 0.01
            for worker in (0, 1):
                if at >= busy[worker]:  # a worker reserves two calls and comes back when they have started
                    busy[worker] = at + max(pace.reserve(DELIVERY, 2), default=0.04)
            if step % 20 == 0:
                waits += pace.reserve(PEOPLE)
            hand.shift(0.01)
    assert max(waits) <= 0.2


@pytest.mark.django_db
def test_after_a_quiet_while_the_first_call_starts_at_once(settings):
    settings.ENGAGE_RATE = 50
    with time_machine.travel(clock.now(), tick=False):
        assert pace.reserve(PEOPLE, 3) == pytest.approx([0.0, 0.0205, 0.041], abs=0.001)


@pytest.mark.django_db
def test_what_nobody_waits_for_takes_only_what_nobody_else_wants(settings):
    settings.ENGAGE_RATE = 50
    with time_machine.travel(clock.now(), tick=False) as hand:
        assert len(pace.reserve(pace.Lane.SPARE, 2)) == 2
        assert pace.reserve(pace.Lane.SPARE) == []
        assert pace.reserve(DELIVERY) != []
        hand.shift(1)
        assert pace.reserve(pace.Lane.SPARE) == [0.0]


@pytest.mark.django_db
def test_whoever_cannot_wait_takes_no_place(settings):
    """Else callers who give up would keep everybody after them waiting, for ever under load."""
    settings.ENGAGE_RATE = 10
    with time_machine.travel(clock.now(), tick=False):
        while pace.reserve(PEOPLE, latest=0.5):
            pass
        before = EngageLine.objects.get().pace_tat
        assert all(pace.reserve(PEOPLE, latest=0.5) == [] for _ in range(500))
        assert EngageLine.objects.get().pace_tat == before


@pytest.mark.django_db
def test_twice_the_rate_in_callers_still_serves_the_rate(settings):
    settings.ENGAGE_RATE = 50
    served = []
    with time_machine.travel(clock.now(), tick=False) as hand:
        for step in range(500):  # five seconds, a caller each 10 ms, who has 0.8 s
            served += [step * 0.01 + start for start in pace.reserve(PEOPLE, latest=0.8)]
            hand.shift(0.01)
    assert most_within_a_second(served) <= 50
    assert len(served) >= 5 * 40


@pytest.mark.django_db
def test_the_seconds_count_from_the_answer_on(settings, monkeypatch):
    """Whoever waited for the row, or for the commit, starts at the moment that was granted and not before or after."""
    settings.ENGAGE_RATE = 10

    def granted(*, committing_ms: int) -> float:
        EngageLine.objects.all().delete()
        pace.reserve(PEOPLE, 4)
        ticks = iter([0, committing_ms])
        with monkeypatch.context() as patch:
            patch.setattr(pace, "_now_us", lambda: now + next(ticks) * 1000)
            return pace.reserve(PEOPLE)[0]

    with time_machine.travel(clock.now(), tick=False):
        now = pace._now_us()
        at_once = granted(committing_ms=0)
        assert at_once > 0.3
        assert granted(committing_ms=250) == pytest.approx(at_once - 0.25)
        assert granted(committing_ms=9000) == 0


# ── A pause that Engage asked for ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
@pytest.mark.parametrize("lane", [PEOPLE, DELIVERY])
def test_nobody_calls_during_a_pause(settings, lane):
    settings.ENGAGE_RATE = 50
    with time_machine.travel(clock.now(), tick=False) as hand:
        pace.reserve(PEOPLE)
        door.report([RateLimited(retry_after=7.0), None])
        assert pace.is_paused()
        assert pace.reserve(lane, latest=2) == []
        assert pace.reserve(lane, latest=60)[0] == pytest.approx(7.0, abs=0.2)
        assert pace.reserve(lane, latest=60)[0] >= 7.0
        hand.shift(8)
        assert not pace.is_paused()
        assert pace.reserve(lane, latest=0.1) == [0.0]


@pytest.mark.django_db
def test_the_pause_does_not_begin_early(settings):
    settings.ENGAGE_RATE = 50
    with time_machine.travel(clock.now(), tick=False):
        pace.reserve(PEOPLE)
        pace.slow_everybody(1.0)
        assert pace.reserve(PEOPLE)[0] >= 1.0


@pytest.mark.django_db
def test_no_word_of_engages_stops_everybody_for_hours():
    with time_machine.travel(clock.now(), tick=False):
        pace.reserve(PEOPLE)
        pace.slow_everybody(86_400)
        assert pace.reserve(PEOPLE, latest=999)[0] <= pace.LONGEST_PAUSE + 1


@pytest.mark.django_db
def test_a_clock_that_was_set_back_stops_nobody_for_long():
    now = clock.now()
    with time_machine.travel(now, tick=False) as hand:
        pace.reserve(PEOPLE)
        hand.shift(-7200)
        assert not pace.is_paused()
        assert pace.reserve(PEOPLE, latest=999)[0] <= pace.LONGEST_PAUSE


@pytest.mark.django_db
def test_a_shorter_pause_does_not_end_a_longer_one():
    with time_machine.travel(clock.now(), tick=False):
        pace.reserve(PEOPLE)
        pace.slow_everybody(20)
        pace.slow_everybody(3)
        assert pace.reserve(PEOPLE, latest=999)[0] >= 20


# ── The delivery counts every request ────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_a_look_of_several_calls_takes_several_places(engage, monkeypatch, parcel):
    taken = []
    reserve = pace.reserve
    monkeypatch.setattr(
        pace, "reserve", lambda lane, count=1, **more: taken.append(count) or reserve(lane, count, **more)
    )
    parcel(look=lambda _client: None, calls=5)
    item(kind="test.parcel", state=State.IN_DOUBT)
    delivered()
    assert taken == [5, 1]  # the look, and then the request itself


@pytest.mark.django_db
def test_each_call_of_a_look_waits_for_its_own_moment(engage):
    asked, began = [], Deadline.after(0)
    run = door.paced([Deadline(began.at + wait) for wait in (0.05, 0.15, 0.3)], patience=5)

    def look(client):
        for _ in range(4):
            client.count_contacts()
            asked.append(time.monotonic() - began.at)

    run(look)
    assert all(moment >= start for moment, start in zip(asked, (0.05, 0.15, 0.3, 0.3), strict=True))


def test_all_calls_of_a_look_share_one_patience(monkeypatch):
    """Six slow look-ups must not outlast the lease."""
    moment, given = 100.0, []
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: moment))

    class Slow:
        """Each answer takes 150 ms."""

        def within(self, seconds):
            given.append(seconds)
            return self

        def count_contacts(self):
            nonlocal moment
            moment += 0.15

    monkeypatch.setattr(door, "client", Slow)
    run = door.paced([Deadline.after(0)], patience=0.4)
    run(lambda client: [client.count_contacts() for _ in range(6)])
    assert given == pytest.approx([0.4, 0.25, 0.1, 0, 0, 0])  # with nothing left a client sends nothing


# ── A real run: four processes at once, on whichever database is in use ──────────────────────────────────────────


_BOOKED_BY_EACH = 40


def _hammer(lane, gate, results) -> None:
    """Book again and again, in a process that is never late: what counts is the moment that was granted."""
    at = 0

    @contextmanager
    def locked(**more):
        nonlocal at
        with locked_line(**more) as line:
            at = _microseconds()
            yield line

    pace.locked_line, pace._now_us = locked, lambda: at
    gate.wait(60)
    starts = []
    while len(starts) < _BOOKED_BY_EACH:
        at = _microseconds()
        got = pace.reserve(lane, 2 if lane is DELIVERY else 1)
        starts += [at / 1e6 + start for start in got]
        time.sleep(max(got, default=0.04))  # what the worker does: it starts the call at its moment
    connections.close_all()
    results.put(starts)


def _microseconds() -> int:
    return time.time_ns() // 1000


@pytest.mark.django_db(transaction=True)
def test_four_processes_together_keep_the_rate(settings):
    settings.ENGAGE_RATE = 50
    fork = multiprocessing.get_context("fork")
    lanes = [DELIVERY, DELIVERY, DELIVERY, PEOPLE]
    gate, results = fork.Barrier(len(lanes)), fork.SimpleQueue()
    connections.close_all()  # a connection must not be shared by a fork
    processes = [fork.Process(target=_hammer, args=(lane, gate, results)) for lane in lanes]
    for process in processes:
        process.start()
    starts = [start for _ in processes for start in results.get()]
    for process in processes:
        process.join(60)
    assert len(starts) == len(lanes) * _BOOKED_BY_EACH
    assert most_within_a_second(starts) <= 50


def test_calls_that_are_late_together_do_not_make_a_second_too_full(settings):
    settings.ENGAGE_RATE = 20
    window = pace._LastSecond()
    with ThreadPoolExecutor(45) as pool:
        for _ in range(45):  # all of them woke at the same moment
            pool.submit(window.enter)
    assert len(window._begun) == 45
    assert most_within_a_second(list(window._begun)) <= 20
    window.forget()
    assert window._wait() == 0
