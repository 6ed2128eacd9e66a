"""Fetching many contacts with calls that nobody else wants."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from uuid import UUID

import structlog
from django.conf import settings

from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import Contact as EngageContact
from engage_portal.engage import EngageError
from engage_portal.outbox import pauses, streams
from engage_portal.outbox.delivery import claims
from engage_portal.outbox.line import door, pace
from engage_portal.outbox.line.probe import engage_may_be_called
from engage_portal.outbox.registry import CallBrokenError, LineDown

log = structlog.get_logger(__name__)

_AT_ONCE = 16
_BOOKED_AT_ONCE = 0.1
"""Seconds. Whoever waits for Engage waits for no more than this because of us."""
_LOOK_EVERY = 0.25
_NAP = 0.03


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one contact."""

    engage_id: UUID
    asked_at: datetime
    answer: EngageContact | None = None
    error: EngageError | None = None
    """`LineDown`: it was not asked for."""


def fetch(take: Callable[[int], Sequence[UUID]], *, is_over: Callable[[], bool]) -> Iterator[list[Fetched]]:
    """Fetch the contacts that `take` names, some at a time, and hand over what came back as it comes.

    Only calls that nobody else wants are used, and none while something of the queue could be sent. It ends when `take`
    has nothing more, when Engage may not be called any more, or when `is_over`; what was taken always comes back.
    """
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="engage-spare") as pool:
        yield from _Fetcher(pool, take, is_over).run()


class _Fetcher:
    """One run."""

    def __init__(
        self, pool: ThreadPoolExecutor, take: Callable[[int], Sequence[UUID]], is_over: Callable[[], bool]
    ) -> None:
        self._pool = pool
        self._take = take
        self._is_over = is_over
        self._ready: deque[UUID] = deque()
        self._under_way: set[Future[Fetched]] = set()
        self._look = Deadline.after(0)
        self._booked = Deadline.after(0)
        self._is_free = self._is_cut_off = False

    def run(self) -> Iterator[list[Fetched]]:
        """Fetch until there is nothing more or no more may be done."""
        while self._goes_on():
            self._send()
            if back := self._came_back():
                yield back
        while self._under_way:
            yield self._came_back()
        if self._ready:
            not_asked = door.line_down("It was not asked for.")
            yield [Fetched(each, clock.now(), error=not_asked) for each in self._ready]

    def _goes_on(self) -> bool:
        if self._is_over() or self._is_cut_off:
            return False
        if not self._ready:
            self._ready.extend(self._take(pace.calls_within(_BOOKED_AT_ONCE)))
        return bool(self._ready or self._under_way)

    def _send(self) -> None:
        """Send what the pace allows at this moment."""
        room = min(_AT_ONCE - len(self._under_way), len(self._ready))
        if room <= 0 or not self._booked.is_past or not self._line_is_free():
            return
        began, starts = Deadline.after(0), pace.reserve(pace.Lane.SPARE, room)
        # Till then the next call is nobody's yet; where others have booked it, asking again at once is no use.
        self._booked = Deadline(began.at + starts[-1] + _spacing() if starts else began.at + _BOOKED_AT_ONCE)
        for start in starts:
            through = door.paced([Deadline(began.at + start)], patience=settings.ENGAGE_READ_TIMEOUT)
            self._under_way.add(self._pool.submit(_get, self._ready.popleft(), through))

    def _line_is_free(self) -> bool:
        """Whether Engage may be called and nothing that people did waits for it."""
        if self._look.is_past:
            self._look = Deadline.after(_LOOK_EVERY)
            self._is_cut_off = not engage_may_be_called()
            self._is_free = not self._is_cut_off and not something_waits()
        return self._is_free

    def _came_back(self) -> list[Fetched]:
        if not self._under_way:
            Event().wait(_NAP)
            return []
        done, self._under_way = wait(self._under_way, timeout=_NAP, return_when=FIRST_COMPLETED)
        back = [future.result() for future in done]
        errors = [each.error for each in back]
        door.report([error for error in errors if not isinstance(error, CallBrokenError)])
        if any(errors):
            self._look = Deadline.after(0)
        return back


def _spacing() -> float:
    """Seconds from one call to the next."""
    return 1 / max(1, pace.calls_within(1))


def something_waits() -> bool:
    """Whether something of the queue could be sent at this moment: that goes first."""
    paused = pauses.current()
    if paused.stop_everything:
        return False
    free = claims.due(clock.now()).exclude(streams.held_back()).exclude(paused.covering())
    return free.exists()


def _get(engage_id: UUID, through: door.Through) -> Fetched:
    """In a thread of the pool: no database."""
    asked_at = clock.now()
    try:
        answer = through(lambda client: client.get_contact(EngageContactId(str(engage_id))))
    except EngageError as error:
        return Fetched(engage_id, asked_at, error=error)
    except Exception as fault:
        log.exception("a contact's answer broke", contact=str(engage_id))
        broken = CallBrokenError(f"The answer could not be read ({type(fault).__name__}).")
        return Fetched(engage_id, asked_at, error=broken)
    return Fetched(engage_id, asked_at, answer=answer)


def was_not_asked(fetched: Fetched) -> bool:
    """Whether it was taken and then not asked for."""
    return isinstance(fetched.error, LineDown)
