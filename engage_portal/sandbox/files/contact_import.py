"""The contacts import: create or update, by contactId or by the tenant's key (files.md §3)."""

from dataclasses import dataclass
from pathlib import Path

from engage_portal.core.ids import parse_guid
from engage_portal.sandbox import contacts
from engage_portal.sandbox.answers import ApiError, Record
from engage_portal.sandbox.contact_rules import contact_type, errors_in
from engage_portal.sandbox.files.ages import age
from engage_portal.sandbox.files.contact_fields import NOT_CUSTOM, Taken
from engage_portal.sandbox.files.reading import MOST, Found, Layout, MajorError, records
from engage_portal.sandbox.files.report import Report
from engage_portal.sandbox.state import TENANT_ZONE, Engage

LAYOUT = Layout("http://eClub.Schemas.ImportContact", "contacts", above=2)
_SECTION = "new"
_ID = "contactId"


class _SkippedError(Exception):
    """Why one contact is left out."""


@dataclass
class _Scan:
    """What has to be known of a whole file before its first contact is touched."""

    count: int = 0
    is_by_id: bool = False
    is_silent: bool = False


def apply(engage: Engage, path: Path, report: Report) -> None:
    """Import a contacts file; the same file again does the same. Raises MajorError, and then all has to be undone."""
    scan = _scan(engage, path)
    if scan.count > MOST:
        report.say(f"{scan.count} contacts: more than {MOST} are slow and may time out")
    for found in records(path, LAYOUT):
        try:
            _take(engage, found, scan, report)
        except _SkippedError as reason:
            report.skip(found.number, str(reason))
        except ApiError as refusal:
            report.skip(found.number, "; ".join(refusal.errors) or refusal.message)
        else:
            report.taken += 1


def _scan(engage: Engage, path: Path) -> _Scan:
    """Read all of it once: one contactId makes it the key of the whole file [inferred, files.md §3.3]."""
    scan = _Scan()
    forbidden = NOT_CUSTOM - {engage.settings.key_field}
    for found in records(path, LAYOUT):
        fields = _fields(found)
        scan.count += 1
        scan.is_by_id = scan.is_by_id or bool(fields.get(_ID))
        scan.is_silent = found.above[0].get("avoidTriggeringExport", "").strip().lower() in {"true", "1"}
        standard = sorted(forbidden & fields.keys())
        if scan.is_silent and standard:
            raise MajorError(f"avoidTriggeringExport with the standard field {standard[0]}")
    return scan


def _take(engage: Engage, found: Found, scan: _Scan, report: Report) -> None:
    if LAYOUT.name(found.above[1]) != _SECTION:
        raise _SkippedError(f"section <{LAYOUT.name(found.above[1])}> is unknown")
    wanted = contact_type(LAYOUT.name(found.element))
    if wanted is None:
        raise _SkippedError(f"<{LAYOUT.name(found.element)}> is no contact type")
    fields = _fields(found)
    held = _by_id(engage, fields) if scan.is_by_id else _by_key(engage, fields, wanted)
    _refuse_child(engage, fields)
    taken = Taken(engage, fields, held, wanted)
    for reason in taken.dropped:
        report.drop(found.number, reason)
    if held is None:
        contacts.create(engage, taken.flat, wanted, store=taken.created_in, is_silent=scan.is_silent)
    elif taken.flat:
        contacts.update(engage, held, taken.flat, is_silent=scan.is_silent)


def _fields(found: Found) -> dict[str, str]:
    return {LAYOUT.name(child): LAYOUT.text(child) for child in found.element}


def _by_id(engage: Engage, fields: dict[str, str]) -> Record:
    """The contact of a file keyed by contactId. Engage alone gives these, so an unknown one creates nobody."""
    if not fields.get(_ID):
        raise _SkippedError("the key contactId is missing, and others in this file have it")
    contact_id = parse_guid(fields[_ID])
    held = engage.store.get("contact", str(contact_id)) if contact_id else None
    if held is None:
        raise _SkippedError("no contact has this contactId")
    return held


def _by_key(engage: Engage, fields: dict[str, str], wanted: str) -> Record | None:
    """The contact of a file keyed by the tenant's key field; None for somebody new."""
    key = engage.settings.key_field
    if not fields.get(key):
        raise _SkippedError(f"the key {key} is missing")
    errors = errors_in({key: fields[key]}, {}, set())
    if errors:
        raise _SkippedError(f"the key is not valid: {errors[0]}")
    return next(iter(engage.with_key(key, fields[key], (wanted,))), None)


def _refuse_child(engage: Engage, fields: dict[str, str]) -> None:
    least = engage.settings.minimum_age
    years = age(fields, engage.now().astimezone(TENANT_ZONE).date())
    if years is not None and years < least:
        raise _SkippedError(f"younger than {least}")
