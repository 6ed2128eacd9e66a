"""Contacts: create, fetch, update, change type, delete, count, changes (api.md §6, §7.3)."""

import re
from datetime import datetime
from typing import Any

from engage_portal.sandbox.answers import Answer, ApiError, Record, as_json, empty, invalid
from engage_portal.sandbox.call import Call, guid
from engage_portal.sandbox.contact_rules import (
    DEFAULT_TYPE,
    KEY_ATTRIBUTES,
    PREFERENCES,
    attributes_in,
    contact_type,
    errors_in,
    ignored_fields,
    required_type,
)
from engage_portal.sandbox.state import TENANT_ZONE, Engage, utc
from engage_portal.sandbox.webhooks import note_event

FIRST_MEMBER_NUMBER = 28972990001
_CHANGE_TYPES = ("Created", "Updated", "Deleted")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,3})?")


# --- handlers ---


def count(engage: Engage, call: Call) -> Answer:
    """`GET /api/v2/contacts/count`: approved contacts, a bare integer; optionally of one type."""
    text = call.params.get("contactType")
    wanted = required_type(text) if text else None
    contacts = engage.store.all("contact").values()
    return as_json(sum(c["approved"] and (wanted is None or c["contactType"] == wanted) for c in contacts))


def fetch(engage: Engage, call: Call) -> Answer:
    """`GET /api/v3/contacts/{contactId}`: the envelope."""
    return as_json(envelope(by_id(engage, call.params["contactId"])))


def post(engage: Engage, call: Call) -> Answer:
    """`POST /api/v3/contacts`: 201 with the envelope."""
    flat = call.data()
    if engage.settings.being_created:
        raise ApiError(409, "ContactWithKeyIsBeingCreated", "A contact with this key is being created")
    text = str(flat.get("contactType") or DEFAULT_TYPE)
    wanted = contact_type(text)
    if wanted is None:
        raise invalid([f"contactType: {text} is not a contact type"])
    contact = create(
        engage,
        flat,
        wanted,
        store=call.query.get("storeExternalId"),
        is_approved=call.query.get("createAsUnapproved", "false").lower() != "true",
    )
    return as_json(envelope(contact), 201)


def patch(engage: Engage, call: Call) -> Answer:
    """`PATCH /api/v3/contacts/{contactId}` (v2: POST): 200 with the contact, or 202 without a body."""
    contact = by_id(engage, call.params["contactId"])
    contact = update(engage, contact, call.data())
    status = engage.settings.patch_status
    return as_json(envelope(contact)) if status == 200 else empty(status)  # noqa: PLR2004


def update_type(engage: Engage, call: Call) -> Answer:
    """`POST .../updateContactType?contactTypeId=Member`: the only way to another type (api.md §6.8)."""
    contact = by_id(engage, call.params["contactId"])
    target = required_type(call.query.get("contactTypeId", ""))
    if contact["contactType"] != target:
        missing = _missing(engage, contact, target)
        if missing:
            raise invalid(f"{name}: required for {target}" for name in missing)
        _refuse_taken_keys(engage, contact["attributes"], target, contact["id"])
        contact = {**contact, "contactType": target, "updatedAt": engage.now().isoformat()}
        contact = _with_member_number(engage, contact)
        engage.store.put("contact", contact["id"], contact)
        note_change(engage, "Updated", contact, is_new_type=True)
    return as_json(envelope(contact))


def delete(engage: Engage, call: Call) -> Answer:
    """`DELETE /api/v3/contacts/{contactId}`: 200, and 404 ever after."""
    remove(engage, by_id(engage, call.params["contactId"]))
    return empty()


def changes(engage: Engage, call: Call) -> Answer:
    """`GET /api/v3/contacts/changes`: ids, not paged, at most 250 000; the window is local (inferred)."""
    kind = call.query.get("changeType", "")
    if engage.settings.changes_status != 200:  # noqa: PLR2004
        raise ApiError(engage.settings.changes_status, None, "This is not available for the API key.")
    if kind not in _CHANGE_TYPES:
        raise ApiError(400, "InvalidSearchQuery", f"changeType must be one of {', '.join(_CHANGE_TYPES)}")
    start = _window(call.query.get("fromDate", ""))
    end = _window(call.query["toDate"]) if call.query.get("toDate") else engage.now()
    found = {
        change["contactId"]: None
        for change in engage.store.all("change").values()
        if change["type"] == kind and start <= utc(change["at"]) <= end
    }
    if len(found) > engage.settings.changes_limit:
        raise ApiError(400, "TooManyChanges", "Too many contacts match; narrow the window")
    return as_json(list(found))


# --- what bulk and receipts use as well ---


def by_id(engage: Engage, text: str | None) -> Record:
    """A contact. Raises 400 `InvalidContactId` or 404 `ContactNotFound`."""
    contact = engage.store.get("contact", guid(text, "InvalidContactId", "contact id"))
    if contact is None:
        raise ApiError(404, "ContactNotFound", "Contact not found")
    return contact


def create(
    engage: Engage,
    flat: Record,
    wanted: str,
    *,
    store: str | None = None,
    is_approved: bool = True,
    is_silent: bool = False,
) -> Record:
    """Add a contact of a type; a silent change is not exported. Raises 422 or 409, and then nothing is changed."""
    errors = errors_in(flat, {}, set(engage.store.all("consent")))
    attributes = attributes_in(flat)
    if not any(attributes.get(key) for key in KEY_ATTRIBUTES):
        errors.append(f"{KEY_ATTRIBUTES[0]}: at least one of {', '.join(KEY_ATTRIBUTES)} is required")
    if errors:
        raise invalid(errors)
    _refuse_taken_keys(engage, attributes, wanted, "")
    if store:
        attributes = {"store": store, **attributes, "createdInStore": store}
    now = engage.now().isoformat()
    contact: Record = {
        "id": engage.new_id(),
        "contactType": wanted,
        "approved": is_approved,
        "attributes": attributes,
        "preferences": {**dict.fromkeys(PREFERENCES, False), **flat.get("preferences", {})},
        "consents": _merged_consents(engage, [], flat.get("consents", [])),
        "createdAt": now,
        "updatedAt": now,
    }
    contact = _with_member_number(engage, contact)
    engage.store.put("contact", contact["id"], contact)
    _note_ignored(engage, flat, contact["id"])
    note_change(engage, "Created", contact, is_silent=is_silent)
    return contact


def update(engage: Engage, contact: Record, flat: Record, *, is_silent: bool = False) -> Record:
    """Change what a flat contact names; a silent change is not exported. Raises as `create`."""
    held = contact["attributes"]
    errors = errors_in(flat, held, set(engage.store.all("consent")))
    attributes = {**held, **attributes_in(flat)}
    if not any(attributes.get(key) for key in KEY_ATTRIBUTES):
        errors.append("email: the contact would lose its last key")
    if errors:
        raise invalid(errors)
    _refuse_taken_keys(engage, attributes, contact["contactType"], contact["id"])
    changed = {
        **contact,
        "attributes": attributes,
        "preferences": {**contact["preferences"], **flat.get("preferences", {})},
        "consents": _merged_consents(engage, contact["consents"], flat.get("consents", [])),
        "updatedAt": engage.now().isoformat(),
    }
    engage.store.put("contact", contact["id"], changed)
    erased = [name for name in attributes_in(flat) if attributes[name] is None and held.get(name) is not None]
    if erased:
        engage.note("warning", f"Contact {contact['id']}: {', '.join(erased)} erased by null or empty text")
    _note_ignored(engage, flat, contact["id"])
    note_change(engage, "Updated", contact, is_silent=is_silent)
    _note_permissions(engage, contact, changed)
    return changed


def remove(engage: Engage, contact: Record) -> None:
    """Delete a contact."""
    engage.store.remove("contact", contact["id"])
    note_change(engage, "Deleted", contact)


def envelope(contact: Record) -> Record:
    """A contact as it is read (api.md §6.2): attributes, meta, preferences, consents."""
    return {
        "id": contact["id"],
        "attributes": contact["attributes"],
        "meta": {"contactType": contact["contactType"]},
        "preferences": contact["preferences"],
        "consents": contact["consents"],
    }


def note_change(
    engage: Engage, kind: str, contact: Record, *, is_silent: bool = False, is_new_type: bool = False
) -> None:
    """Remember a change for `contacts/changes` and for the contacts export."""
    number = engage.next_number("change")
    record = {
        "type": kind,
        "contactId": contact["id"],
        "at": engage.now().isoformat(),
        "contactType": contact["contactType"],
        "isSilent": is_silent,
        "isNewType": is_new_type,
    }
    engage.store.put("change", str(number), record)
    note_event(engage, f"contact.{kind.lower()}", contact["id"])


def _note_permissions(engage: Engage, before: Record, after: Record) -> None:
    """Preferences and consents of somebody who exists already have events of their own (api.md §14)."""
    for name in PREFERENCES:
        if before["preferences"].get(name) != after["preferences"].get(name):
            note_event(engage, f"contact.{name}.changed", after["id"])
    if before["consents"] != after["consents"]:
        note_event(engage, "contact.consent.changed", after["id"])


def _refuse_taken_keys(engage: Engage, attributes: Record, wanted: str, own_id: str) -> None:
    """Keys are unique within the contact type (api.md §6.1)."""
    for key in KEY_ATTRIBUTES:
        value = attributes.get(key)
        holders = engage.with_key(key, str(value), (wanted,)) if value else []
        if any(holder["id"] != own_id for holder in holders):
            raise ApiError(409, "ApprovedContactWithKeyExists", f"An approved contact with this {key} exists")


def _with_member_number(engage: Engage, contact: Record) -> Record:
    """Members get a number from Engage's sequence unless they brought one (api.md §6.1)."""
    if contact["contactType"] != DEFAULT_TYPE or contact["attributes"].get("memberNumber"):
        return contact
    while True:
        number = str(engage.next_number("memberNumber", FIRST_MEMBER_NUMBER))
        if not engage.with_key("memberNumber", number):
            return {**contact, "attributes": {**contact["attributes"], "memberNumber": number}}


def _missing(engage: Engage, contact: Record, target: str) -> list[str]:
    required = engage.settings.member_requires if target == DEFAULT_TYPE else ()
    return [name for name in required if not contact["attributes"].get(name)]


def _merged_consents(engage: Engage, held: list[Record], given: list[Any]) -> list[Record]:
    """Consents by id; once set there is no way back to never set (api.md §6.1)."""
    by_name = {consent["id"]: consent for consent in held}
    for consent in given:
        by_name[consent["id"]] = {
            "id": consent["id"],
            "value": consent["value"],
            "date": consent.get("date") or engage.local_iso(),
            "source": consent.get("source"),
            "comment": consent.get("comment"),
        }
    return list(by_name.values())


def _note_ignored(engage: Engage, flat: Record, contact_id: str) -> None:
    ignored = ignored_fields(flat)
    if ignored:
        engage.note("warning", f"Contact {contact_id}: ignored unknown field {', '.join(ignored)}")


def _window(text: str) -> datetime:
    if not _MOMENT.fullmatch(text):
        raise ApiError(400, "InvalidSearchQuery", "Dates are written yyyy-MM-dd HH:mm:ss.fff")
    try:
        whole, _, fraction = text.partition(".")
        micro = int(fraction.ljust(6, "0")) if fraction else 0
        return datetime.fromisoformat(whole).replace(microsecond=micro, tzinfo=TENANT_ZONE)
    except ValueError:
        raise ApiError(400, "InvalidSearchQuery", "Not a date") from None
