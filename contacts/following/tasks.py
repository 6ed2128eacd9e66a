"""What django-q2 runs to follow Engage. Each may be lost, run twice, or run at the same time as another."""

from datetime import timedelta

from django.conf import settings
from django_q.tasks import async_task

from contacts.following import noting
from contacts.following.reading import MARGIN, follow, is_behind
from contacts.following.refreshing import refresh_due
from contacts.following.waking import READING, REFRESHING, alone, wake, woken
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.outbox.tasks import SLICE_SECONDS


def follow_changes() -> int:
    """Every `ENGAGE_SYNC_MINUTES`: read what changed in Engage; returns how many contacts are to be fetched.

    The last minute is left for the next run, when Engage is sure to list it: then what was listed once and fetched is
    known to be up to date, and is not fetched again.
    """
    if not settings.ENGAGE_SYNC_MINUTES:
        return 0  # a schedule of earlier days
    end = Deadline.after(SLICE_SECONDS)
    with alone(READING) as lease:
        if lease is None:
            return 0
        done = follow(until=clock.now() - MARGIN, is_over=lambda: end.is_past)
    if done.is_unfinished and is_behind(
        clock.now() - timedelta(minutes=settings.ENGAGE_SYNC_MINUTES) - MARGIN
    ):
        async_task("contacts.following.tasks.follow_changes", task_name="contacts follow")  # type: ignore[no-untyped-call]
    if done.noted:
        wake()
    return done.noted


def refresh_noted() -> int:
    """Once a minute, and when a webhook came: fetch what was noted; returns how many.

    What one time slice is too short for goes on in another task.
    """
    woken()
    end, fetched = Deadline.after(SLICE_SECONDS), 0
    # Asked again after the lease is given up: what was noted in between found it taken, and went away.
    while not end.is_past and noting.is_any_due():
        with alone(REFRESHING) as lease:
            made = refresh_due(is_over=lambda: end.is_past).total if lease else 0
        fetched += made
        if not made:
            return fetched
    if end.is_past and fetched and noting.is_any_due():
        wake()
    return fetched
