"""The one door through which this portal calls Engage: one client a process, and calls for people who wait."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, TypeVar, cast

from django.conf import settings

from engage_portal.core.clock import Deadline
from engage_portal.engage import EngageClient, EngageConfig, EngageError, RateLimited, Unavailable
from engage_portal.outbox import breaker, pace
from engage_portal.outbox.registry import LineDown
from engage_portal.outbox.verdicts import PAUSE_AFTER_429
from engage_portal.outbox.waiting import hurry

T = TypeVar("T")

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


def ask(call: Callable[[EngageClient], T], *, deadline: Deadline) -> T:
    """Call Engage for somebody who waits, and be back before the deadline whatever Engage does.

    Raises EngageError; `LineDown` where Engage was not called at all. A call that outlives the deadline goes on in its
    thread for at most the same time again; its answer is dropped and `may_have_taken_effect` is set.
    """
    if not breaker.is_closed():
        raise line_down("Engage is down; it is tried again on its own.")
    if not _people.acquire(blocking=False):
        raise line_down("Too many already wait for Engage.")
    try:
        answer = _ask_now(call, deadline)
    except LineDown:
        raise
    except EngageError as error:
        report([error])
        raise
    finally:
        _people.release()
    report([None])
    return answer


def _ask_now(call: Callable[[EngageClient], T], deadline: Deadline) -> T:
    starts = pace.reserve(pace.Lane.PEOPLE, latest=_seconds_left(deadline) - _LEAST_TIME)
    engage, seconds = client(), _seconds_left(deadline)
    if not starts or seconds - starts[0] < _LEAST_TIME:
        raise line_down("No time was left to ask Engage.")
    future = _pool().submit(_after, starts[0], call, engage.within(seconds - starts[0]))
    return _result(future, seconds)


def until(deadline: Deadline) -> Callable[[Callable[[EngageClient], T]], T]:
    """Runs a request, of however many calls, that has to be over by the deadline; for the worker's threads."""
    bounded = cast("EngageClient", _Until(client(), deadline))
    return lambda call: call(bounded)


class _Until:
    """A client whose every call gets what is left until a deadline."""

    def __init__(self, client: EngageClient, deadline: Deadline) -> None:
        self._client = client
        self._deadline = deadline

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client.within(self._deadline.remaining()), name)


def report(outcomes: list[EngageError | None]) -> bool:
    """Tell breaker and pace how calls ended; True where Engage has just come back: then all that waited is due."""
    waits = [
        outcome.retry_after or PAUSE_AFTER_429 for outcome in outcomes if isinstance(outcome, RateLimited)
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


def _after(start: float, call: Callable[[EngageClient], T], within: EngageClient) -> T:
    if start > 0:
        threading.Event().wait(start)
    return call(within)


def _pool() -> ThreadPoolExecutor:
    with _lock:
        if os.getpid() not in _pools:
            _pools.clear()
            _pools[os.getpid()] = ThreadPoolExecutor(_WAITING_CALLS, thread_name_prefix="engage-people")
        return _pools[os.getpid()]
