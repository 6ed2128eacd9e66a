"""Contact data as one flat dictionary: `firstName`, `preferences.acceptsEmail`, `consents.memberConsent`.

Engage writes contacts flat and reads them enveloped, with preferences and consents nested in both (api.md §6.2-6.3,
developer.voyado.com/docs/contacts/create-contact). Flat keys make "only what changed" a set difference.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engage_portal.engage import Contact as EngageContact

_PREFERENCES = "preferences"
_CONSENTS = "consents"
_NOTHING = (None, "")
_SHOWN = "textVersion"
"""Our own member of a consent: the version of the words that were shown. Engage never sees it."""
_ASIDE = ("date", _SHOWN)
_DIGITS = 30
"""Beyond these a number is kept as text: nobody's attribute, and an integer of it could fill the memory."""


def flattened(body: Mapping[str, Any]) -> dict[str, Any]:
    """A contact as callers write it → flat. `contactType` is not an attribute and is left out."""
    flat: dict[str, Any] = {}
    for name, value in body.items():
        if name == _PREFERENCES and isinstance(value, Mapping):
            flat |= {f"{_PREFERENCES}.{key}": answer for key, answer in value.items()}
        elif name == _CONSENTS and isinstance(value, list):
            flat |= {f"{_CONSENTS}.{entry['id']}": _said(entry) for entry in value}
        elif name != "contactType":
            flat[name] = value
    return flat


def _said(consent: Mapping[str, Any]) -> dict[str, Any]:
    """A consent without members that say nothing: Engage wants texts there."""
    return {name: value for name, value in consent.items() if value is not None or name == "value"}


def differs(name: str, new: Any, old: Any) -> bool:
    """Whether a flat value says something new.

    An empty text erases as null does. Of a consent only what is given counts, and its date alone says nothing new:
    Engage adds one of its own.
    """
    if name.startswith(f"{_CONSENTS}.") and isinstance(new, Mapping) and isinstance(old, Mapping):
        return any(old.get(member) != value for member, value in new.items() if member not in _ASIDE)
    return bool(new != old and not (new in _NOTHING and old in _NOTHING))


def is_permission(name: str) -> bool:
    """Whether a flat name is a preference or a consent: what a person allows or forbids."""
    return name.startswith((f"{_PREFERENCES}.", f"{_CONSENTS}."))


def for_engage(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The same without our own members of consents."""
    return {
        name: {member: said for member, said in value.items() if member != _SHOWN}
        if isinstance(value, Mapping)
        else value
        for name, value in flat.items()
    }


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Flat → as callers write and read it: preferences as an object, consents as an array."""
    body: dict[str, Any] = {}
    for name, value in flat.items():
        part, _, rest = name.partition(".")
        if part == _PREFERENCES and rest:
            body.setdefault(_PREFERENCES, {})[rest] = value
        elif part == _CONSENTS and rest:
            body.setdefault(_CONSENTS, []).append(value)
        else:
            body[name] = value
    return body


def from_engage(contact: EngageContact) -> dict[str, Any]:
    """Engage's answer → flat."""
    consents = [
        {
            "id": consent.id,
            "value": consent.value,
            "date": consent.date,
            "source": consent.source,
            "comment": consent.comment,
        }
        for consent in contact.consents
    ]
    body = {**plain(contact.attributes), _PREFERENCES: dict(contact.preferences), _CONSENTS: plain(consents)}
    return flattened(body)


def envelope(flat: Mapping[str, Any], *, contact_id: str, contact_type: str) -> dict[str, Any]:
    """Flat → the envelope in which Engage answers a contact."""
    body = nested(flat)
    return {
        "id": contact_id,
        _PREFERENCES: body.pop(_PREFERENCES, {}),
        _CONSENTS: body.pop(_CONSENTS, []),
        "attributes": body,
        "meta": {"contactType": contact_type},
    }


def plain(value: Any) -> Any:
    """The same with numbers and dates that JSON columns can keep: Engage's decimals become text-free numbers."""
    if isinstance(value, Mapping):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if not isinstance(value, Decimal) or value.adjusted() > _DIGITS:
        return str(value)
    return int(value) if value == int(value) else float(value)
