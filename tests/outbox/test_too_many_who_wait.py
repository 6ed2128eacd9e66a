"""People who wait for Engage never take every thread: a sale, which waits for nobody, finds one."""

import os
import threading
import time
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from engage_portal.core.clock import Deadline
from engage_portal.engage import Unavailable
from engage_portal.outbox.line import door
from engage_portal.outbox.registry import LineDown

pytestmark = pytest.mark.django_db


def test_the_next_one_is_answered_without_waiting(engage, monkeypatch):
    monkeypatch.setattr(door, "_people", door.Places(1))
    assert door._people.take() == 1
    with pytest.raises(LineDown, match="Too many"):
        door.ask(lambda client: client.count_contacts(), deadline=Deadline.after(600))
    assert not engage.engage.requests
    door._people.give_back()
    for _ in range(2):  # and whoever was answered has given the place back
        assert door.ask(lambda client: client.count_contacts(), deadline=Deadline.after(600)) > 0


class _Never(Future[Any]):
    """An answer that does not come; it keeps how long somebody was ready to wait for it."""

    patience: float | None = None

    def result(self, timeout: float | None = None) -> Any:
        """None comes."""
        self.patience = timeout
        raise TimeoutError


def test_time_in_which_a_thread_was_started_is_not_waited_a_second_time(engage, monkeypatch):
    answer, deadline = _Never(), Deadline.after(600)

    def started_late(*_call: Any) -> Future[Any]:
        object.__setattr__(deadline, "at", deadline.at - 600)
        return answer

    monkeypatch.setattr(door, "_pool", lambda *_: SimpleNamespace(submit=started_late))
    with pytest.raises(Unavailable):
        door.ask(lambda client: client.count_contacts(), deadline=deadline)
    assert answer.patience is not None
    assert answer.patience <= 0


def test_calls_made_together_use_the_same_threads_again(engage):
    assert door.together() is door.together()


def test_they_are_there_before_the_first_person_comes(engage):
    door.disconnect()
    for pool in door._pools.pop(os.getpid(), {}).values():
        pool.shutdown()  # what other tests started is not there any more
    door.get_ready()
    before = {thread.name for thread in threading.enumerate() if thread.name.startswith("engage-")}
    assert len(before) == 3 * door._PEOPLE_AT_ONCE
    assert door.ask(lambda client: client.count_contacts(), deadline=Deadline.after(600)) > 0
    after = {thread.name for thread in threading.enumerate() if thread.name.startswith("engage-")}
    assert after == before


def patience_of_each(monkeypatch) -> list[float]:
    """How long each who asks from now on is ready to wait; all of them are answered."""
    found: list[float] = []

    def result(future: Future[Any], seconds: float) -> Any:
        found.append(seconds)
        return future.result(30)

    monkeypatch.setattr(door, "_result", result)
    return found


def test_whoever_took_long_until_the_call_keeps_as_much_for_what_comes_after_it(engage, monkeypatch):
    """On a busy machine the answer takes as long as all before it did: waiting to the end would be too long."""
    patience = patience_of_each(monkeypatch)
    calm, busy = Deadline.after(600), Deadline(Deadline.after(600).at, began=time.monotonic() - 100)
    for deadline in (calm, busy):
        door.ask(lambda client: client.count_contacts(), deadline=deadline)
    assert patience[1] < patience[0] - 100


def test_who_waits_beside_others_lets_go_sooner(engage, monkeypatch):
    """Their answers are made at the same time, when Engage hangs."""
    patience = patience_of_each(monkeypatch)
    deadline = Deadline.after(600)
    door.ask(lambda client: client.count_contacts(), deadline=deadline)
    monkeypatch.setattr(door, "_LEFT_FOR_EACH_WHO_WAITS", 50)
    door._people.take()
    door._people.take()
    try:
        door.ask(lambda client: client.count_contacts(), deadline=deadline)
    finally:
        door._people.give_back()
        door._people.give_back()
    assert patience[1] < patience[0] - 99


def test_time_that_engage_took_is_not_time_that_we_were_busy(engage, monkeypatch):
    """A second question of the same person has what the first one left."""
    patience = patience_of_each(monkeypatch)
    deadline = Deadline.after(600)
    since = time.monotonic() - 240
    object.__setattr__(deadline, "began", since)
    deadline._waits.append(240.0)
    door.ask(lambda client: client.count_contacts(), deadline=deadline)
    assert patience[0] > 400  # and not what is left of the 600 after one and a half times those 240


def test_with_no_time_for_the_rest_engage_is_not_asked(engage):
    late = Deadline(Deadline.after(1).at, began=time.monotonic() - 5)
    with pytest.raises(LineDown):
        door.ask(lambda client: client.count_contacts(), deadline=late)
    assert not engage.engage.requests
