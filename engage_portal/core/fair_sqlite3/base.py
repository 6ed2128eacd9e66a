"""Django's SQLite backend, with a fair wait at the start of a transaction.

SQLite's own wait for the write lock sleeps longer each time, up to 100 ms: under load whoever came first waits longest,
and a till that should have its answer in milliseconds sometimes waits for seconds. Here everybody asks again after a
millisecond or two, so the lock goes to whoever is there. Only transactions do so, not single statements outside of one.
"""

import random
import time

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

_LEAST, _MOST = 0.0005, 0.002


class DatabaseWrapper(base.DatabaseWrapper):
    """The same database, entered evenly."""

    def _start_transaction_under_autocommit(self) -> None:
        """BEGIN IMMEDIATE, asked again until the lock is free or the connection's `timeout` is over."""
        patience = float(self.settings_dict["OPTIONS"].get("timeout", 5))
        end = time.monotonic() + patience
        with self.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 0")
            try:
                while not self._began():
                    if time.monotonic() > end:
                        raise OperationalError("database is locked")
                    time.sleep(random.uniform(_LEAST, _MOST))  # noqa: S311 - spreads the askers, keeps no secret
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")

    def _began(self) -> bool:
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # not in the stubs
        except OperationalError as error:
            if "locked" not in str(error):
                raise
            return False
        return True
