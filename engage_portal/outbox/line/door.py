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
from engage_portal.engage import EngageClient, EngageConfig, EngageError, Unavailable
from engage_portal.outbox import tallies
from engage_portal.outbox.line import breaker, pace, reports
from engage_portal.outbox.line.row import RowBusyError
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
_PARTS_BESIDE = 2
_LEFT_FOR_OURSELVES = 0.15
# What comes after the call (keeping what came, the answer) is about so much of what came before it. In a crowd both
# take many times as long as usual.
_REST_OF_THE_WORK = 1.5
# When Engage hangs, all who wait have their answers made at the same time; each one more lets go so much sooner.
_LEFT_FOR_EACH_WHO_WAITS = 0.015
_LEAST_TIME = 0.05

_lock = threading.Lock()


class Places:
    """How many people of this process wait for Engage."""

    def __init__(self, most: int) -> None:
        self._lock = threading.Lock()
        self._most, self._taken = most, 0

    def take(self) -> int:
        """Wait from now on; returns how many do, or 0 where there is no place."""
        with self._lock:
            if self._taken >= self._most:
                return 0
            self._taken += 1
            return self._taken

    def give_back(self) -> None:
        """Wait no more."""
        with self._lock:
            self._taken -= 1


_people = Places(_PEOPLE_AT_ONCE)
_clients: dict[int, EngageClient] = {}
_pools: dict[int, dict[str, ThreadPoolExecutor]] = {}


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
    pace.booked.forget()
    reports.forget()


def ask(call: Callable[[EngageClient], T], *, deadline: Deadline, calls: int = 1) -> T:
    """Call Engage for somebody who waits, and be back before the deadline whatever Engage does.

    `calls` is how many requests `call` makes at most. Raises EngageError; `LineDown` where Engage was not called at
    all. A call that outlives the deadline goes on in its thread for at most the same time again; its answer is
    dropped and `may_have_taken_effect` is set.
    """
    if not breaker.is_closed():
        raise line_down("Engage is down; it is tried again on its own.")
    waiting = _people.take()
    if not waiting:
        raise line_down("Too many already wait for Engage.")
    try:
        answer = _ask_now(call, deadline, calls, others=waiting - 1)
    except LineDown:
        raise
    except EngageError as error:
        report([error], deadline=deadline)
        raise
    finally:
        _people.give_back()
    report([None], deadline=deadline)
    return answer


def _ask_now(call: Callable[[EngageClient], T], deadline: Deadline, calls: int, *, others: int) -> T:
    starts = _booked(deadline, calls, others)
    seconds = _seconds_left(deadline, others)
    if not starts or seconds - starts[0] < _LEAST_TIME:
        raise line_down("No time was left to ask Engage.")
    through = paced([Deadline.after(start) for start in starts], patience=seconds - starts[0])
    future = _pool().submit(through, call)
    # Counted again: on a busy machine it takes a while until the thread is there.
    patience = _seconds_left(deadline, others)
    with deadline.waiting():
        return _result(future, patience)


def _booked(deadline: Deadline, calls: int, others: int) -> list[float]:
    """Starts that are within somebody's time, none where there are none or nobody could tell in time."""
    latest = _seconds_left(deadline, others) - _LEAST_TIME
    if latest <= 0:
        return []
    try:
        return pace.reserve(pace.Lane.PEOPLE, calls, latest=latest, within=latest)
    except RowBusyError:
        return []


def together() -> ThreadPoolExecutor:
    """Threads for calls that one person waits for at the same time, beside the one that makes the first of them. Kept:
    all pools of a process start theirs one after the other, which a crowd waits for.
    """
    return _pool("engage-together", _WAITING_CALLS * _PARTS_BESIDE)


def get_ready() -> None:
    """Start the threads that people will need and set up the client, before the first of them comes.

    For a web process, after it was forked.
    """
    client()
    go = threading.Event()
    kinds = ((_pool(), _PEOPLE_AT_ONCE), (together(), _PEOPLE_AT_ONCE * _PARTS_BESIDE))
    started = [pool.submit(go.wait) for pool, many in kinds for _ in range(many)]
    go.set()
    for each in started:
        each.result()


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


def report(outcomes: list[EngageError | None], *, deadline: Deadline | None = None) -> bool:
    """Tell breaker and pace how calls ended; True where Engage has just come back: then all that waited is due.

    With a deadline somebody still waits for their own answer: what cannot be written in time is left to the next one.
    """
    within = None if deadline is None else max(_LEAST_TIME, deadline.remaining() / 2)
    came_back = reports.report(outcomes, within=within)
    if came_back:
        hurry()
    return came_back


def _seconds_left(deadline: Deadline, others: int) -> float:
    """How long may be waited: what the rest of the work takes is kept free, more of it the busier we are."""
    ours = max(_LEFT_FOR_OURSELVES, _REST_OF_THE_WORK * deadline.worked())
    return deadline.remaining() - ours - others * _LEFT_FOR_EACH_WHO_WAITS


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


def _pool(name: str = "engage-people", size: int = _WAITING_CALLS) -> ThreadPoolExecutor:
    """This process's threads of a name; those of the parent did not survive the fork."""
    with _lock:
        if os.getpid() not in _pools:
            _pools.clear()
            _pools[os.getpid()] = {}
        mine = _pools[os.getpid()]
        if name not in mine:
            mine[name] = ThreadPoolExecutor(size, thread_name_prefix=name)
        return mine[name]
