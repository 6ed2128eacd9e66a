"""The sandbox's records: read from memory, written through to one SQLite file that survives `kill -9`.

Every change of one request is one transaction; `commit` returns before the answer leaves. WAL with
synchronous=NORMAL loses nothing when the process dies (only a power cut could, which a stand-in may).
Records are never changed in place: whoever changes one puts a new dict, so that `rollback` can put the old
one back.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from engage_portal.sandbox.answers import Record

IndexValues = Callable[[Record], Iterable[str]]
_Place = tuple[str, str]

BUSY_SECONDS = 3.0
"""How long a start waits for a sandbox that is just ending to let go of the file."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (kind, id))
"""
_WRITE = (
    "INSERT INTO records (kind, id, body) VALUES (?, ?, ?) "
    "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body"
)


class StateFileError(Exception):
    """The state file cannot be used: held by another sandbox, or no database."""


class Store:
    """Records by kind and id, in the order in which they first came, with indexes and one undo step.

    Not thread-safe by itself: the state above it holds one lock around each request.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._kinds: dict[str, dict[str, Record]] = {}
        self._index_by: dict[str, dict[str, IndexValues]] = {}
        self._indexes: dict[_Place, dict[str, dict[str, None]]] = {}
        self._before: dict[_Place, Record | None] = {}
        self._file = _opened(path) if path else None
        if self._file:
            for kind, key, body in self._file.execute("SELECT kind, id, body FROM records ORDER BY seq"):
                self._kinds.setdefault(kind, {})[key] = json.loads(body)

    def index(self, kind: str, name: str, values: IndexValues) -> None:
        """Keep records of a kind findable by what `values` says about each."""
        self._index_by.setdefault(kind, {})[name] = values
        self._indexes[kind, name] = {}
        for key, record in self.all(kind).items():
            for value in values(record):
                self._indexes[kind, name].setdefault(value, {})[key] = None

    def all(self, kind: str) -> Mapping[str, Record]:
        """Every record of a kind, oldest first."""
        return MappingProxyType(self._kinds.get(kind, {}))

    def get(self, kind: str, key: str) -> Record | None:
        """One record."""
        return self._kinds.get(kind, {}).get(key)

    def find(self, kind: str, name: str, value: str) -> list[Record]:
        """The records an index knows under a value, oldest first."""
        records = self._kinds.get(kind, {})
        return [records[key] for key in self._indexes[kind, name].get(value, ())]

    def first(self, kind: str, name: str, value: str) -> Record | None:
        """The oldest record an index knows under a value."""
        key = next(iter(self._indexes[kind, name].get(value, ())), None)
        return None if key is None else self.get(kind, key)

    def find_items(self, kind: str, name: str, value: str) -> list[tuple[str, Record]]:
        """As `find`, with the records' ids."""
        records = self._kinds.get(kind, {})
        return [(key, records[key]) for key in self._indexes[kind, name].get(value, ())]

    def put(self, kind: str, key: str, record: Record) -> None:
        """Add or replace a record; it is on disk after the next `commit`."""
        self._change(kind, key, record)

    def remove(self, kind: str, key: str) -> None:
        """Take a record out; absent is fine."""
        self._change(kind, key, None)

    @property
    def is_dirty(self) -> bool:
        """Whether changes wait for commit or rollback."""
        return bool(self._before)

    def commit(self) -> None:
        """Make the changes since the last commit permanent, all or none."""
        if self._file and self._before:
            self._write(self._file)
        self._before.clear()

    def rollback(self) -> None:
        """Undo the changes since the last commit."""
        for (kind, key), record in reversed(list(self._before.items())):
            self._replace(kind, key, record)
        self._before.clear()

    def clear(self) -> None:
        """Forget everything (until `commit` it can be rolled back)."""
        for kind, records in list(self._kinds.items()):
            for key in list(records):
                self._change(kind, key, None)

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _change(self, kind: str, key: str, record: Record | None) -> None:
        self._before.setdefault((kind, key), self.get(kind, key))
        self._replace(kind, key, record)

    def _replace(self, kind: str, key: str, record: Record | None) -> None:
        records = self._kinds.setdefault(kind, {})
        old = records.get(key)
        if record is None:
            records.pop(key, None)
        else:
            records[key] = record
        for name, values in self._index_by.get(kind, {}).items():
            index = self._indexes[kind, name]
            was = list(values(old)) if old else []
            now = list(values(record)) if record else []
            for value in was:
                if value not in now:
                    index[value].pop(key, None)
            for value in now:
                index.setdefault(value, {}).setdefault(key)

    def _write(self, file: sqlite3.Connection) -> None:
        changed = [(kind, key, self.get(kind, key)) for kind, key in self._before]
        file.execute("BEGIN IMMEDIATE")
        file.executemany(
            _WRITE,
            [(kind, key, json.dumps(record)) for kind, key, record in changed if record is not None],
        )
        file.executemany(
            "DELETE FROM records WHERE kind = ? AND id = ?",
            [(kind, key) for kind, key, record in changed if record is None],
        )
        file.execute("COMMIT")


def _opened(path: Path) -> sqlite3.Connection:
    """The state file, held by this process alone: two sandboxes on one file would overwrite each other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        file.execute("PRAGMA locking_mode=EXCLUSIVE")
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=NORMAL")
        file.execute("BEGIN IMMEDIATE")
        file.execute(_SCHEMA)
        file.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        file.close()
        raise StateFileError(f"{path}: {error}. Is another sandbox using this file?") from error
    return file
