"""What django-q2 runs. Each is only a wake-up: it may be lost, run twice, or run at the same time as another."""

import os
import socket
from datetime import timedelta
from uuid import UUID

from django.core.cache import cache
from django_q.models import Task

from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.outbox import pauses, streams
from engage_portal.outbox.delivery.passes import deliver
from engage_portal.outbox.line import outages
from engage_portal.outbox.models import Heartbeat
from engage_portal.outbox.services import forget_finished
from engage_portal.outbox.waking import woken

SLICE_SECONDS = 10
"""A task ends itself long before django-q2's timeout of 120 s; one read time-out may come on top."""

SUPERVISOR = "ENGAGE_PORTAL_SUPERVISOR"
"""Environment variable: the id of the supervisor whose group this process belongs to."""

KEEP_DAYS = 90
_KEEP_TASKS_DAYS = 7


def deliver_due() -> int:
    """Deliver what is due. Queued once per burst when items come in."""
    woken()
    beat()
    return deliver(seconds=SLICE_SECONDS)


def tick(supervisor: str) -> int:
    """The supervisor's question "are you alive?": answers with a heartbeat, and does what is due."""
    cache.delete(tick_flag(supervisor))
    return deliver_due()


def sweep() -> int:
    """Once a minute: finds what no wake-up came for, whoever is or is not supervising."""
    streams.repair(pauses.current())
    made = deliver_due()
    outages.settle()
    return made


def purge() -> int:
    """Once a day: forget what settled long ago, as much of it as the time slice allows, and broken tasks."""
    Task.objects.filter(stopped__lt=clock.now() - timedelta(days=_KEEP_TASKS_DAYS)).delete()
    end, forgotten = Deadline.after(SLICE_SECONDS), 0
    while not end.is_past and (some := forget_finished(before_days=KEEP_DAYS)):
        forgotten += some
    outages.forget(before_days=KEEP_DAYS)
    return forgotten


def tick_flag(supervisor: str) -> str:
    """The cache key that keeps one tick under way per supervisor."""
    return f"outbox:tick:{supervisor}"


def beat() -> None:
    """Note that this group of workers takes tasks and can reach the database."""
    supervisor = os.environ.get(SUPERVISOR, "")
    if supervisor:
        Heartbeat.objects.update_or_create(
            pk=UUID(supervisor), defaults={"beat_at": clock.now(), "host": socket.gethostname()}
        )
