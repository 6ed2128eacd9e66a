"""What the worker does about spool files. A wake-up only: it may be lost, run twice, or beside another."""

from collections.abc import Callable

import structlog
from django_q.tasks import async_task

from engage_portal.core.clock import Deadline
from engage_portal.engage.xml import BadNamesError
from engage_portal.fallback.dropbox import DropboxError, is_configured
from engage_portal.fallback.spool.following import follow
from engage_portal.fallback.spool.forgetting import forget_ended, forget_old
from engage_portal.fallback.spool.picking import watch
from engage_portal.fallback.spool.starting import start_if_due
from engage_portal.fallback.spool.uploading import upload_due
from engage_portal.fallback.spool.withdrawing import clean_up, recall
from engage_portal.fallback.spool.writing import write_next
from engage_portal.fallback.words import folder_trouble, trouble_in_words
from engage_portal.outbox.tasks import KEEP_DAYS

log = structlog.get_logger(__name__)

SLICE_SECONDS = 40
"""In which something new may be begun."""
UPLOAD_SECONDS = 50
"""What an upload that was begun at the last moment may take on top: with the dropbox's own patience, both are below
django-q2's timeout, which ends a worker without a word.
"""


def tend() -> None:
    """Once a minute: take back, look, begin, write, upload; as much as the time slice allows."""
    _tend(Deadline.after(SLICE_SECONDS))


def _tend(end: Deadline) -> None:
    _try(recall)
    if is_configured():
        _try(watch)
        _try(clean_up)
    _try(forget_old)
    if is_configured():
        _try(
            lambda: _begin(Deadline.after(end.remaining() / 2))
        )  # however long the look took, time is left to write
        _try(lambda: _write(end))
        _try(lambda: _upload(end))


def _try(step: Callable[[], object]) -> None:
    """What one step cannot do keeps no other from its own: a pick-up needs no spool folder."""
    try:
        step()
    except DropboxError as trouble:
        log.warning("Engage's folders cannot be looked into", problem=str(trouble))
    except (BadNamesError, OSError) as trouble:
        log.error("files are not tended as a whole", problem=trouble_in_words(trouble))  # noqa: TRY400 - without a path


def _begin(end: Deadline) -> None:
    """Nothing is taken from the API's way for a file that could not be written."""
    if trouble := folder_trouble():
        log.error("no files are begun", problem=trouble)
    else:
        start_if_due(end)
        follow(end)


def tend_now() -> None:
    """Have a worker do so at once."""
    async_task("engage_portal.fallback.tasks.tend", task_name="spool files")  # type: ignore[no-untyped-call]


def purge() -> int:
    """Once a day: forget files that ended as long ago as items that settled."""
    end, forgotten = Deadline.after(SLICE_SECONDS), 0
    while not end.is_past and (some := forget_ended(before_days=KEEP_DAYS)):
        forgotten += some
    return forgotten


def carry_on(end: Deadline) -> None:
    """Write what was claimed, then upload what is ready."""
    _write(end)
    _upload(end)


def _write(end: Deadline) -> None:
    while not end.is_past and write_next() is not None:
        continue


def _upload(end: Deadline) -> None:
    upload_due(is_over=lambda: end.is_past, patience=UPLOAD_SECONDS)
