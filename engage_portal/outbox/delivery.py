"""The delivery pass: claim a batch, send it concurrently, record it in one transaction, and again."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event as ThreadEvent

from engage_portal.core.clock import Deadline
from engage_portal.outbox import claims, line, pace
from engage_portal.outbox.probe import engage_is_up
from engage_portal.outbox.recording import record
from engage_portal.outbox.sending import Ready, outcomes, prepare, run
from engage_portal.outbox.verdicts import Tried

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
        while not end.is_past and engage_is_up():
            items = claims.claim(_BATCH)
            if not items:
                break
            made += _deliver_batch(prepare(items), pool)
    return made


def _deliver_batch(batch: Sequence[Ready], pool: ThreadPoolExecutor) -> int:
    tried = _send_at_pace(batch, pool)
    record(tried)
    line.report(outcomes(tried))
    return len(tried)


def _send_at_pace(batch: Sequence[Ready], pool: ThreadPoolExecutor) -> list[Tried]:
    """Start each request at its own moment; the sending threads do nothing but HTTP."""
    client = line.client()
    futures: list[Future[Tried]] = []
    for first in range(0, len(batch), _AHEAD):
        few = batch[first : first + _AHEAD]
        began = Deadline.after(0)
        for ready, start in zip(few, pace.reserve(pace.Lane.DELIVERY, len(few)), strict=True):
            _wait_until(Deadline(began.at + start))
            futures.append(pool.submit(run, ready, lambda call: call(client)))
    return [future.result() for future in futures]


def _wait_until(moment: Deadline) -> None:
    if not moment.is_past:
        ThreadEvent().wait(moment.remaining())
