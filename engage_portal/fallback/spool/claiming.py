"""Which items go into which files: claimed in batches, in the order in which they were queued."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from engage_portal.core import clock
from engage_portal.engage.xml import MOST_LINES, FileType, file_name
from engage_portal.fallback.models import SpoolEvent, SpoolFile
from engage_portal.fallback.profile import folder_of, goes_by_file, profile
from engage_portal.fallback.spool.leases import LEASE, Lease, let_go
from engage_portal.fallback.spool.rows import row_of
from engage_portal.outbox import spooling
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import FileRow, Handler, kinds

BATCH = 500


@dataclass(frozen=True, slots=True)
class Fit:
    """An item and the record that it would be."""

    item: Item
    row: FileRow


@dataclass(slots=True)
class Claimed:
    """What one round brought into files."""

    files: list[SpoolFile] = field(default_factory=list)
    items: int = 0
    stopped_at: tuple[str, int] | None = None
    """The kind and the number of the item where the time was over; None: all that could go was looked at."""


def by_file() -> list[Handler[Any]]:
    """The kinds that the tenant takes in files, in the order in which they go."""
    return [handler for handler in kinds() if handler.file_type and goes_by_file(FileType(handler.file_type))]


def sales_by_file() -> list[Handler[Any]]:
    """Those of them that wait until Engage has the person: sales."""
    return [handler for handler in by_file() if handler.file_type == FileType.TRANSACTIONS]


def fits(
    handler: Handler[Any], after: int = 0, behind: UUID | None = None
) -> Iterator[tuple[int, list[Fit]]]:
    """What waits of a kind and could be in a file, a batch at a time, each with the number of its last item; `behind` a
    file, only what follows that one.
    """
    kind, last = handler.kind, after
    rows = spooling.following(kind, spool_file=behind) if behind else spooling.waiting(kind)
    while items := list(rows.filter(pk__gt=last)[:BATCH]):
        last = items[-1].pk
        subjects = handler.load({item.subject_id for item in items})
        rows_of = ((item, row_of(handler, item, subjects.get(item.subject_id))) for item in items)
        yield last, [Fit(item, row) for item, row in rows_of if row is not None]


class Round:
    """One round of claims. A file that is full is closed, and another one of its group begun.

    What is claimed stays so after a crash: the file is then written with what it has. Until the round is over its files
    are leased to it: one that is written, or withdrawn, takes no more items.

    One that goes `behind` a contacts file takes nothing but sales of the people whom that file creates.
    """

    def __init__(
        self,
        *,
        by: str,
        is_for_outage: bool,
        is_over: Callable[[], bool] = lambda: False,
        goes_on_at: tuple[str, int] | None = None,
        behind: UUID | None = None,
    ) -> None:
        self.claimed = Claimed()
        self._is_over = is_over
        self._goes_on_at = goes_on_at or ("", 0)
        self._behind = behind
        self._by = by
        self._is_for_outage = is_for_outage
        self._open: dict[tuple[str, str], SpoolFile] = {}
        self._token = uuid4()

    def claim(self) -> Claimed:
        """Claim all that can go, until a whole pass finds nothing more, for one item may have waited for another; or
        until the time is over.
        """
        before = -1
        try:
            while self.claimed.items > before and self.claimed.stopped_at is None:
                before = self.claimed.items
                self._pass()
        finally:
            let_go(self._token)
        return self.claimed

    def _pass(self) -> None:
        (kind, after), self._goes_on_at = self._goes_on_at, ("", 0)
        handlers = {handler.kind: handler for handler in (sales_by_file() if self._behind else by_file())}
        left = list(handlers)[list(handlers).index(kind) if kind in handlers else 0 :]
        for name in left:
            for last, batch in fits(handlers[name], after if name == kind else 0, self._behind):
                self._put(handlers[name].file_type, batch)
                if self._is_over():
                    self.claimed.stopped_at = (name, last)
                    return

    def _put(self, file_type: str, batch: Sequence[Fit]) -> None:
        groups: dict[str, list[Fit]] = defaultdict(list)
        for fit in batch:
            groups[fit.row.group].append(fit)
        for some in groups.values():
            self._put_group(file_type, some)

    def _put_group(self, file_type: str, some: Sequence[Fit]) -> None:
        left = list(some)
        while left:
            file = self._file_for(file_type, left[0].row)
            now, rest = _split(left, records=_room(file), lines=MOST_LINES - file.lines)
            if now and not self._own(file, now):
                rest = left
            if rest:
                del self._open[file.file_type, file.group]
            left = rest

    @transaction.atomic
    def _own(self, file: SpoolFile, some: Sequence[Fit]) -> bool:
        """Claim items for a file. False where it is not this round's any more: after a long halt, others have it."""
        if file.name and not Lease(file, self._token).is_kept(state=SpoolFile.State.WRITING):
            return False
        owned = {item.pk for item in spooling.spool(pks=[fit.item.pk for fit in some], spool_file=file.key)}
        if not owned:
            return True
        if not file.name:
            _begin(file, self._token)
            self.claimed.files.append(file)
        file.records += len(owned)
        file.lines += sum(fit.row.lines for fit in some if fit.item.pk in owned)
        file.save(update_fields=["records", "lines"])
        self.claimed.items += len(owned)
        return True

    def _file_for(self, file_type: str, row: FileRow) -> SpoolFile:
        """The group's open file; one that has no row yet gets it with its first items."""
        key = (file_type, row.group)
        if key not in self._open:
            self._open[key] = SpoolFile(
                file_type=file_type,
                group=row.group,
                source=row.source,
                made_by=self._by,
                is_for_outage=self._is_for_outage,
            )
        return self._open[key]


def _begin(file: SpoolFile, token: UUID) -> None:
    """Give a file its row, number and name, leased to the round."""
    file.made_at, file.folder = clock.now(), folder_of(FileType(file.file_type))
    file.lease_token, file.lease_until = token, file.made_at + LEASE
    file.save(force_insert=True)
    file.name = file_name(FileType(file.file_type), file.made_at, file.pk, profile())
    file.save(update_fields=["name"])
    SpoolEvent.objects.create(file=file, what="begun", actor=file.made_by)


def _room(file: SpoolFile) -> int:
    return int(settings.SPOOL_MAX_RECORDS) - file.records


def _split(some: Sequence[Fit], *, records: int, lines: int) -> tuple[list[Fit], list[Fit]]:
    """What still fits into a file, and the rest. A record is never divided; an empty file takes any."""
    taken = 0
    for place, fit in enumerate(some[:records]):
        taken += fit.row.lines
        if taken > lines and not (place == 0 and lines == MOST_LINES):
            return list(some[:place]), list(some[place:])
    return list(some[:records]), list(some[records:])
