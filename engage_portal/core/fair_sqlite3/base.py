"""Django's SQLite backend, with a fair wait for the write lock that holds no lock of its own.

SQLite's own wait sleeps longer each time, up to 100 ms: under load whoever came first waits longest, and a till that
should have its answer in milliseconds sometimes waits for seconds. Here everybody asks again after a millisecond or
two, so the lock goes to whoever is there.

It also sleeps inside of SQLite, with the connection's mutex held. Python's garbage collector ends cursors in whichever
thread it happens to run: one that holds the write lock would then wait for the sleeper's mutex, and the sleeper for the
write lock, until the time-out. So nobody ever sleeps in there.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.sqlite3 import base

_LEAST, _MOST = 0.0005, 0.002
_PASSING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY)


class _FairCursor(base.SQLiteCursorWrapper):
    """A cursor whose statements wait in Python."""

    patience = 5.0

    def execute(self, query: str, params: Any = None) -> Any:
        """Run a statement, asked again until the lock is free or the connection's `timeout` is over."""
        return self._patiently(lambda: super(_FairCursor, self).execute(query, params))

    def executemany(self, query: str, param_list: Any) -> Any:
        """The same for many parameters."""
        rows = list(param_list)
        return self._patiently(lambda: super(_FairCursor, self).executemany(query, rows))

    def _patiently(self, run: Callable[[], Any]) -> Any:
        end = time.monotonic() + self.patience
        while True:
            try:
                return run()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in _PASSING or time.monotonic() > end:
                    raise
            time.sleep(random.uniform(_LEAST, _MOST))  # noqa: S311 - spreads the askers, keeps no secret


class DatabaseWrapper(base.DatabaseWrapper):
    """The same database, entered evenly."""

    _at_most: float | None = None

    @contextmanager
    def waiting_at_most(self, seconds: float) -> Iterator[None]:
        """Statements of the block wait no longer than that for the lock, whatever the connection's `timeout` says."""
        before, self._at_most = self._at_most, seconds
        try:
            yield
        finally:
            self._at_most = before

    def get_new_connection(self, conn_params: Any) -> Any:
        """A connection that never waits by itself, once it is set up."""
        connection = super().get_new_connection(conn_params)
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor that does."""
        del name
        cursor = self.connection.cursor(factory=_FairCursor)
        patience = float(self.settings_dict["OPTIONS"].get("timeout", 5))
        cursor.patience = patience if self._at_most is None else min(patience, self._at_most)
        return cursor
