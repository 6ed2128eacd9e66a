"""The contacts that a piece of a file is about, as light rows: loaded in a few queries, decided about in memory."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from contacts.models import KEY_FIELDS, Contact

MEMBER = "Member"
"""Only members are exported [developer.voyado.com/docs/file-based-transfer/contact-xml-export]."""
COLUMNS = tuple(KEY_FIELDS.values())


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


_FIELDS = ("pk", "engage_contact_id", "contact_type", *COLUMNS, "snapshot", "changes")
_MORE = ("fetched_at", "as_of", "deleted_at", "same_as_id")


def key_column() -> str:
    """The column of the tenant's key."""
    return KEY_FIELDS[settings.ENGAGE_KEY]


def with_ids(engage_ids: Collection[str], *, is_locked: bool) -> dict[str, Row]:
    """Engage's id → row."""
    if not engage_ids:
        return {}
    rows = Contact.objects.filter(engage_contact_id__in=[UUID(each) for each in engage_ids])
    return {row.engage_id: row for row in _loaded(rows, is_locked=is_locked)}


def with_keys(keys: Collection[str], *, is_locked: bool) -> dict[str, Row]:
    """The tenant's key → the member that has it; of two the one whom Engage knows."""
    keys = {key for key in keys if key}
    if not keys:
        return {}
    column = key_column()
    # Without the second condition neither database can use the index, which is of keys that are not empty.
    rows = Contact.objects.filter(**{f"{column}__in": keys}).exclude(**{column: ""})
    rows = rows.filter(contact_type__iexact=MEMBER, same_as__isnull=True)
    found = sorted(_loaded(rows, is_locked=is_locked), key=lambda row: bool(row.engage_id))
    return {row.keys[column]: row for row in found}


def taken_ids(ids: Iterable[str]) -> set[str]:
    """Which of these are primary keys of contacts."""
    return {
        pk.hex
        for pk in Contact.objects.filter(pk__in=[UUID(each) for each in ids]).values_list("pk", flat=True)
    }


def _loaded(rows: QuerySet[Contact], *, is_locked: bool) -> Iterator[Row]:
    if is_locked:
        rows = rows.select_for_update().order_by("pk")
    for values in rows.values_list(*_FIELDS, *_MORE):
        pk, engage_id, contact_type, *keys, snapshot, changes, fetched_at, as_of, deleted_at, same_as = values
        yield Row(
            pk=pk.hex,
            engage_id=engage_id.hex if engage_id else "",
            contact_type=contact_type,
            keys=dict(zip(COLUMNS, keys, strict=True)),
            snapshot=snapshot,
            changes=changes,
            is_whole=fetched_at is not None,
            as_of=as_of,
            is_deleted=deleted_at is not None,
            is_alias=same_as is not None,
        )
