"""Afterwards: a file that is gone from Engage's folder was picked up. That is all that anybody is told.

[developer.voyado.com/docs/file-based-transfer/file-transfer-by-ftp: processed files are deleted]
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from itertools import chain

import structlog
from django.conf import settings
from django.db import transaction

from engage_portal.core import clock
from engage_portal.fallback.dropbox import DropboxError, Step, opened, still_there
from engage_portal.fallback.models import GOES_AGAIN, SpoolEvent, SpoolFile
from engage_portal.fallback.spool import folder
from engage_portal.outbox import spooling

log = structlog.get_logger(__name__)

State = SpoolFile.State
THERE = (State.UPLOADED, State.STUCK)


def watch(*, by: str = "portal") -> int:
    """Look which uploaded files are gone from Engage's folders; returns how many. May run twice.

    Raises DropboxError where the dropbox does not answer, or one of the folders is not there, after it has looked into
    the others: of the files in it nothing is known, and after some hours they say so.
    """
    waiting: dict[str, list[SpoolFile]] = defaultdict(list)
    for file in SpoolFile.objects.filter(state__in=THERE, step=Step.DONE).order_by("number"):
        waiting[file.folder].append(file)
    if not waiting:
        return 0
    gone, troubles = 0, list[DropboxError]()
    try:
        with opened() as box:
            for place, files in waiting.items():
                try:
                    there = still_there(box, place, [file.name for file in files])
                except DropboxError as trouble:
                    troubles.append(trouble)
                    _nothing_known(files, trouble)
                else:
                    gone += _seen(files, there, by)
    except DropboxError as trouble:
        _nothing_known(chain.from_iterable(waiting.values()), trouble)
        raise
    if troubles:
        raise troubles[0]
    return gone


def _nothing_known(files: Iterable[SpoolFile], trouble: DropboxError) -> None:
    for file in files:
        _mind_the_time(file, str(trouble))


def _seen(files: list[SpoolFile], there: set[str], by: str) -> int:
    gone = 0
    for file in files:
        if file.name not in there:
            gone += taken(file, by=by)
        else:
            _mind_the_time(
                file,
                f"Engage has left it lying for {settings.SPOOL_PICKUP_HOURS} hours: ask Voyado whether the import "
                "runs, and whether the folder is right.",
            )
    return gone


@transaction.atomic
def taken(file: SpoolFile, *, by: str = "portal") -> bool:
    """Engage has the file: its items are accepted, and nothing of it stays here. False where that is known already."""
    mine = SpoolFile.objects.filter(pk=file.pk, state__in=THERE)
    if not mine.update(state=State.PICKED_UP, ended_at=clock.now(), problem="", is_kept=False):
        return False
    SpoolEvent.objects.create(file=file, what="picked up", actor=by)
    spooling.picked_up(spool_file=file.key)
    # Not before the people in it say so themselves: their sales go by either.
    SpoolFile.objects.filter(pk=file.pk).update(ended_at=clock.now())
    folder.remove_or_leave(file)  # that Engage has it is true all the same
    log.info("spool file picked up", file=file.pk, records=file.records)
    return True


def settle(file: SpoolFile, *, was_taken: bool, by: str) -> bool:
    """A person found out what became of a file whose upload broke off. False where nobody has to any more."""
    unsure = SpoolFile.objects.filter(pk=file.pk, state=State.STUCK).exclude(step=Step.DONE)
    with transaction.atomic():
        if was_taken:
            return unsure.select_for_update().exists() and taken(file, by=by)
        ready = {"state": State.READY, "step": Step.NOT_BEGUN, "tries": 0, "problem": ""}
        if not unsure.update(**ready, not_before=clock.now()):
            return False
        SpoolEvent.objects.create(file=file, what=GOES_AGAIN, actor=by)
    return True


def _mind_the_time(file: SpoolFile, why: str) -> None:
    """A file of which no pick-up was seen for too long. A new reason is a line in its story; the same one is not."""
    limit = timedelta(hours=settings.SPOOL_PICKUP_HOURS)
    if file.uploaded_at is None or clock.now() - file.uploaded_at < limit:
        return
    why = why[:300]
    with transaction.atomic():
        left = SpoolFile.objects.filter(pk=file.pk, state__in=THERE).exclude(problem=why)
        if left.update(state=State.STUCK, problem=why):
            SpoolEvent.objects.create(file=file, what="stuck", detail=why)
