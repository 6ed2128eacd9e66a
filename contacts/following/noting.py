"""The list of contacts to fetch anew: noting, taking, and letting go of them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from contacts.models import ToRefresh
from engage_portal.core import clock

CHANGES, WEBHOOK, STAFF = "changes", "webhook", "staff"
"""Reasons."""

_TOGETHER = 500
_AHEAD = timedelta(days=30)
"""What goes first is due for so long already: the list is worked through in the order in which its rows fell due."""
_TAKEN_FOR = timedelta(minutes=3)
_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=6)
_MOST_TRIES = 1000


def note(ids: Iterable[UUID], *, reason: str, goes_first: bool = False) -> int:
    """Note contacts, by Engage's ids, to be fetched; returns how many. May run twice: a contact stands there once.

    Noting again says that it changed again. In short transactions, so that a quarter of a million hold nobody up.
    """
    noted = 0
    for some in batches(dict.fromkeys(ids)):
        now = clock.now()
        due = now - _AHEAD if goes_first else now
        rows = [
            ToRefresh(engage_contact_id=each, reason=reason, noted_at=now, not_before=due)
            for each in sorted(some)  # in one order, so that two who note do not wait for each other
        ]
        ToRefresh.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["engage_contact_id"],
            update_fields=["reason", "noted_at", "not_before"],
        )
        noted += len(rows)
    return noted


def batches(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    """The ids, as many at a time as go into one statement."""
    rest = iter(ids)
    while some := list(islice(rest, _TOGETHER)):
        yield some


def take(count: int) -> list[ToRefresh]:
    """Up to `count` rows that are due, for one process; they fall due again by themselves if it dies."""
    now = clock.now()
    with transaction.atomic():
        due = ToRefresh.objects.filter(not_before__lte=now).order_by("not_before")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        rows = list(due[:count])
        _same(rows).update(not_before=now + _TAKEN_FOR)
    return rows


def is_any_due() -> bool:
    """Whether something could be fetched now."""
    return ToRefresh.objects.filter(not_before__lte=clock.now()).exists()


def put_back(rows: Sequence[ToRefresh]) -> None:
    """Rows that were taken and not asked for are due as before."""
    for row in rows:
        _unchanged(row).update(not_before=row.not_before)


def let_go(row: ToRefresh) -> None:
    """It was fetched: its row goes, unless it was noted again meanwhile."""
    _unchanged(row).delete()


def try_later(row: ToRefresh) -> None:
    """It could not be fetched: again after a wait that grows, for as long as it takes."""
    tries = min(row.tries + 1, _MOST_TRIES)
    wait = min(_WAIT * 2 ** min(row.tries, 20), _LONGEST_WAIT)
    _unchanged(row).update(tries=tries, not_before=clock.now() + wait)


def _unchanged(row: ToRefresh) -> QuerySet[ToRefresh]:
    return ToRefresh.objects.filter(pk=row.pk, noted_at=row.noted_at)


def _same(rows: Sequence[ToRefresh]) -> QuerySet[ToRefresh]:
    return ToRefresh.objects.filter(pk__in=[row.pk for row in rows])
