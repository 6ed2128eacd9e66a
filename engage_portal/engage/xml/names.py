"""What things are called in a tenant's contacts exports.

Engage's default names hold only where the tenant has no transformation (XSLT) of its own on the export
[developer.voyado.com/docs/file-based-transfer/contact-xml-export], so every name can be given in a TOML file:

    root = "contacts"
    records = ["member"]

    [sections]              # each of the three may have several names
    new = ["new"]
    updated = ["updated"]
    deleted = ["deleted"]

    [fields]                # their name = Engage's name; what is not listed keeps its own
    "E-post" = "email"
    medlem = "consents.memberConsent"

What a file does not say stays as it is by default.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from engage_portal.engage.xml.errors import BadNamesError

_NAME = re.compile(r"[^\W\d][\w.-]*")
_LARGEST = 1_000_000


class Section(StrEnum):
    """The three kinds of an incremental export [developer.voyado.com/docs/file-based-transfer/contact-xml-export]."""

    NEW = "new"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class ExportNames:
    """Element names, without namespace, and what they mean."""

    root: str = "contacts"
    sections: Mapping[str, Section] = field(
        default_factory=lambda: {section.value: section for section in Section}
    )
    """Their name → the section. `updated` and `deleted` are inferred: the page names only `new`."""
    records: frozenset[str] = frozenset({"member"})
    fields: Mapping[str, str] = field(default_factory=dict)
    """Their name → Engage's, where the two differ."""


DEFAULT_NAMES = ExportNames()


def names_from(path: Path) -> ExportNames:
    """The names in a TOML file. Raises BadNamesError where it cannot be read or says something unknown."""
    try:
        if path.stat().st_size > _LARGEST:
            raise BadNamesError("is too large")
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise BadNamesError("cannot be read") from None
    except ValueError:  # TOMLDecodeError and UnicodeDecodeError
        raise BadNamesError("is not TOML in UTF-8") from None
    if unknown := set(given) - {"root", "records", "sections", "fields"}:
        raise BadNamesError(f"has an unknown entry “{min(unknown)}”")
    return ExportNames(
        root=_name(given.get("root", DEFAULT_NAMES.root)),
        sections=_sections(_table(given, "sections")),
        records=frozenset(_names(given.get("records", list(DEFAULT_NAMES.records)))),
        fields={_name(theirs): _name(ours) for theirs, ours in _table(given, "fields").items()},
    )


def _sections(given: Mapping[str, Any]) -> dict[str, Section]:
    if unknown := set(given) - set(Section):
        raise BadNamesError(f"has an unknown section “{min(unknown)}”")
    found: dict[str, Section] = {}
    for section in Section:
        for name in _names(given.get(section.value, [section.value])):
            if name in found:
                raise BadNamesError(f"names the section “{name}” twice")
            found[name] = section
    return found


def _table(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = given.get(name, {})
    if not isinstance(table, dict):
        raise BadNamesError(f"needs a table [{name}]")
    return table


def _names(given: Any) -> list[str]:
    names = given if isinstance(given, list) else [given]
    if not names:
        raise BadNamesError("has an empty list of names")
    return [_name(name) for name in names]


def _name(given: Any) -> str:
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        raise BadNamesError(f"has something that is no element name: {str(given)[:40]!r}")
    return given
