"""Reads the TOML file that describes a tenant's files. `docs/file-profile.toml` is one with all defaults."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engage_portal.engage.xml.content import FileType
from engage_portal.engage.xml.entries import Entries
from engage_portal.engage.xml.errors import BadNamesError, UnusableTransformationError
from engage_portal.engage.xml.imports.contacts import is_consent
from engage_portal.engage.xml.imports.schemas import places
from engage_portal.engage.xml.imports.transforming import transformation
from engage_portal.engage.xml.names import FOLDER, names_of
from engage_portal.engage.xml.profile import DEFAULT_PROFILE, ImportProfile, TenantProfile
from engage_portal.engage.xml.promotions import FIELDS, SECTIONS, PromotionNames, Told

_LARGEST = 1_000_000
_OLDEST = 120
_LONGEST_FOLDER = 300
_LONGEST_SUFFIX = 40
"""With a moment and a counter before it a file's name has at most 80 characters."""
_SUFFIX = r"[A-Za-z0-9-]+"
# Two belong to XML itself: no file could have one of them.
_NAMESPACE = r"(?!http://www\.w3\.org/(XML/1998/namespace|2000/xmlns/)$)[^\x00-\x20\ufffe\uffff]*"


def profile_from(path: Path | None) -> TenantProfile:
    """What a file says of the tenant's files; what it does not say, and all without one, is as Engage's pages have it.

    Raises BadNamesError where it cannot be read or says something unknown; its text goes on from "a file that …".
    """
    if path is None:
        return DEFAULT_PROFILE
    entries = Entries(_read(path))
    profile = TenantProfile(
        contacts_import=_import(entries.table("contacts_import"), FileType.CONTACTS, path.parent),
        transactions_import=_import(entries.table("transactions_import"), FileType.TRANSACTIONS, path.parent),
        redeemed_promotions_import=_import(
            entries.table("redeemed_promotions_import"), FileType.REDEEMED_PROMOTIONS, path.parent
        ),
        contacts_export=names_of(entries.table("contacts_export")),
        promotions_export=_promotions(entries.table("promotions_export")),
    )
    entries.close()
    return profile


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            raise BadNamesError("is too large")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise BadNamesError("cannot be read") from None
    except ValueError:  # TOMLDecodeError and UnicodeDecodeError
        raise BadNamesError("is not TOML in UTF-8") from None


def _import(entries: Entries, file_type: FileType, beside: Path) -> ImportProfile:
    default = DEFAULT_PROFILE.of(file_type)
    contacts, receipts = file_type is FileType.CONTACTS, file_type is FileType.TRANSACTIONS
    profile = ImportProfile(
        is_enabled=entries.flag("enabled", default=default.is_enabled),
        folder=entries.text("folder", default.folder or "", FOLDER, longest=_LONGEST_FOLDER) or None,
        suffix=entries.text("suffix", default.suffix, _SUFFIX, longest=_LONGEST_SUFFIX),
        namespace=entries.text("namespace", default.namespace, _NAMESPACE),
        root=entries.element("root", default.root),
        section=entries.element("section", default.section) if contacts else "",
        record="" if contacts else entries.element("record", default.record),
        records=entries.table("records").renamed() if contacts else {},
        fields=_fields(entries.table("fields"), file_type),
        minimum_age=entries.whole("minimum_age", 0, most=_OLDEST) if contacts else 0,
        group_currency=entries.text("group_currency", "", "([A-Z]{3})?") if receipts else "",
        xslt=_xslt(entries, beside),
    )
    entries.close()
    return profile


def _fields(entries: Entries, file_type: FileType) -> Mapping[str, str]:
    """Contacts may have any field but consents; of the others all are known, and a name that is none of theirs is a
    slip.
    """
    fields = entries.renamed()
    if file_type is FileType.CONTACTS:
        for name in fields:
            if is_consent(name):
                raise BadNamesError(
                    f"gives a consent an element in {entries.where(name)}: a file has no place for its date and "
                    "source, so consents go by the API only"
                )
        if len(set(fields.values())) < len(fields):
            raise BadNamesError("gives two fields of [contacts_import.fields] the same name")
        return fields
    known = places(file_type)
    for name in fields:
        parent, _, field = name.rpartition("/")
        if not any(field == each and parent in {"", above} for above, each in known):
            raise BadNamesError(f"has an unknown entry {entries.where(name)}")
    renamed = ImportProfile(suffix="", root="", fields=fields)
    if len({(parent, renamed.name(name, parent)) for parent, name in known}) < len(known):
        raise BadNamesError(
            f"gives two fields beside each other the same name in {entries.where(min(fields))}"
        )
    return fields


def _xslt(entries: Entries, beside: Path) -> Path | None:
    """A file beside the profile, or one with its whole path."""
    if not (given := entries.text("xslt", "")):
        return None
    try:
        transformation(beside / given)
    except UnusableTransformationError:
        raise BadNamesError(f"names no usable XSLT in {entries.where('xslt')}") from None
    return beside / given


def _promotions(entries: Entries) -> PromotionNames:
    """Neither case nor the tree matters there; Engage's own names stay known beside the tenant's."""
    defaults = {told.value: [name for name, each in SECTIONS.items() if each is told] for told in Told}
    sections = entries.table("sections").sections(defaults)
    table = entries.table("fields")
    fields = table.meanings()
    for theirs, ours in fields.items():
        if ours not in FIELDS:
            raise BadNamesError(f"has an unknown field in {table.where(theirs)}")
    folder = entries.text("folder", "", FOLDER)
    entries.close()
    known = {name.lower(): name for name in FIELDS}
    return PromotionNames(
        folder=folder,
        sections={name.lower(): Told(kind) for name, kind in sections.items()},
        fields={**known, **{theirs.lower(): ours for theirs, ours in fields.items()}},
    )
