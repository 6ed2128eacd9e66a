"""How calls of this process ended, on the way to breaker and pace: one thread writes for all that report at once.

When Engage hangs, a crowd hears so within the same moment. Each of them writing the same into the one row would wait
for all the others, out of its own time.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from engage_portal.core.clock import Deadline
from engage_portal.engage import EngageError, RateLimited
from engage_portal.outbox.line import breaker, pace
from engage_portal.outbox.line.row import RowBusyError

_MOST = 200
_IS_NEWS_FOR = 5.0
"""Seconds. Others have called since, and wrote what became of that: an older note says nothing about Engage now."""


@dataclass(frozen=True, slots=True)
class _Note:
    """How one call ended, and when that was."""

    outcome: EngageError | None
    at: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        """In seconds."""
        return time.monotonic() - self.at

    @property
    def pause(self) -> float:
        """For how many more seconds nobody may call because of it."""
        if not isinstance(self.outcome, RateLimited):
            return 0.0
        return (self.outcome.retry_after or pace.PAUSE_AFTER_429) - self.age


class _Waiting:
    """What was reported and nobody has written yet."""

    def __init__(self) -> None:
        self.notes: deque[_Note] = deque(maxlen=_MOST)
        self.writing = threading.Lock()
        self._newest = float("-inf")

    def add(self, outcomes: Sequence[EngageError | None]) -> None:
        """Leave a note of each."""
        self.notes.extend(map(_Note, outcomes))
        self._newest = time.monotonic()

    def taken(self) -> list[_Note]:
        """All that is still news, oldest first."""
        found: list[_Note] = []
        while self.notes:
            found.append(self.notes.popleft())
        return [note for note in found if note.age < _IS_NEWS_FOR]

    @property
    def has_news(self) -> bool:
        """Whether anything of it still counts."""
        return bool(self.notes) and time.monotonic() - self._newest < _IS_NEWS_FOR


_waiting = _Waiting()


def forget() -> None:
    """Begin anew: with another Engage, or in a forked process, where nobody is left who writes."""
    global _waiting  # noqa: PLW0603 - there is one per process
    _waiting = _Waiting()


def are_being_written() -> bool:
    """Whether somebody of this process is about to tell the breaker something: what it says now may be over."""
    return _waiting.has_news or _waiting.writing.locked()


os.register_at_fork(after_in_child=forget)


def report(outcomes: Sequence[EngageError | None], *, within: float | None = None) -> bool:
    """Tell breaker and pace how calls ended, None for an answer. True where Engage has just come back.

    Whoever gives a time only leaves a note where another thread is writing, and where the row is not free in time: the
    note is written by whoever reports next, if that is soon. Who gives no time waits until the row was free for what
    nobody else has taken upon itself to write.
    """
    waiting, came_back = _waiting, False
    until = None if within is None else Deadline.after(within)
    waiting.add(outcomes)
    # Looked at again after each time: who could not write meanwhile has left it to us.
    while waiting.notes and waiting.writing.acquire(blocking=until is None):
        try:
            came_back |= _written(waiting, until)
        except RowBusyError:
            return came_back
        finally:
            waiting.writing.release()
    return came_back


def _written(waiting: _Waiting, until: Deadline | None) -> bool:
    notes = waiting.taken()
    try:
        return _write(notes, until)
    except BaseException:
        waiting.notes.extendleft(reversed(notes))
        raise


def _write(notes: Sequence[_Note], until: Deadline | None) -> bool:
    if (pause := max((note.pause for note in notes), default=0.0)) > 0:
        pace.slow_everybody(pause, within=_left(until))
    return bool(notes) and breaker.report([note.outcome for note in notes], within=_left(until))


def _left(until: Deadline | None) -> float | None:
    return None if until is None else until.remaining()
