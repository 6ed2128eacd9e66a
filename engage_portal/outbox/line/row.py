"""The one row about the line to Engage, which every process locks before it changes it: nobody waits too long for that.

Whoever has somebody waiting says how long it may take: a lock that another process holds (one that was stopped, a slow
disk, a long transaction on SQLite) must not keep a till beyond its time.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db import OperationalError, connection, transaction

from engage_portal.outbox.models import EngageLine

_LOCK_NOT_AVAILABLE = "55P03"


class RowBusyError(Exception):
    """Somebody else held the row, or on SQLite the database, for the whole time."""


@contextmanager
def locked_line(*, within: float | None = None) -> Iterator[EngageLine]:
    """The row, locked for the block, which is one transaction; made where it is missing.

    Raises RowBusyError where it was not free within so many seconds; then nothing has happened.
    """
    try:
        with ExitStack() as stack:
            with _patience_on_sqlite(within):
                stack.enter_context(transaction.atomic())
                line = _locked(within)
            yield line
    except OperationalError as error:
        if within is None or not _is_busy(error):
            raise
        raise RowBusyError from None


def _locked(within: float | None) -> EngageLine:
    _configure_postgresql(within)
    line = EngageLine.objects.select_for_update().filter(pk="default").first()
    if line is None:
        EngageLine.objects.bulk_create([EngageLine(pk="default")], ignore_conflicts=True)
        line = EngageLine.objects.select_for_update().get(pk="default")
    return line


def _configure_postgresql(within: float | None) -> None:
    """Everybody who calls waits for this row, so PostgreSQL does not wait for the disk meanwhile; nor for others too
    long.

    A pace or a breaker that a crash forgets is learnt anew. Not inside somebody's own transaction: what that keeps must
    last, and its locks are its own affair.
    """
    if connection.vendor != "postgresql" or connection.savepoint_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'off', true), set_config('lock_timeout', %s, true)",
            [str(0 if within is None else max(1, int(within * 1000)))],
        )


@contextmanager
def _patience_on_sqlite(within: float | None) -> Iterator[None]:
    if connection.vendor != "sqlite" or within is None:
        yield
        return
    with connection.waiting_at_most(within):  # type: ignore[attr-defined]
        yield


def _is_busy(error: OperationalError) -> bool:
    """Whether a lock was not free in time, rather than something being wrong with the database."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode == sqlite3.SQLITE_BUSY
    return getattr(cause, "sqlstate", None) == _LOCK_NOT_AVAILABLE
