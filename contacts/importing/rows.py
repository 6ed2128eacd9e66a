"""The contacts that a piece of a file is about, as light rows: loaded in a few queries, decided about in memory."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection

from contacts.models import KEY_FIELDS, Contact

MEMBER = "Member"
"""Only members are exported [developer.voyado.com/docs/file-based-transfer/contact-xml-export]."""
COLUMNS = tuple(KEY_FIELDS.values())
TABLE = Contact._meta.db_table  # noqa: SLF001 - Django's documented way to a model's names


@dataclass(slots=True)
class Row:
    """One contact as the copy has it, or will have it once the piece is written."""

    pk: str
    """As hexadecimal digits, like `engage_id`."""
    engage_id: str
    contact_type: str
    keys: dict[str, str]
    snapshot: dict[str, Any]
    changes: dict[str, Any] = field(default_factory=dict)
    is_whole: bool = False
    as_of: datetime | None = None
    is_deleted: bool = False
    is_alias: bool = False
    source: str = ""
    created_in_store: str = ""
    is_new: bool = False
    is_touched: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether Engage's word can simply be put in: nothing waits here, nothing is brought back to life."""
        return not (self.changes or self.is_deleted or self.is_alias)


def key_column() -> str:
    """The column of the tenant's key."""
    return KEY_FIELDS[settings.ENGAGE_KEY]


def with_ids(engage_ids: Collection[str], *, is_locked: bool) -> dict[str, Row]:
    """Engage's id → row."""
    return {row.engage_id: row for row in _found("engage_contact_id", engage_ids, is_locked=is_locked)}


def with_keys(keys: Collection[str], *, is_locked: bool) -> dict[str, Row]:
    """The tenant's key → the member that has it; of two the one whom Engage knows."""
    column = key_column()
    rows = _found(column, [key for key in keys if key], is_locked=is_locked)
    members = [row for row in rows if not row.is_alias and row.contact_type.casefold() == MEMBER.casefold()]
    return {row.keys[column]: row for row in sorted(members, key=lambda row: bool(row.engage_id))}


def taken_ids(ids: Collection[str]) -> set[str]:
    """Which of these are primary keys of contacts."""
    return {row.pk for row in _found("id", ids, is_locked=False)}


_COLUMNS = (
    "id", "engage_contact_id", "contact_type", "snapshot", "changes", "fetched_at", "as_of", "deleted_at",
    "same_as_id", *COLUMNS,
)  # fmt: skip
_BETWEEN = "\x1f"
"""XML 1.0 forbids it, so no value holds it; the driver would take a microsecond for each element of an array."""
_decode = msgspec.json.Decoder().decode


def _found(column: str, values: Collection[str], *, is_locked: bool) -> Iterator[Row]:
    """The rows with one of these values. Written by hand, so that both databases use the column's index.

    A thousand values in an `IN` make PostgreSQL read a middling table as a whole, and SQLite choose another index; an
    array in a sub-select hides their number. The keys' indexes are of keys that are not empty, so that has to be said.
    """
    if not values:
        return
    postgres = connection.vendor == "postgresql"
    kind = "text" if column in COLUMNS else "uuid"
    wanted = f"unnest((SELECT string_to_array(%s, chr(31))::{kind}[]))" if postgres else "json_each(%s)"
    value = "w.value" if not postgres else "w"
    filled = f"AND NOT (c.{column} = '')" if column in COLUMNS else ""
    lock = "ORDER BY c.id FOR UPDATE OF c" if is_locked and postgres else ""
    names = ", ".join(f"c.{name}" for name in _COLUMNS)
    join = "JOIN" if postgres else "CROSS JOIN"  # SQLite takes the table on the left first
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {names} FROM {wanted} AS w {join} {TABLE} AS c ON c.{column} = {value} {filled} {lock}",  # noqa: S608
            [_BETWEEN.join(values) if postgres else json.dumps(list(values))],
        )
        for found in cursor.fetchall():
            yield _row(found)


def _row(values: tuple[Any, ...]) -> Row:
    pk, engage_id, contact_type, snapshot, changes, fetched_at, as_of, deleted_at, same_as, *keys = values
    return Row(
        pk=_digits(pk),
        engage_id=_digits(engage_id),
        contact_type=contact_type,
        keys=dict(zip(COLUMNS, keys, strict=True)),
        snapshot=_decode(snapshot),
        changes={} if changes == "{}" else _decode(changes),
        is_whole=fetched_at is not None,
        as_of=_moment(as_of),
        is_deleted=deleted_at is not None,
        is_alias=same_as is not None,
    )


def _digits(guid: Any) -> str:
    """SQLite keeps the digits, PostgreSQL's driver gives a UUID."""
    if guid is None:
        return ""
    return guid if isinstance(guid, str) else str(guid.hex)


def _moment(at: Any) -> datetime | None:
    """SQLite keeps UTC without saying so."""
    found = datetime.fromisoformat(at) if isinstance(at, str) else at
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)
