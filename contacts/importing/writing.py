"""Writing many rows at once, in each database's fastest way: COPY and one UPDATE, or prepared statements on SQLite.

Nothing here looks: what is written was decided in `pieces.py`, in the same transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection

from contacts.importing.rows import COLUMNS, TABLE, Row
from engage_portal.core import clock

NEW = (
    "id", "engage_contact_id", "contact_type", *COLUMNS, "snapshot", "changes", "as_of", "source",
    "created_in_store", "created_as_unapproved", "created_at",
)  # fmt: skip
"""The columns of somebody new; the others are null."""
CHANGED = ("contact_type", *COLUMNS, "snapshot", "as_of")
_json = msgspec.json.Encoder()
# XML 1.0 forbids these two, so no value holds them [www.w3.org/TR/xml/#charsets].
_CELL, _LINE = "\x1f", "\x1e"


def insert(rows: Sequence[Row]) -> None:
    """Write new contacts. Raises IntegrityError where an id is taken."""
    if not rows:
        return
    # All of a piece show the same moment.
    as_of, now = _moment(rows[0].as_of), _moment(clock.now())
    is_postgres = connection.vendor == "postgresql"
    no: Any = "f" if is_postgres else False
    values = [_new(row, as_of, now, no) for row in rows]
    (_copy if is_postgres else _insert)(values)


def update(rows: Sequence[Row]) -> None:
    """Write what changed in contacts that are there."""
    if not rows:
        return
    as_of = _moment(rows[0].as_of)
    values = [(*_changed(row, as_of), row.pk) for row in rows]
    if connection.vendor == "postgresql":
        _update_at_once(values)
        return
    names = ", ".join(f"{name} = %s" for name in CHANGED)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {TABLE} SET {names} WHERE id = %s", values)  # noqa: S608 - our own names


def _new(row: Row, as_of: Any, now: Any, no: Any) -> tuple[Any, ...]:
    return (
        row.pk,
        row.engage_id,
        row.contact_type,
        *row.keys.values(),
        _json.encode(row.snapshot).decode(),
        "{}",
        as_of,
        row.source,
        row.created_in_store,
        no,
        now,
    )


def _changed(row: Row, as_of: Any) -> tuple[Any, ...]:
    return (row.contact_type, *row.keys.values(), _json.encode(row.snapshot).decode(), as_of)


def _moment(at: datetime | None) -> Any:
    """As the database's driver takes it; on PostgreSQL a text, for COPY."""
    if at is None:
        return None
    return (
        at.isoformat() if connection.vendor == "postgresql" else connection.ops.adapt_datetimefield_value(at)
    )


def _insert(values: list[tuple[Any, ...]]) -> None:
    marks = ", ".join(["%s"] * len(NEW))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {TABLE} ({', '.join(NEW)}) VALUES ({marks})", values)  # noqa: S608


def _copy(values: list[tuple[Any, ...]]) -> None:
    text = _LINE.join(_CELL.join(value) for value in values)
    for sign, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(sign, written)
    text = text.replace(_CELL, "\t").replace(_LINE, "\n")
    statement = f"COPY {TABLE} ({', '.join(NEW)}) FROM STDIN"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        copy.write(text)


def _update_at_once(values: list[tuple[Any, ...]]) -> None:
    kinds = {"id": "uuid", "as_of": "timestamptz", "snapshot": "jsonb"}
    names = (*CHANGED, "id")
    columns = [list(column) for column in zip(*values, strict=True)]
    arrays = ", ".join(f"%s::{kinds.get(name, 'text')}[]" for name in names)
    sets = ", ".join(f"{name} = n.{name}" for name in CHANGED)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} AS c SET {sets} FROM unnest({arrays}) AS n({', '.join(names)}) WHERE c.id = n.id",  # noqa: S608
            columns,
        )
