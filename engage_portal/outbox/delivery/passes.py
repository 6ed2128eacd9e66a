"""The delivery pass: claim what is due, send it concurrently, record what came back, and again.

The three overlap. Sending threads do nothing but HTTP and find their next request waiting; this thread claims, books
starts at the pace of all, and records, in one transaction, whatever came back meanwhile.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Event

from django.conf import settings

from engage_portal.core.clock import Deadline
from engage_portal.engage import EngageError, RateLimited, Unavailable
from engage_portal.outbox import tallies
from engage_portal.outbox.delivery import bulk, claims, read_back
from engage_portal.outbox.delivery.recording import record
from engage_portal.outbox.delivery.sending import Ready, give_back, outcomes, prepare, run
from engage_portal.outbox.delivery.verdicts import Tried
from engage_portal.outbox.line import door, pace
from engage_portal.outbox.line.breaker import is_outage
from engage_portal.outbox.line.probe import engage_may_be_called

CONCURRENCY = 24
"""Requests of one pass that are under way at once."""

_AHEAD = 96
"""Requests that wait in line for a thread: what is sent while this one claims and records."""
_CLAIMED_AT_ONCE = 48
_LEASED_SECONDS = 4.0
"""Nothing is claimed that could not start within this time."""
_RECORD_AT_ONCE = 48
_RECORD_WITHIN = 0.05
_BOOKED_AT_ONCE = 0.04
_LONGEST_WAIT = 0.25
_STARVED_AFTER = 2.0
_LOOK_AROUND_EVERY = 3.0
_LOOK_FOR_MANY_EVERY = 1.0


def deliver(*, seconds: float) -> int:
    """Send what is due, until nothing is, Engage is down, or the time is up. Returns how many attempts were made.

    May run several times at once, in any number of processes: an item is leased to one of them. With nothing left to
    send, what Engage had only accepted is looked for there; before, what others wait for.
    """
    claims.release_expired()
    end, made = Deadline.after(seconds), 0
    with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="engage-send") as pool:
        while not end.is_past and engage_may_be_called():
            done = read_back.look_for_awaited(pool, end)
            run = _Pass(pool, end)
            done += run.run()
            if run.has_time_to_spare:
                done += read_back.look_around(pool, end)
            tallies.write()
            made += done
            if not done:
                break
    return made


class _Pass:
    """One run through what is due."""

    def __init__(self, pool: ThreadPoolExecutor, end: Deadline) -> None:
        self._pool = pool
        self._end = end
        self._pause = Deadline.after(_LOOK_AROUND_EVERY)
        self._ready: deque[Ready] = deque()
        self._under_way = 0
        self._back: SimpleQueue[Tried | Ready | BaseException] = SimpleQueue()
        self._is_stopped = self._is_cut_off = self._must_keep_quiet = False
        self._is_dry = self._is_slack = False
        self._starved = Deadline.after(_STARVED_AFTER)
        self._look_for_many = Deadline.after(0)
        self._gathering: frozenset[str] = frozenset()

    def run(self) -> int:
        """Deliver until nothing is due or nothing more may go; leaves nothing leased behind."""
        made = 0
        while self._claim() or self._is_busy:
            booked = self._send()
            if not booked and not self._under_way:
                self._wait_for_the_line()
            made += self._record(_LONGEST_WAIT if booked else _BOOKED_AT_ONCE)
        return made

    @property
    def has_time_to_spare(self) -> bool:
        """Whether less was due than could have been sent."""
        return self._is_slack and not self._is_cut_off

    @property
    def _is_busy(self) -> bool:
        return bool(self._under_way or self._ready)

    def _claim(self) -> bool:
        """Keep some requests ready beyond those under way; True where something was claimed."""
        if self._end.is_past or (self._pause.is_past and self._is_slack):
            self._stop()
        room = CONCURRENCY + _AHEAD - len(self._ready) - self._under_way
        room = min(room, pace.calls_within(_LEASED_SECONDS) - len(self._ready))
        if self._is_stopped or self._is_dry or room < (_CLAIMED_AT_ONCE if self._is_busy else 1):
            return False
        if not engage_may_be_called():
            self._cut_off()
            return False
        if self._look_for_many.is_past:
            self._gathering = bulk.send_where_many_wait(self._end)
            self._look_for_many = Deadline.after(_LOOK_FOR_MANY_EVERY)
        items = claims.claim(room)
        self._ready.extend(prepare(items, gathering=self._gathering))
        self._is_dry, self._is_slack = not items, len(items) < room
        return bool(items)

    def _cut_off(self) -> None:
        """Engage may not be called any more: what has not left stays here, and loses no try."""
        self._is_cut_off = self._must_keep_quiet = True
        self._stop()

    def _stop(self) -> None:
        """Claim no more; what was not handed to a thread yet goes back, as if nobody had touched it."""
        self._is_stopped = True
        give_back(self._ready)
        self._ready.clear()

    def _send(self) -> bool:
        """Book starts for what is ready, and send it; False where the pace does not allow all of it now."""
        while self._ready and self._under_way < CONCURRENCY + _AHEAD:
            few = list(self._next_few())
            # People must not starve the delivery: now and then it stands in line like one of them.
            latest = pace.PAUSE_BEGINS_AT if self._starved.is_past else None
            began = Deadline.after(0)
            starts = pace.reserve(pace.Lane.DELIVERY, sum(ready.call.calls for ready in few), latest=latest)
            if not starts:
                return False
            moments = deque(Deadline(began.at + start) for start in starts)
            for ready in few:
                self._ready.popleft()
                self._submit(ready, [moments.popleft() for _ in range(ready.call.calls)])
            self._starved = Deadline.after(_STARVED_AFTER)
        return True

    def _wait_for_the_line(self) -> None:
        """Others have booked all there is, or Engage asked for a pause."""
        if self._end.is_past or not engage_may_be_called():
            self._cut_off()
        else:
            Event().wait(_BOOKED_AT_ONCE)

    def _next_few(self) -> Iterator[Ready]:
        """As many as fit into a short while; few, so that people who wait never find the line booked out."""
        calls, most = 0, pace.calls_within(_BOOKED_AT_ONCE)
        for ready in self._ready:
            calls += ready.call.calls
            if calls > most and calls > ready.call.calls:
                return
            yield ready

    def _submit(self, ready: Ready, starts: Sequence[Deadline]) -> None:
        # One patience for all that a request does, so that a look of many calls ends well within its lease.
        through = door.paced(starts, patience=settings.ENGAGE_READ_TIMEOUT)
        self._under_way += 1
        self._pool.submit(self._run, ready, through)

    def _run(self, ready: Ready, through: door.Through) -> None:
        """In a thread of the pool. Whatever happens, something comes back: an outcome, or what was not sent."""
        try:
            if self._must_keep_quiet or self._end.is_past:
                self._back.put(ready)
                return
            tried = run(ready, through)
            if _is_ominous(tried.error):
                self._must_keep_quiet = True  # at once, not when it is recorded
            self._back.put(tried)
        except BaseException as fault:  # noqa: BLE001 - raised again by the thread that waits for it
            self._back.put(fault)

    def _record(self, wait: float) -> int:
        """Record what came back, if anything does within a while; stops the pass where Engage may not be called."""
        back = list(self._came_back(wait))
        tried = [entry for entry in back if isinstance(entry, Tried)]
        if tried:
            record(tried)
            door.report(outcomes(tried))
            self._is_dry = False
        if not self._is_cut_off and (self._must_keep_quiet or any(map(is_outage, outcomes(tried)))):
            self._find_out_how_engage_is()
        give_back(entry for entry in back if isinstance(entry, Ready))
        return len(tried)

    def _find_out_how_engage_is(self) -> None:
        if engage_may_be_called():
            self._must_keep_quiet = self._is_dry = False
        else:
            self._cut_off()

    def _came_back(self, wait: float) -> Iterator[Tried | Ready]:
        """What came back, in portions that are worth a transaction."""
        if not self._under_way:
            return
        patience = Deadline.after(wait)
        for place in range(_RECORD_AT_ONCE):
            try:
                tried = self._back.get(timeout=patience.remaining())
            except Empty:
                return
            self._under_way -= 1
            if isinstance(tried, BaseException):
                raise tried
            yield tried
            if place == 0:
                patience = Deadline.after(_RECORD_WITHIN)
            if not self._under_way:
                return


def _is_ominous(error: EngageError | None) -> bool:
    """Whether what has not left yet should wait until it is known how Engage is."""
    return isinstance(error, RateLimited) or (isinstance(error, Unavailable) and error.status is None)
