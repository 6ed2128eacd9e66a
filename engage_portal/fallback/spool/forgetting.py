"""What leaves on time: files that lay here for too long, what a crash left, and at last what is told of files."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q, QuerySet

from engage_portal.core import clock
from engage_portal.fallback.models import ENDED, SpoolFile
from engage_portal.fallback.spool import folder
from engage_portal.fallback.spool.leases import free
from engage_portal.fallback.spool.withdrawing import withdraw

_AT_ONCE = 200
_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Leaving:
    """What has to leave the spool folder now."""

    files: list[SpoolFile]
    strays: list[Path]
    """What belongs to no file that is on its way, or to one that is too old: a crash may leave it, or another machine,
    that sent the file while a copy of it lay here.
    """

    @property
    def count(self) -> int:
        """How many files that is."""
        return len(self.files) + len(self.strays)


def leaving() -> Leaving:
    """What lies in the spool folder for longer than `SPOOL_KEEP_HOURS`, or for nobody; as much of it as goes at once.

    Raises OSError where the folder cannot be read.
    """
    lying = folder.lying()  # first: what is begun later is not in it
    files = list(_overdue()[:_AT_ONCE])
    on_their_way = SpoolFile.objects.exclude(state__in=ENDED)
    young = on_their_way.filter(Q(made_at__gte=_oldest()) | Q(lease_until__gt=clock.now()))
    known = set(young.values_list("name", flat=True))
    known.update(file.name for file in files)
    return Leaving(files, [path for path in lying if folder.owner_of(path) not in known])


def forget_old() -> int:
    """Delete what has to leave the spool folder. Returns how many files that were; may run twice.

    One that has not left is withdrawn: its items wait, and can be written again. Of one that has, or whose upload broke
    off at its last step, only the copy goes: what became of it can be told by its size.
    """
    found = leaving()
    gone = sum(_forget(file) for file in found.files)
    for path in found.strays:
        path.unlink(missing_ok=True)
    return gone + len(found.strays)


def forget_ended(*, before_days: int) -> int:
    """Delete what is told of files that ended that many days ago. Returns how many; may run twice.

    Not of one that may have left something in Engage's folder: only its row tells where that has to be deleted,
    until `clean_up` gives it up.
    """
    limit = clock.now() - timedelta(days=before_days)
    ended = SpoolFile.objects.filter(state__in=ENDED, has_part=False, ended_at__lt=limit)
    pks = list(ended.order_by("number").values_list("pk", flat=True)[:_ROWS_AT_ONCE])
    SpoolFile.objects.filter(pk__in=pks).delete()
    return len(pks)


def _overdue() -> QuerySet[SpoolFile]:
    """The files that have lain here for too long, or could not be written in all that time; nobody works on them."""
    old = free(SpoolFile.objects.filter(made_at__lt=_oldest()))
    return old.filter(Q(is_kept=True) | Q(state=SpoolFile.State.WRITING)).order_by("number")


def _oldest() -> datetime:
    """When a file was made that may just lie here still."""
    return clock.now() - timedelta(hours=settings.SPOOL_KEEP_HOURS)


def _forget(file: SpoolFile) -> bool:
    if file.may_be_withdrawn:
        return withdraw(file, by="portal", reason=f"It lay here for {settings.SPOOL_KEEP_HOURS} hours.")
    if not free(SpoolFile.objects.filter(pk=file.pk, is_kept=True)).update(is_kept=False):
        return False
    folder.remove(file)
    return True
