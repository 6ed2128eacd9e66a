"""The least that an import of contacts can be: lxml's stream parser and the database's fastest bulk write.

Nothing is checked, nobody is looked for, no key is normalised, and a second run would fail.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from django.db import connection, transaction
from lxml import etree

from engage_portal.core import clock
from engage_portal.sandbox.exports import NAMESPACE

_COLUMNS = (
    "id", "engage_contact_id", "contact_type", "email", "mobile_phone", "social_security_number", "member_number",
    "external_id", "snapshot", "changes", "as_of", "source", "created_in_store", "created_as_unapproved", "created_at",
)  # fmt: skip
_PIECE = 1000


def run(path: Path) -> int:
    """Write all contacts of a file in one transaction; how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return _copied(cursor, path)
        rows, count = [], 0
        statement = f"INSERT INTO contacts_contact ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})"
        for row in _rows(path, connection.ops.adapt_datetimefield_value(clock.now())):
            rows.append(row)
            if len(rows) == _PIECE:
                cursor.executemany(statement, rows)
                count += len(rows)
                rows.clear()
        cursor.executemany(statement, rows)
        return count + len(rows)


def _copied(cursor: Any, path: Path) -> int:
    count = 0
    with cursor.copy(f"COPY contacts_contact ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
        for row in _rows(path, clock.now()):
            copy.write_row(row)
            count += 1
    return count


def _rows(path: Path, now: Any) -> Iterator[tuple[Any, ...]]:
    encode, cut = msgspec.json.Encoder().encode, len(NAMESPACE) + 2
    options: dict[str, Any] = {
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "huge_tree": False,
    }
    with path.open("rb") as stream:
        for _, element in etree.iterparse(stream, tag=f"{{{NAMESPACE}}}member", **options):
            found = {child.tag[cut:]: child.text or "" for child in element}
            engage_id = found.pop("contactId").replace("-", "")
            yield (
                engage_id, engage_id, "Member", found.get("email", ""), found.get("mobilePhone", ""),
                found.get("socialSecurityNumber", ""), found.get("memberNumber", ""), found.get("externalId", ""),
                encode(found).decode(), "{}", now, element.get("source"), "", False, now,
            )  # fmt: skip
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
