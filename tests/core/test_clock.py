import time
from datetime import UTC
from types import SimpleNamespace

from engage_portal.core import clock
from engage_portal.core.clock import Deadline


def test_now_always_has_its_zone():
    assert clock.now().tzinfo is UTC


def test_a_deadline_runs_out(monkeypatch):
    moment = 100.0
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: moment))
    deadline = Deadline.after(2.5)
    assert (deadline.remaining(), deadline.is_past) == (2.5, False)
    moment = 102.4
    assert 0 < deadline.remaining() < 0.11
    moment = 102.5
    assert (deadline.remaining(), deadline.is_past) == (0.0, True)
    moment = 999.0
    assert (deadline.remaining(), deadline.is_past) == (0.0, True)


def test_a_deadline_does_not_care_about_the_wall_clock(monkeypatch):
    deadline = Deadline.after(60)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert deadline.remaining() > 59


def test_no_time_at_all_is_past_at_once():
    assert Deadline.after(0).is_past
    assert Deadline.after(-5).remaining() == 0.0


def test_waiting_is_no_work(monkeypatch):
    moment = 100.0
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: moment))
    deadline = Deadline.after(10)
    moment = 101.0
    with deadline.waiting():
        moment = 104.0
    moment = 104.5
    assert (deadline.worked(), deadline.remaining()) == (1.5, 5.5)


def test_two_deadlines_of_one_moment_are_equal():
    assert Deadline(5.0) == Deadline(5.0)
