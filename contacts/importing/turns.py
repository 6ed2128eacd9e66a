"""Whose turn it is: of each kind files are read one at a time, in the order in which Engage made them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet

from contacts.importing.intake import discard
from contacts.models import ExportFile
from engage_portal.core import clock

State = ExportFile.State
LEASE = timedelta(seconds=60)
_ORDER = ("made_at", F("number").asc(nulls_first=True), "name", "added_at")


class LostLeaseError(Exception):
    """Somebody else reads the file now."""


@dataclass(slots=True)
class Lease:
    """The right to read one file, for a minute at a time."""

    file: ExportFile
    until: datetime

    def renew(self, **changes: object) -> None:
        """Hold on, and keep changes of the file in the same statement. Raises LostLeaseError."""
        until = max(clock.now() + LEASE, self.until + timedelta(microseconds=1))
        mine = ExportFile.objects.filter(pk=self.file.pk, lease_until=self.until, state=State.RUNNING)
        if not mine.update(lease_until=until, **changes):
            raise LostLeaseError
        self.until = until

    def end(self, **changes: object) -> None:
        """Let go, and keep changes of the file in the same statement. Raises LostLeaseError."""
        mine = ExportFile.objects.filter(pk=self.file.pk, lease_until=self.until)
        if not mine.update(lease_until=None, **changes):
            raise LostLeaseError


def in_turn(kind: str) -> ExportFile | None:
    """The file whose turn it is: the one that was begun, else the first that was not read. It may be a rejected one."""
    begun = ExportFile.objects.filter(kind=kind, state=State.RUNNING)
    open_ = ExportFile.objects.filter(kind=kind, state__in=[State.WAITING, State.REJECTED])
    return begun.order_by(*_ORDER).first() or open_.order_by(*_ORDER).first()


def following(file: ExportFile) -> ExportFile | None:
    """The file of the same kind that is read once this one is done, if it is here already."""
    return ExportFile.objects.filter(kind=file.kind, state=State.WAITING).order_by(*_ORDER).first()


def in_the_way() -> list[ExportFile]:
    """The rejected files that others of their kind wait behind: at most one of each kind."""
    kinds = ExportFile.objects.filter(state=State.REJECTED).values_list("kind", flat=True).distinct()
    firsts = [in_turn(kind) for kind in sorted(kinds)]
    return [file for file in firsts if file is not None and file.state == State.REJECTED]


def is_any_readable() -> bool:
    """Whether a file could be read now, or is being read."""
    firsts = map(in_turn, ExportFile.Kind.values)
    return any(file is not None and file.state != State.REJECTED for file in firsts)


def claim(kind: str) -> Lease | None:
    """Take the file whose turn it is; None where there is none, or another process reads it, or it is in the way."""
    file = in_turn(kind)
    if file is None or file.state == State.REJECTED:
        return None
    now = clock.now()
    until = now + LEASE
    free = ExportFile.objects.filter(pk=file.pk, state__in=[State.WAITING, State.RUNNING]).filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    )
    if not free.update(state=State.RUNNING, lease_until=until):
        return None
    file.refresh_from_db()
    return Lease(file, until)


def before(file: ExportFile) -> QuerySet[ExportFile]:
    """The files of its kind with a number that Engage made before this one, last one first."""
    earlier = Q(made_at__lt=file.made_at) | Q(made_at=file.made_at, number__lt=file.number or 0)
    numbered = ExportFile.objects.filter(earlier, kind=file.kind, number__isnull=False).exclude(pk=file.pk)
    return numbered.order_by("-made_at", "-number")


def try_again(file_id: UUID) -> bool:
    """Read a rejected file once more, when its turn comes. False where it is not rejected."""
    rejected = ExportFile.objects.filter(pk=file_id, state=State.REJECTED)
    return bool(rejected.update(state=State.WAITING, problem="", report={}, finished_at=None))


def pass_over(file_id: UUID) -> bool:
    """Give a rejected file up, so that those after it are read. False where it is not rejected."""
    file = ExportFile.objects.filter(pk=file_id, state=State.REJECTED).first()
    if file is None or not ExportFile.objects.filter(pk=file_id, state=State.REJECTED).update(
        state=State.PASSED, finished_at=clock.now()
    ):
        return False
    discard(file)
    return True
