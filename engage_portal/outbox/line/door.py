"""The one door through which this portal calls Engage: one client a process, and calls for people who wait."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import partial
from typing import Any, TypeVar, cast

from django.conf import settings

from engage_portal.core.clock import Deadline
from engage_portal.engage import EngageClient, EngageConfig, EngageError, RateLimited, Unavailable
from engage_portal.outbox import tallies
from engage_portal.outbox.line import breaker, pace
from engage_portal.outbox.line.waiting import hurry
from engage_portal.outbox.registry import LineDown

T = TypeVar("T")
Through = Callable[[Callable[[EngageClient], Any]], Any]
"""Gives a call its client: at its moment in the worker, by way of the deadline where somebody waits."""

# A call that nobody waits for any more still holds its thread until its own time-out ends it; beyond this many
# the next ones are answered from the copy at once.
_WAITING_CALLS = 32
# So many people of one process may wait for Engage at once. Fewer than the process has threads: a sale, which waits
# for nobody, always finds one.
_PEOPLE_AT_ONCE = 16
_LEFT_FOR_OURSELVES = 0.15
_LEAST_TIME = 0.05

_lock = threading.Lock()
_people = threading.BoundedSemaphore(_PEOPLE_AT_ONCE)
_clients: dict[int, EngageClient] = {}
_pools: dict[int, ThreadPoolExecutor] = {}


def client() -> EngageClient:
    """This process's client. Made after the fork, because workers are forked from a parent that may hold one too."""
    with _lock:
        if os.getpid() not in _clients:
            _clients.clear()
            _clients[os.getpid()] = EngageClient(
                EngageConfig(
                    base_url=settings.ENGAGE_BASE_URL,
                    api_key=settings.ENGAGE_API_KEY,
                    user_agent=settings.ENGAGE_USER_AGENT,
                    read_timeout=settings.ENGAGE_READ_TIMEOUT,
                )
            )
        return _clients[os.getpid()]


def disconnect() -> None:
    """Close this process's client; the next call makes a new one, with the settings of that moment."""
    with _lock:
        client = _clients.pop(os.getpid(), None)
    if client is not None:
        client.close()
    pace.last_second.forget()


def ask(call: Callable[[EngageClient], T], *, deadline: Deadline, calls: int = 1) -> T:
    """Call Engage for somebody who waits, and be back before the deadline whatever Engage does.

    `calls` is how many requests `call` makes at most. Raises EngageError; `LineDown` where Engage was not called at
    all. A call that outlives the deadline goes on in its thread for at most the same time again; its answer is
    dropped and `may_have_taken_effect` is set.
    """
    if not breaker.is_closed():
        raise line_down("Engage is down; it is tried again on its own.")
    if not _people.acquire(blocking=False):
        raise line_down("Too many already wait for Engage.")
    try:
        answer = _ask_now(call, deadline, calls)
    except LineDown:
        raise
    except EngageError as error:
        report([error])
        raise
    finally:
        _people.release()
    report([None])
    return answer


def _ask_now(call: Callable[[EngageClient], T], deadline: Deadline, calls: int) -> T:
    starts = pace.reserve(pace.Lane.PEOPLE, calls, latest=_seconds_left(deadline) - _LEAST_TIME)
    seconds = _seconds_left(deadline)
    if not starts or seconds - starts[0] < _LEAST_TIME:
        raise line_down("No time was left to ask Engage.")
    through = paced([Deadline.after(start) for start in starts], patience=seconds - starts[0])
    return _result(_pool().submit(through, call), seconds)


def paced(starts: Sequence[Deadline], *, patience: float) -> Callable[[Callable[[EngageClient], T]], T]:
    """Runs a request of as many calls as it was given starts: each waits for its own, and all share one patience.

    For the worker's threads: no database.
    """
    bounded = cast("EngageClient", _Paced(client(), starts, patience))
    return lambda call: call(bounded)


class _Paced:
    """A client whose every call starts at its moment and gets what is left of the patience."""

    def __init__(self, client: EngageClient, starts: Sequence[Deadline], patience: float) -> None:
        self._client = client
        self._starts = list(reversed(starts))
        self._patience = patience
        self._end: Deadline | None = None

    def __getattr__(self, name: str) -> Any:
        if self._starts:
            _wait(self._starts.pop().remaining())
            pace.last_second.enter()
        self._end = self._end or Deadline.after(self._patience)
        return partial(_timed, getattr(self._client.within(self._end.remaining()), name))


def _timed(call: Callable[..., T], *arguments: Any, **named: Any) -> T:
    began = time.perf_counter()
    try:
        return call(*arguments, **named)
    finally:
        tallies.call_took(time.perf_counter() - began)


def report(outcomes: list[EngageError | None]) -> bool:
    """Tell breaker and pace how calls ended; True where Engage has just come back: then all that waited is due."""
    waits = [
        outcome.retry_after or pace.PAUSE_AFTER_429
        for outcome in outcomes
        if isinstance(outcome, RateLimited)
    ]
    if waits:
        pace.slow_everybody(max(waits))
    came_back = breaker.report(outcomes)
    if came_back:
        hurry()
    return came_back


def _seconds_left(deadline: Deadline) -> float:
    return deadline.remaining() - _LEFT_FOR_OURSELVES


def line_down(message: str) -> LineDown:
    """The error for a call that was not made."""
    return LineDown(
        message=message, error_code="EngageUnavailable", operation="", may_have_taken_effect=False
    )


def _result(future: "Future[T]", seconds: float) -> T:
    try:
        return future.result(timeout=seconds)
    except FutureTimeoutError:
        not_started = future.cancel()
        raise Unavailable(
            message="Engage did not answer in time.",
            error_code="NoAnswer",
            operation="",
            may_have_taken_effect=not not_started,
        ) from None
    except CancelledError:
        raise line_down("The call was given up before it began.") from None


def _wait(seconds: float) -> None:
    if seconds > 0:
        threading.Event().wait(seconds)


def _pool() -> ThreadPoolExecutor:
    with _lock:
        if os.getpid() not in _pools:
            _pools.clear()
            _pools[os.getpid()] = ThreadPoolExecutor(_WAITING_CALLS, thread_name_prefix="engage-people")
        return _pools[os.getpid()]
