"""The contacts export: members that are new, changed or deleted since the last one, our own imports included."""

from collections.abc import Callable
from itertools import islice
from typing import TextIO

from engage_portal.sandbox import exports
from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.contact_rules import DEFAULT_TYPE, PREFERENCES
from engage_portal.sandbox.files.feed import since_last
from engage_portal.sandbox.files.folders import MEMBERS, Folders
from engage_portal.sandbox.files.naming import export_name
from engage_portal.sandbox.state import Engage

MOST = 10_000
"""Contacts in one file; then the next one is opened [A3]."""
_SECTIONS = ("new", "updated", "deleted")


def write(engage: Engage, folders: Folders) -> list[str]:
    """Write what changed, if anything did; answers the files' names. Raises OSError; then the next run writes it."""
    with since_last(engage, "change", MEMBERS) as changes:
        kinds = _kinds(changes)
        ordered = iter([(kind, one) for kind in _SECTIONS for one, of in kinds.items() if of == kind])
        names: list[str] = []
        while part := list(islice(ordered, MOST)):
            names.append(export_name(engage, len(names), MEMBERS))
            folders.write(MEMBERS, names[-1], _content(engage, part))
    return names


def _kinds(changes: list[Record]) -> dict[str, str]:
    """What to tell of each contact: once, as new although changed since; whoever came and went not at all [A3]."""
    kinds: dict[str, str] = {}
    for change in changes:
        contact_id, kind = change["contactId"], change["type"]
        if change.get("isSilent") or change.get("contactType") != DEFAULT_TYPE:
            continue
        before = kinds.pop(contact_id, None)
        if kind == "Deleted":
            if before != "new":
                kinds[contact_id] = "deleted"
        elif kind == "Created" or change["isNewType"] or before == "new":
            kinds[contact_id] = "new"
        else:
            kinds[contact_id] = "updated"
    return kinds


def _content(engage: Engage, part: list[tuple[str, str]]) -> Callable[[TextIO], None]:
    people: dict[str, list[dict[str, str]]] = {kind: [] for kind in _SECTIONS}
    for kind, contact_id in part:
        people[kind].append(_person(engage, contact_id))

    def into(out: TextIO) -> None:
        exports.write(out, new=people["new"], updated=people["updated"], deleted=people["deleted"])

    return into


def _person(engage: Engage, contact_id: str) -> dict[str, str]:
    """A member with all of its fields, one that was emptied included; a deleted one by its id alone [inferred]."""
    contact = engage.store.get("contact", contact_id)
    fields = {"contactId": contact_id}
    if contact:
        fields |= {name: _text(value) for name, value in contact["attributes"].items()}
        fields |= {name: _text(contact["preferences"][name]) for name in PREFERENCES}
    return fields


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
