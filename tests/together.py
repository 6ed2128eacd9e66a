"""Works that begin at the same moment, each in a thread of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from tests.outbox.building import in_a_thread_of_its_own

_PATIENCE = 60
"""Seconds, against a work that hangs."""


def at_the_same_moment(*works: Callable[[], Any]) -> list[Any]:
    """What each answered, in their order; raises what one of them raised."""
    gate = Barrier(len(works))

    def begin(work: Callable[[], Any]) -> Any:
        gate.wait(_PATIENCE)
        return in_a_thread_of_its_own(work)

    with ThreadPoolExecutor(len(works)) as pool:
        return [begun.result(_PATIENCE) for begun in [pool.submit(begin, work) for work in works]]
