"""What things are called in a tenant's contacts exports.

Engage's default names hold only where the tenant has no transformation (XSLT) of its own on the export
[developer.voyado.com/docs/file-based-transfer/contact-xml-export], so every name can be given in the table
`[contacts_export]` of the file that describes the tenant's files (`profile_file.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engage_portal.engage.xml.entries import Entries

FOLDER = r"(?!/)(?!(.*/)?\.\.(/|$))[^\x00-\x1f\\]*"
"""A folder in the dropbox: below where one logs in."""


class Section(StrEnum):
    """The three kinds of an incremental export [developer.voyado.com/docs/file-based-transfer/contact-xml-export]."""

    NEW = "new"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class ExportNames:
    """Element names, without namespace, and what they mean."""

    folder: str = ""
    """In the dropbox, from where one logs in."""
    root: str = "contacts"
    sections: Mapping[str, Section] = field(
        default_factory=lambda: {section.value: section for section in Section}
    )
    """Their name → the section. `updated` and `deleted` are inferred: the page names only `new`."""
    records: frozenset[str] = frozenset({"member"})
    fields: Mapping[str, str] = field(default_factory=dict)
    """Their name → Engage's, where the two differ."""


DEFAULT_NAMES = ExportNames()


def names_of(entries: Entries) -> ExportNames:
    """The names in a table. Raises BadNamesError where it says something unknown."""
    names = ExportNames(
        folder=entries.text("folder", DEFAULT_NAMES.folder, FOLDER),
        root=entries.element("root", DEFAULT_NAMES.root),
        sections={
            name: Section(kind)
            for name, kind in entries.table("sections")
            .sections({each.value: [each.value] for each in Section})
            .items()
        },
        records=frozenset(entries.elements("records", DEFAULT_NAMES.records)),
        fields=entries.table("fields").meanings(),
    )
    entries.close()
    return names
