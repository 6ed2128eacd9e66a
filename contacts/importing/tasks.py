"""What the worker does about exports: looks for files, and reads them a slice at a time."""

import structlog
from django.conf import settings
from django.core.cache import cache
from django_q.tasks import async_task

from contacts.importing import turns
from contacts.importing.folder import take_settled
from contacts.importing.intake import LEVEL_WITH_COPY, sweep_spool
from contacts.importing.naming import ImportRefusedError
from contacts.importing.reading import read_next
from contacts.importing.remote import take_remote
from engage_portal.core.clock import Deadline

SLICE_SECONDS = 30
"""Far below django-q2's timeout. A slice begins with parsing the file up to its position, so it is not short either."""
_QUEUED = "contacts:exports:queued"

log = structlog.get_logger(__name__)


def read_exports() -> int:
    """Read what waits until the slice is over. May be lost, run twice, or at the same time as another: one reads."""
    cache.delete(_QUEUED)
    if settings.ENGAGE_LEVEL < LEVEL_WITH_COPY:
        return 0
    end, had = Deadline.after(SLICE_SECONDS), 0
    try:
        sweep_spool()
        take_settled()
        take_remote()
        while not end.is_past and read_next(is_over=lambda: end.is_past) is not None:
            had += 1
    except (ImportRefusedError, OSError) as refusal:
        log.error("exports are not read", problem=_problem(refusal))  # noqa: TRY400 - the sentence says it
        return had
    if end.is_past and turns.is_any_readable():
        queue_reading()
    return had


def queue_reading() -> None:
    """Wake a worker up to read; one such task is queued at a time."""
    if cache.add(_QUEUED, 1, SLICE_SECONDS):
        async_task("contacts.tasks.read_exports", task_name="read exports")  # type: ignore[no-untyped-call]


def _problem(error: Exception) -> str:
    """Our own sentence, or the system's without the path that it names."""
    return (
        str(error)
        if isinstance(error, ImportRefusedError)
        else str(getattr(error, "strerror", "") or type(error).__name__)
    )
