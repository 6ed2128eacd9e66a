"""People who wait for Engage never take every thread: a sale, which waits for nobody, finds one."""

import pytest

from engage_portal.core.clock import Deadline
from engage_portal.outbox.line import door
from engage_portal.outbox.registry import LineDown

pytestmark = pytest.mark.django_db


def test_the_next_one_is_answered_without_waiting(engage, monkeypatch):
    import threading

    monkeypatch.setattr(door, "_people", threading.BoundedSemaphore(1))
    with door._people, pytest.raises(LineDown, match="Too many"):
        door.ask(lambda client: client.count_contacts(), deadline=Deadline.after(5))
    assert not engage.engage.requests
    assert door.ask(lambda client: client.count_contacts(), deadline=Deadline.after(5)) > 0
