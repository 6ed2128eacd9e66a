"""Who works on a spool file: one process at a time, and nobody else may move it meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from engage_portal.core import clock
from engage_portal.fallback.models import SpoolEvent, SpoolFile
from engage_portal.outbox.delivery.verdicts import backoff

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)


class LostLeaseError(Exception):
    """Somebody else works on the file now, or it was withdrawn."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one file, for a minute at a time."""

    file: SpoolFile
    token: UUID

    def keep(self, **changes: Any) -> None:
        """Hold on, and keep changes of the file in the same statement. Raises LostLeaseError."""
        if not self._mine().update(lease_until=clock.now() + LEASE, **changes):
            raise LostLeaseError
        for name, value in changes.items():
            setattr(self.file, name, value)

    def is_kept(self, *, state: str) -> bool:
        """Hold on where the file still stands there, its row locked; False where others have it, or had it."""
        return bool(self._mine().filter(state=state).update(lease_until=clock.now() + LEASE))

    def _mine(self) -> QuerySet[SpoolFile]:
        return SpoolFile.objects.filter(pk=self.file.pk, lease_token=self.token)

    @transaction.atomic
    def tell(self, what: str, *, actor: str = "portal", detail: str = "", **changes: Any) -> None:
        """The same, and a line in the file's story."""
        self.keep(**changes)
        SpoolEvent.objects.create(file=self.file, what=what, actor=actor, detail=detail[:300])


def free(files: QuerySet[SpoolFile]) -> QuerySet[SpoolFile]:
    """Those that nobody works on."""
    return files.filter(Q(lease_until__isnull=True) | Q(lease_until__lt=clock.now()))


@contextmanager
def held(files: QuerySet[SpoolFile]) -> Iterator[Lease | None]:
    """Take the first of some files; None where there is none, or others have them all. Let go of at the end."""
    token = uuid4()
    lease = _taken(files, token)
    try:
        yield lease
    finally:
        let_go(token)


def let_go(token: UUID) -> None:
    """Others may work on the files of a lease now. May run twice."""
    SpoolFile.objects.filter(lease_token=token).update(lease_token=None, lease_until=None)


def _taken(files: QuerySet[SpoolFile], token: UUID) -> Lease | None:
    while (first := free(files).order_by("number").first()) is not None:
        mine = free(files.filter(pk=first.pk))
        if mine.update(lease_token=token, lease_until=clock.now() + LEASE):
            first.refresh_from_db()
            return Lease(first, token)
    return None


def count_try(lease: Lease) -> None:
    """Have the next try wait, with the queue's own waits. Before a try: also one that ends with its process counts."""
    tries = lease.file.tries + 1
    lease.keep(tries=tries, not_before=clock.now() + timedelta(seconds=backoff(tries)))


def failed(lease: Lease, why: str, *, what: str = "upload failed") -> None:
    """Say why a try that was counted failed. A new reason is a line in the story; the same one is not."""
    file = lease.file
    log.warning("a spool file does not go on", file=file.pk, what=what, problem=why)
    if file.problem != why[:300]:
        lease.tell(what, detail=why, problem=why[:300])
