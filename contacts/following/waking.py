"""Who follows Engage, and when: one run at a time over all processes, one wake-up a burst."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from django.core.cache import cache
from django.db import transaction
from django_q.tasks import async_task

READING, REFRESHING = "reading", "refreshing"
LEASE_SECONDS = 150
"""Longer than django-q2 lets a task run; whoever works longer renews it."""
_FLAG = "contacts:refresh:woken"
_AGAIN_AFTER = 5


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do something alone."""

    key: str
    token: str

    def renew(self) -> None:
        """Hold it for longer."""
        cache.touch(self.key, LEASE_SECONDS)


@contextmanager
def alone(what: str) -> Iterator[Lease | None]:
    """A lease, or None where another process holds it. It ends by itself if its holder dies."""
    lease = Lease(f"contacts:following:{what}", uuid4().hex)
    is_mine = cache.add(lease.key, lease.token, LEASE_SECONDS)
    try:
        yield lease if is_mine else None
    finally:
        if is_mine and cache.get(lease.key) == lease.token:
            cache.delete(lease.key)


def wake_on_commit() -> None:
    """Have what was noted fetched once the present transaction is in the database."""
    transaction.on_commit(wake, robust=True)


def wake() -> None:
    """Queue one wake-up, if none is under way. The next minute finds what is due without it."""
    if cache.get(_FLAG) is None and cache.add(_FLAG, 1, _AGAIN_AFTER):
        async_task("contacts.following.tasks.refresh_noted", task_name="contacts refresh")  # type: ignore[no-untyped-call]


def woken() -> None:
    """A worker is awake: what comes from now on may wake another."""
    cache.delete(_FLAG)
