"""What files would bring, before anything is claimed: how many, which files, and how long the other ways would take."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from math import ceil
from typing import Any

from django.conf import settings

from engage_portal.engage.xml import MOST_LINES, FileType
from engage_portal.fallback import groups
from engage_portal.fallback.models import TYPE_LABELS
from engage_portal.fallback.profile import goes_by_file
from engage_portal.fallback.spool.claiming import BATCH, fits
from engage_portal.outbox import spooling
from engage_portal.outbox.registry import Handler, kinds

_BULK_ROWS = 4000
"""Of one bulk call [developer.voyado.com/docs/contacts/bulk-contacts-api]."""
LOOKED_AT = 1000
"""Items of each kind whose records are made to see which file they belong in: a page waits for it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of items in the plan."""

    kind: str
    label: str
    count: int
    goes_by_file: bool
    goes_in_bulk: bool


@dataclass(frozen=True, slots=True)
class Portion:
    """What would share files: one type, and one group of its records."""

    file_type: FileType
    group: str
    """What all its records have in common. Nothing personal."""
    items: int
    lines: int

    @property
    def label(self) -> str:
        """The type for people."""
        return TYPE_LABELS[self.file_type]

    @property
    def shared(self) -> str:
        """What its records have in common, for people."""
        return groups.in_words(self.group)

    @property
    def files(self) -> int:
        """How many files that is at least."""
        return max(ceil(self.items / settings.SPOOL_MAX_RECORDS), ceil(self.lines / MOST_LINES))


@dataclass(frozen=True, slots=True)
class Plan:
    """What waits, and the ways that it could go."""

    waiting: tuple[Waiting, ...]
    portions: tuple[Portion, ...] = ()
    """In which files it would go; of the first `LOOKED_AT` items of each kind."""

    @property
    def is_whole(self) -> bool:
        """Whether `portions` have all that could go."""
        return all(each.count <= LOOKED_AT for each in self.waiting if each.goes_by_file)

    @property
    def by_file(self) -> int:
        """How many items could go in files; those that turn out to depend on others stay."""
        if self.is_whole:
            return sum(each.items for each in self.portions)
        return sum(each.count for each in self.waiting if each.goes_by_file)

    @property
    def stays(self) -> int:
        """How many items have to wait for the API."""
        return sum(each.count for each in self.waiting) - self.by_file

    @property
    def files(self) -> int:
        """At least so many files; where not all was looked at, more kinds of keys make more."""
        most = settings.SPOOL_MAX_RECORDS
        seen = sum(each.files for each in self.portions)
        if self.is_whole:
            return seen
        return max(seen, sum(ceil(each.count / most) for each in self.waiting if each.goes_by_file))

    @property
    def api_seconds(self) -> int:
        """By the API, a call for each, at `ENGAGE_RATE` calls a second; it has to be up for that."""
        return ceil(sum(each.count for each in self.waiting) / settings.ENGAGE_RATE)

    @property
    def bulk_seconds(self) -> int:
        """The same, with bulk calls for contacts; a look-up for each row follows them."""
        calls = sum(
            each.count + ceil(each.count / _BULK_ROWS) if each.goes_in_bulk else each.count
            for each in self.waiting
        )
        return ceil(calls / settings.ENGAGE_RATE)


def plan() -> Plan:
    """What waits now, by kind and by file. One count for each kind, and a bounded look; nothing is claimed.

    Raises BadNamesError where the tenant's file profile cannot be used.
    """
    handlers = kinds()
    found = [_waiting(handler) for handler in handlers]
    by_file = [
        handler for handler, each in zip(handlers, found, strict=True) if each.count and each.goes_by_file
    ]
    return Plan(tuple(each for each in found if each.count), tuple(_portions(by_file)))


def _waiting(handler: Handler[Any]) -> Waiting:
    return Waiting(
        handler.kind,
        handler.label,
        spooling.waiting(handler.kind).count(),
        goes_by_file=bool(handler.file_type) and goes_by_file(FileType(handler.file_type)),
        goes_in_bulk=handler.goes_in_bulk,
    )


def _portions(handlers: Iterable[Handler[Any]]) -> list[Portion]:
    items, lines = defaultdict[tuple[str, str], int](int), defaultdict[tuple[str, str], int](int)
    for handler in handlers:
        for _, batch in islice(fits(handler), LOOKED_AT // BATCH):
            for fit in batch:
                items[handler.file_type, fit.row.group] += 1
                lines[handler.file_type, fit.row.group] += fit.row.lines
    return [
        Portion(FileType(file_type), group, count, lines[file_type, group])
        for (file_type, group), count in items.items()
    ]
