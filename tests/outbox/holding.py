"""Somebody else has the line's row, and may have been stopped with it in hand."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import transaction

from engage_portal.outbox.models import EngageLine
from tests.outbox.building import in_a_thread_of_its_own

GUARD = 25.0
"""Seconds after which what waits for the lock is called hanging; the budgets of the tests are far shorter."""


@contextmanager
def held_by_another() -> Iterator[None]:
    """Another connection has the row locked, on SQLite the database, for as long as the block lasts."""
    EngageLine.objects.get_or_create(pk="default")
    has_it, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            EngageLine.objects.select_for_update().get(pk="default")
            EngageLine.objects.filter(pk="default").update(last_error="")
            has_it.set()
            let_go.wait(GUARD * 2)

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(in_a_thread_of_its_own, hold)
        try:
            assert has_it.wait(GUARD)
            yield
            assert not holder.done()
        finally:
            let_go.set()
            holder.result(GUARD)


def meanwhile(work: Callable[[], object]) -> object:
    """Run it in a thread with a connection of its own; fails where it does not come back while the lock is held."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(in_a_thread_of_its_own, work).result(GUARD)
    finally:
        pool.shutdown(wait=False)
