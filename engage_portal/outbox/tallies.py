"""Counters of all processes together: collected in memory, added to the database now and then, read by `/metrics`.

A process that is killed loses its last seconds of them; they are figures, and nothing is decided by them.
"""

import os
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping

from django.db import Error, transaction
from django.db.models import F

from engage_portal.core.clock import Deadline
from engage_portal.outbox.models import Tally

LATENCIES = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper limits of the classes in which calls are counted, in seconds."""

CLASSES = (*(f"{limit:g}" for limit in LATENCIES), "+Inf")
"""The classes by the name of their upper limit; each call is in one of them."""

_WRITE_EVERY = 5.0


class _Collected:
    """What one process has counted since it last wrote."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.write_at = Deadline.after(_WRITE_EVERY)


_collected = _Collected()


def _start_anew() -> None:
    """In a forked process: what the parent counted is the parent's, and its lock may be held by nobody here."""
    global _collected  # noqa: PLW0603 - there is one per process
    _collected = _Collected()


os.register_at_fork(after_in_child=_start_anew)


def add(metric: str, amount: float = 1.0, **labels: str) -> None:
    """Count something. No database: may be called in any thread."""
    key = metric, ",".join(f"{name}={labels[name]}" for name in sorted(labels))
    with _collected.lock:
        _collected.counts[key] += amount  # type: ignore[assignment]


def call_took(seconds: float) -> None:
    """Count a call to Engage by how long it took, the way a histogram wants it."""
    add("call_seconds_sum", seconds)
    add("call_seconds", le=CLASSES[bisect_left(LATENCIES, seconds)])


def write_now_and_then() -> None:
    """Add what was counted to the database, at most every few seconds. Outside other transactions."""
    if _collected.write_at.is_past:
        write()


def write() -> None:
    """Add what was counted to the database; where that fails, it is kept for the next time."""
    with _collected.lock:
        mine = dict(_collected.counts)
        _collected.counts.clear()
        _collected.write_at = Deadline.after(_WRITE_EVERY)
    if not mine:
        return
    try:
        _add_up(mine)
    except Error:
        with _collected.lock:
            _collected.counts.update(mine)
        raise


@transaction.atomic
def _add_up(counts: Mapping[tuple[str, str], float]) -> None:
    # In one order, so that two processes never wait for each other crosswise.
    for (metric, labels), amount in sorted(counts.items()):
        row = Tally.objects.filter(metric=metric, labels=labels)
        if not row.update(value=F("value") + amount):
            Tally.objects.bulk_create([Tally(metric=metric, labels=labels)], ignore_conflicts=True)
            row.update(value=F("value") + amount)


def read() -> dict[tuple[str, str], float]:
    """All counters as they stand in the database."""
    return {(row.metric, row.labels): row.value for row in Tally.objects.all()}


def labels_of(stored: str) -> dict[str, str]:
    """The labels of a counter, by name."""
    return dict(pair.split("=", 1) for pair in stored.split(",") if pair)
