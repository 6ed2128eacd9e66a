"""Waiting for SQLite's write lock: evenly, for as long as the connection says, and with nothing locked meanwhile."""

import threading
import time

import pytest
from django.db import OperationalError, connections

from engage_portal.core.fair_sqlite3.base import DatabaseWrapper


def opened(path, *, seconds: float = 5.0) -> DatabaseWrapper:
    """A connection to a file, as Django would make it."""
    settings = {
        **connections["default"].settings_dict,
        "ENGINE": "engage_portal.core.fair_sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": seconds,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
        "AUTOCOMMIT": True,
    }
    made = DatabaseWrapper(settings, alias="other")
    made.inc_thread_sharing()
    return made


@pytest.fixture
def path(tmp_path, django_db_blocker):
    """A database with a table; connections other than the tests' own are allowed here."""
    with django_db_blocker.unblock():
        found = tmp_path / "fair.sqlite3"
        with opened(found).cursor() as cursor:
            cursor.execute("CREATE TABLE t (x)")
            cursor.execute("INSERT INTO t VALUES (1)")
        yield found


def test_a_statement_outside_a_transaction_waits_for_the_lock(path):
    holder, waiter = opened(path), opened(path)
    holder.cursor().execute("BEGIN IMMEDIATE")
    done = threading.Event()

    def write() -> None:
        with waiter.cursor() as cursor:
            cursor.execute("UPDATE t SET x = 2")
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert not done.wait(0.2)
    holder.cursor().execute("COMMIT")
    thread.join(30)
    assert done.is_set()


def test_it_gives_up_after_the_connections_time_out(path):
    holder, waiter = opened(path), opened(path, seconds=0.2)
    holder.cursor().execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(OperationalError, match="locked"):
        waiter.cursor().execute("UPDATE t SET x = 2")
    assert time.monotonic() - began >= 0.2
    holder.cursor().execute("COMMIT")


def test_other_errors_are_not_repeated(path):
    connection = opened(path)
    began = time.monotonic()
    with pytest.raises(OperationalError, match="no such table"):
        connection.cursor().execute("UPDATE nowhere SET x = 2")
    assert time.monotonic() - began < 2


def test_whoever_waits_blocks_nobody_that_ends_a_cursor_of_theirs(path):
    """Python's garbage collector does that, in whichever thread it runs: also in the one that holds the lock."""
    holder, waiter = opened(path), opened(path, seconds=10)
    bag = []
    ready = threading.Event()

    def write() -> None:
        read = waiter.cursor()
        read.execute("SELECT x FROM t")
        bag.append(read)
        del read
        ready.set()
        with waiter.cursor() as cursor:
            cursor.execute("UPDATE t SET x = 3")

    holder.cursor().execute("BEGIN IMMEDIATE")
    thread = threading.Thread(target=write)
    thread.start()
    ready.wait(30)
    ended = threading.Event()
    threading.Thread(target=lambda: (bag.clear(), ended.set())).start()
    assert ended.wait(30), "ending the cursor had to wait for the lock"
    holder.cursor().execute("COMMIT")
    thread.join(30)
    assert not thread.is_alive()


def test_many_rows_at_once_wait_too(path):
    holder, waiter = opened(path), opened(path)
    holder.cursor().execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, lambda: holder.cursor().execute("COMMIT")).start()
    waiter.cursor().executemany("INSERT INTO t VALUES (%s)", [(number,) for number in range(5)])
    with waiter.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM t").fetchone() == (6,)
