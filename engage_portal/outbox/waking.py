"""Waking a worker: one wake-up a burst, and losing it is harmless."""

from django.core.cache import cache
from django.db import transaction
from django_q.tasks import async_task

_FLAG = "outbox:woken"
_AGAIN_AFTER = 5


def wake_on_commit() -> None:
    """Wake a worker once the present transaction is in the database. A broker that is gone does not undo it."""
    transaction.on_commit(wake, robust=True)


def wake() -> None:
    """Queue one wake-up, if none is under way. The next tick finds what is due without it."""
    # Asking first costs no write; most sales of a burst find the flag and are done.
    if cache.get(_FLAG) is None and cache.add(_FLAG, 1, _AGAIN_AFTER):
        async_task("engage_portal.outbox.tasks.deliver_due", task_name="outbox wake-up")  # type: ignore[no-untyped-call]


def woken() -> None:
    """A worker is awake: what comes from now on may wake another."""
    cache.delete(_FLAG)
