"""Taking files back that have not left, so that their items go the other way and never both.

Of one that may have left nobody can promise that: it is taken back by a person, or once it is too old, and never by
rule; its items are in doubt then, and looked for in Engage first.
"""

from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from engage_portal.core import clock
from engage_portal.fallback.dropbox import Dropbox, DropboxError, Step, discard, opened
from engage_portal.fallback.models import BEGUN_AGAIN, ENDED, SpoolEvent, SpoolFile
from engage_portal.fallback.spool import folder
from engage_portal.fallback.spool.leases import free
from engage_portal.outbox import spooling
from engage_portal.outbox.line import breaker
from engage_portal.outbox.tasks import KEEP_DAYS

log = structlog.get_logger(__name__)

State = SpoolFile.State
AT_HOME = (State.WRITING, State.READY)
_AT_ONCE = 200
_LEFT_LYING = (
    f"In {KEEP_DAYS} days Engage's folder could not be looked into: half a file may still lie there."
)


def withdraw(file: SpoolFile, *, by: str, reason: str = "", is_urgent: bool = False) -> bool:
    """Take a file back: its items wait again, and nothing of it stays here. May run twice.

    Where the spool folder cannot be used the sweep deletes the copy once it can: nobody waits for that. What an upload
    left of it in Engage's folder is for `clean_up`. False where its upload has begun, or somebody
    works on it: what may be in Engage cannot be taken back. `is_urgent` takes it also from whoever fills or writes
    it; they notice at their next step.
    """
    with transaction.atomic():
        here = SpoolFile.objects.filter(pk=file.pk, state__in=AT_HOME, step=Step.NOT_BEGUN)
        mine = free(here)
        if is_urgent:
            mine = mine | here.filter(state=State.WRITING)
        if not mine.update(
            state=State.WITHDRAWN,
            ended_at=clock.now(),
            problem="",
            is_kept=False,
            lease_token=None,  # whoever worked on it and was halted for long finds out at the next step
            lease_until=None,
        ):
            return False
        SpoolEvent.objects.create(file=file, what="withdrawn", actor=by, detail=reason[:300])
        count = spooling.withdraw(spool_file=file.key)
    folder.remove_or_leave(file)
    log.info("spool file withdrawn", file=file.pk, items=count)
    return True


def left_because(file: SpoolFile) -> str:
    """Why a file is not taken back, by what it is now; the end of a sentence."""
    file.refresh_from_db()
    if file.state not in AT_HOME:
        return f"it {'needs a decision' if file.is_undecided else f'is {file.state_label.lower()}'}"
    if file.step != Step.NOT_BEGUN:
        return "its upload has begun"
    return "somebody works on it just now, try again in a minute"


def recall() -> int:
    """Engage's API is back: take back what was written because it was away and has not left. Returns how many files.

    By rule (`SPOOL_WITHDRAW`): calls are the faster way, and tell what became of everything. Not what was begun again:
    Engage may be importing it this moment, and would not show it yet; once more as a file, it does no harm.
    """
    if not settings.SPOOL_WITHDRAW or not breaker.is_closed() or breaker.is_suspect():
        return 0
    files = at_home().filter(is_for_outage=True).exclude(events__what=BEGUN_AGAIN)
    return sum(withdraw(file, by="portal", reason="Engage's API is back.") for file in files[:_AT_ONCE])


def at_home() -> QuerySet[SpoolFile]:
    """The files that have not left."""
    return not_uploaded().filter(step=Step.NOT_BEGUN)


def not_uploaded() -> QuerySet[SpoolFile]:
    """The same, and those that are on their way this moment, or whose upload broke off."""
    return SpoolFile.objects.filter(state__in=AT_HOME).order_by("number")


def clean_up() -> int:
    """Delete in Engage's folders what uploads that broke off left of files that ended. Returns of how many.

    May run twice. Raises DropboxError where it cannot look into one of them: that is for the next time, until the
    file is forgotten.
    """
    left = list(_with_a_part()[:_AT_ONCE])
    if not left:
        return 0
    try:
        with opened() as box:
            troubles = [trouble for file in left if (trouble := _discarded(box, file)) is not None]
    finally:
        _give_up()
    if troubles:
        raise troubles[0]
    return len(left)


def _with_a_part() -> QuerySet[SpoolFile]:
    return SpoolFile.objects.filter(has_part=True, state__in=ENDED).order_by("number")


def _discarded(box: Dropbox, file: SpoolFile) -> DropboxError | None:
    """A folder that is gone keeps no other one from being tidied; a dropbox that is away ends it."""
    try:
        discard(box, folder=file.folder, name=file.name)
    except DropboxError as trouble:
        if trouble.is_of_the_whole_box:
            raise
        return trouble
    SpoolFile.objects.filter(pk=file.pk).update(has_part=False)
    return None


def _give_up() -> None:
    """What could not be deleted for as long as ended files are told of, in a folder that will not come back."""
    limit = clock.now() - timedelta(days=KEEP_DAYS)
    for file in _with_a_part().filter(ended_at__lt=limit)[:_AT_ONCE]:
        with transaction.atomic():
            SpoolFile.objects.filter(pk=file.pk).update(has_part=False)
            SpoolEvent.objects.create(file=file, what="left lying", detail=_LEFT_LYING)
        log.warning("what an upload left in Engage's folder could not be deleted", file=file.pk)
