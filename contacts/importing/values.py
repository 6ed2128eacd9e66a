"""A record's texts as the copy keeps them: flat, typed where the copy's own value is, and only what is wanted."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from contacts.copy_fields import wanted
from contacts.flat import differs, is_permission
from contacts.keys import e164, longest, normalised
from contacts.merging import moment
from contacts.models import KEY_FIELDS

CONTACT_ID = "contactId"
_GUID = re.compile(r"\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.ASCII)
_NOBODY = "0" * 32
_NO_KEYS = dict.fromkeys(KEY_FIELDS.values(), "")
_PREFERENCES = ("acceptsEmail", "acceptsSms", "acceptsPostal")
"""API preferences [github.com/liblaber/voyado-engage-2.0.0-typescript-1.0.0]; that files say the same is inferred."""
_YES_OR_NO = {"true": True, "1": True, "false": False, "0": False}
_LONGEST_NAME = 130
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(T.*)?", re.ASCII)
_LONGEST = {column: longest(column) for column in KEY_FIELDS.values()}


def _is_email(text: str) -> bool:
    name, _, host = text.rpartition("@")
    return bool(name and host) and " " not in text


# What Engage itself would refuse is not kept: nobody is found by it, and nobody becomes somebody else by it.
_SOUND: Mapping[str, Callable[[str], bool]] = {
    "email": _is_email,
    "mobilePhone": lambda text: bool(e164(text)),
    "birthDay": lambda text: bool(_DAY.fullmatch(text)),
}


def guid(text: str) -> str:
    """A contactId as 32 small hexadecimal digits, however it is written; empty where it is none."""
    text = text.lower()
    if not _GUID.fullmatch(text):
        return ""
    digits = text.replace("-", "").strip("{}")
    return "" if digits == _NOBODY else digits


class Plan(dict[str, "str | None"]):
    """Name in a file → the flat name under which it is kept, None where it is not wanted.

    `ENGAGE_COPY_FIELDS` says what is wanted; the keys always are.
    """

    def __init__(self) -> None:
        super().__init__()
        self._wants = wanted()
        self._permissions: set[str] = set()

    def __missing__(self, name: str) -> str | None:
        flat = _flat_name(name)
        is_wanted = name != CONTACT_ID and self._wants(flat)
        kept = flat if is_wanted and len(flat) <= _LONGEST_NAME else None
        self[name] = kept
        if kept is not None and is_permission(kept):
            self._permissions.add(kept)
        return kept

    def flat(self, fields: Mapping[str, str]) -> tuple[dict[str, Any], int]:
        """A record's fields, flat, and how many had an invalid value and were left out."""
        found: dict[Any, Any] = {self[name]: text for name, text in fields.items()}
        found.pop(None, None)
        invalid = 0
        for name, is_sound in _SOUND.items():
            if found.get(name) and not is_sound(found[name]):
                del found[name]
                invalid += 1
        for name in self._permissions.intersection(found):
            text = found.pop(name)
            value = _permission(name, text) if text else None
            if value is not None:
                found[name] = value
            invalid += value is None and bool(text)
        return found, invalid


def _flat_name(name: str) -> str:
    return f"preferences.{name}" if name in _PREFERENCES else name


def _permission(name: str, text: str) -> Any:
    """A yes or no; None where it is neither. An empty one says nothing: what was answered cannot be taken back."""
    part, _, rest = name.partition(".")
    answer = _YES_OR_NO.get(text.lower())
    if answer is None:
        return None
    return answer if part == "preferences" else {"id": rest, "value": answer}


def news(theirs: Mapping[str, Any], snapshot: Mapping[str, Any], *, is_whole: bool) -> dict[str, Any]:
    """What says something new, each as the type that the copy has it in. What is not in a whole copy is empty."""
    found = {}
    for name, value in theirs.items():
        if name in snapshot:
            old = snapshot[name]
            if value != old and (typed := _as_typed(value, old)) != old and differs(name, typed, old):
                found[name] = typed
        elif value != "" or not is_whole:
            found[name] = value
    return found


def _as_typed(value: Any, old: Any) -> Any:
    """A text as the kind of value that the API gave for the same attribute; as it is where it does not look so."""
    if not isinstance(value, str) or old is None:
        return value
    if isinstance(old, bool):
        return _YES_OR_NO.get(value.lower(), value)
    if isinstance(old, int | float):
        return _number(value, old)
    if isinstance(old, str) and (at := moment(value)) is not None and at == moment(old):
        return old  # the same moment with another number of digits or another offset
    return value


def _number(text: str, old: float) -> Any:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    return old if number == Decimal(str(old)) else int(number) if number == int(number) else float(number)


def key_of(column: str, value: Any) -> str:
    """A key as its column keeps it; one that is too long is not kept."""
    if not value:
        return ""
    text = normalised(column, str(value))
    return text if len(text) <= _LONGEST[column] else ""


def keys_of(theirs: Mapping[str, Any]) -> dict[str, str]:
    """All keys of somebody new, by their columns."""
    keys = dict(_NO_KEYS)
    for name, column in KEY_FIELDS.items():
        if name in theirs:
            keys[column] = key_of(column, theirs[name])
    return keys
