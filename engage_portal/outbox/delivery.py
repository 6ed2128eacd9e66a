"""The delivery pass: claim a batch, send it concurrently, record it in one transaction, and again."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

from django.conf import settings

from engage_portal.core.clock import Deadline
from engage_portal.outbox import claims, line, pace
from engage_portal.outbox.probe import engage_is_up
from engage_portal.outbox.recording import record
from engage_portal.outbox.sending import Ready, give_back, outcomes, prepare, run
from engage_portal.outbox.verdicts import PAUSE_AFTER_429, Tried

_BATCH = 24
_AHEAD = 2
"""Calls reserved at once. Few, so that people who wait never find the line booked out by the delivery."""


def deliver(*, seconds: float) -> int:
    """Send what is due, until nothing is, Engage is down, or the time is up. Returns how many attempts were made.

    May run several times at once, in any number of processes: an item is leased to one of them.
    """
    claims.release_expired()
    end, made = Deadline.after(seconds), 0
    with ThreadPoolExecutor(_BATCH, thread_name_prefix="engage-send") as pool:
        while not end.is_past and engage_is_up() and not pace.is_paused():
            items = claims.claim(_BATCH)
            if not items:
                break
            made += _deliver_batch(prepare(items), pool)
    return made


def _deliver_batch(batch: Sequence[Ready], pool: ThreadPoolExecutor) -> int:
    tried, unsent = _send_at_pace(batch, pool)
    record(tried)
    give_back(unsent, seconds=PAUSE_AFTER_429)
    line.report(outcomes(tried))
    return len(tried)


def _send_at_pace(batch: Sequence[Ready], pool: ThreadPoolExecutor) -> tuple[list[Tried], Sequence[Ready]]:
    """Start each request at its own moment; the sending threads do nothing but HTTP.

    Answers what was sent, and what was not because a pause began meanwhile: leases are not for waiting.
    """
    # One limit for all that a request does, so that a look of many calls ends well within its lease.
    patience = settings.ENGAGE_READ_TIMEOUT
    futures: list[Future[Tried]] = []
    unsent: Sequence[Ready] = []
    for first, few in _portions(batch):
        starts = pace.reserve(
            pace.Lane.DELIVERY, sum(ready.call.calls for ready in few), latest=pace.PAUSE_BEGINS_AT
        )
        began = Deadline.after(0)
        if not starts:
            unsent = batch[first:]
            break
        for ready in few:
            _wait_until(Deadline(began.at + starts[ready.call.calls - 1]))
            del starts[: ready.call.calls]
            futures.append(pool.submit(run, ready, line.until(Deadline.after(patience))))
    return [future.result() for future in futures], unsent


def _portions(batch: Sequence[Ready]) -> Iterator[tuple[int, Sequence[Ready]]]:
    for first in range(0, len(batch), _AHEAD):
        yield first, batch[first : first + _AHEAD]


def _wait_until(moment: Deadline) -> None:
    if not moment.is_past:
        Event().wait(moment.remaining())
