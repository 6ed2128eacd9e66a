"""From the spool folder to Engage's: one file of a type after the other, in order, each once whatever breaks."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from math import inf

import structlog
from django.db import transaction
from django.db.models import QuerySet

from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage.xml import FileType
from engage_portal.fallback.dropbox import (
    Delivered,
    DropboxError,
    FateUnknownError,
    Outgoing,
    Step,
    Trouble,
    deliver,
    opened,
)
from engage_portal.fallback.models import BEGUN_AGAIN, GOES_AGAIN, SpoolFile
from engage_portal.fallback.selectors import next_of_types
from engage_portal.fallback.spool import folder
from engage_portal.fallback.spool.leases import Lease, LostLeaseError, count_try, failed, held
from engage_portal.fallback.spool.sealing import UnsealError
from engage_portal.fallback.spool.withdrawing import recall
from engage_portal.outbox import spooling

log = structlog.get_logger(__name__)

State = SpoolFile.State
_TRIES_BEFORE_A_CHANGE = 5
"""What fails in the same way so often is done in another one, or by a person."""
_BROKE_OFF = "Its upload broke off with the process that made it. It is tried again."
Progress = Callable[[SpoolFile, int], None]
_AGAIN_HARMLESS = (FileType.CONTACTS, FileType.TRANSACTIONS)
"""Engage takes the same contact as the same, and drops a receipt that it has [developer.voyado.com, receipts]."""


def upload_due(
    *,
    is_over: Callable[[], bool],
    by: str = "portal",
    progress: Progress | None = None,
    patience: float = inf,
) -> int:
    """Upload what is ready and due; returns how many. Files of one type keep their order: a later change of a contact
    goes after an earlier one. Of other types none waits, for what depends on a contact is claimed once its file was
    taken.

    When Engage's API comes back, what has not left for its outage is taken back by rule. None is begun once
    `is_over`, and one that takes more than `patience` seconds is given up and tried again later. Raises nothing for
    trouble with the dropbox: it stands in the file's row, with the time of the next try.
    """
    done = 0
    while not is_over():
        if recall():
            continue
        with held(_due()) as lease:
            if lease is None:
                break
            limits = Deadline.after(patience / 2), Deadline.after(patience)
            end = _end_of(_Watcher(lease, progress, *limits), by)
        done += end is _End.UPLOADED
        if end is _End.BOX_AWAY:
            break
    return done


def _due() -> QuerySet[SpoolFile]:
    """The files whose turn it is, of those that are due."""
    turns = next_of_types().values()
    return SpoolFile.objects.filter(pk__in=turns, state=State.READY, not_before__lte=clock.now())


class _End(Enum):
    """What an upload comes to, for the next ones."""

    UPLOADED = auto()
    FAILED = auto()
    BOX_AWAY = auto()
    """None is begun before the worker's next run."""


@dataclass(frozen=True, slots=True)
class _Watcher:
    """Is told how far an upload is: holds on to its file, and ends what takes too long."""

    lease: Lease
    progress: Progress | None
    login: Deadline
    """After it most of the time is gone before anything was sent."""
    end: Deadline

    def begin(self) -> None:
        self.lease.keep(has_part=True)

    def note(self, step: Step) -> None:
        self.lease.keep(step=step)

    def seen(self, too_late: DropboxError, sent: int) -> None:
        file = self.lease.file
        self.lease.keep()
        if self.progress is not None:
            self.progress(file, sent)
        if self.end.is_past and sent < file.size:
            raise too_late


def _end_of(watcher: _Watcher, by: str) -> _End:
    try:
        return _upload(watcher, by)
    except LostLeaseError:
        # It was withdrawn, or others have it: they tell what became of it. What this one left is deleted in the end.
        SpoolFile.objects.filter(pk=watcher.lease.file.pk).update(has_part=True)
        return _End.FAILED


def _upload(watcher: _Watcher, by: str) -> _End:
    lease, file = watcher.lease, watcher.lease.file
    if file.tries and not file.problem:
        failed(lease, _BROKE_OFF)
    count_try(lease)
    try:
        with opened() as box:
            why_late = Trouble.SLOW_LOGIN if watcher.login.is_past else Trouble.TOO_SLOW
            how = deliver(
                box,
                Outgoing(file.folder, file.name, file.size, partial(folder.intact, file)),
                step=Step(file.step),
                begin=watcher.begin,
                note=watcher.note,
                progress=partial(watcher.seen, DropboxError(why_late, box.where(file.folder))),
            )
    except DropboxError as trouble:
        failed(lease, str(trouble))
        return _End.BOX_AWAY if trouble.is_of_the_whole_box else _End.FAILED
    except FateUnknownError as unknown:
        _fate_unknown(lease, str(unknown))
        return _End.FAILED
    except folder.LostError:
        _write_anew(lease, "It does not lie here as it was written.")
        return _End.FAILED
    except UnsealError as trouble:
        _is_sealed(lease, str(trouble))
        return _End.FAILED
    except OSError as trouble:  # of the dropbox are none: it says them in its own words
        failed(lease, f"The spool folder cannot be read: {trouble.strerror}.")
        return _End.FAILED
    _tell(lease, how, by)
    return _End.UPLOADED


def _tell(lease: Lease, how: Delivered, by: str) -> None:
    file = lease.file
    lease.tell(
        "uploaded",
        actor=by,
        detail="" if how == Delivered.UPLOADED else f"It was there already ({how}).",
        state=State.UPLOADED,
        step=Step.DONE,
        has_part=False,
        uploaded_at=clock.now(),
        tries=0,
        not_before=clock.now(),
        problem="",
    )
    log.info("spool file uploaded", file=file.pk, records=file.records, bytes=file.size)


def _is_sealed(lease: Lease, why: str) -> None:
    """Another machine may have the key. After some tries the file is written with the key that there is."""
    if lease.file.tries <= _TRIES_BEFORE_A_CHANGE:
        failed(lease, why)
    else:
        _write_anew(lease, why)


def _write_anew(lease: Lease, why: str) -> None:
    """What lies here cannot be sent, and its content was asked for: so nothing of it is on its way."""
    lease.keep()
    try:
        folder.remove(lease.file)
    except OSError as trouble:
        failed(lease, f"The spool folder cannot be written to: {trouble.strerror}.")
        return
    lease.tell(
        "lost here",
        detail=f"{why} It is written anew.",
        state=State.WRITING,
        is_kept=False,
        not_before=clock.now(),
        problem="",
    )


def _fate_unknown(lease: Lease, why: str) -> None:
    """What Engage drops when it comes twice goes again; a redemption is for a person to decide, and so is what is gone
    each time. From here on its items are in doubt, should they leave the file.
    """
    file = lease.file
    is_harmless = FileType(file.file_type) in _AGAIN_HARMLESS
    with transaction.atomic():
        if is_harmless and _times_begun_again(file) < _TRIES_BEFORE_A_CHANGE:
            lease.tell(BEGUN_AGAIN, detail=why, step=Step.NOT_BEGUN, problem=f"{why} It goes again.")
        else:
            problem = f"{why} Find out, then say which it is."[:300]
            lease.tell("stuck", detail=why, state=State.STUCK, problem=problem)
        spooling.doubt(spool_file=file.key)


def _times_begun_again(file: SpoolFile) -> int:
    """Since a person last decided. Tries that failed for other reasons, a server that was away, say nothing of it."""
    decided = file.events.filter(what=GOES_AGAIN).order_by("-pk").values_list("pk", flat=True).first()
    return file.events.filter(what=BEGUN_AGAIN, pk__gt=decided or 0).count()
