"""Personal data as staff see it before they ask for more: enough to tell two people apart, too little to know one."""

from typing import Any

from contacts.flat import is_permission
from contacts.merging import said

_DOTS = "•••"
_NOT_PERSONAL = {"countryCode", "country", "language", "store", "createdInStore"}
_NUMBERS = {"memberNumber", "externalId"}
_ENOUGH = 6


def shown(name: str, value: Any, *, revealed: bool) -> str:
    """A flat value for people; masked unless it says nothing about who somebody is, or was revealed."""
    if is_permission(name):
        return {True: "Yes", False: "No", None: "Not answered"}[said(value)]
    if value in (None, ""):
        return ""
    if isinstance(value, bool):
        text = "Yes" if value else "No"
        return text if revealed else _DOTS
    return str(value) if revealed or name in _NOT_PERSONAL else masked_value(name, str(value))


def masked_value(name: str, text: str) -> str:
    """The masked text of an attribute, such as a•••@e•••.com."""
    if name == "email" and "@" in text:
        return _email(text)
    if name == "mobilePhone" and len(text) > _ENOUGH:
        return f"{text[:3]} {_DOTS} {text[-2:]}"
    if name in _NUMBERS and len(text) > _ENOUGH:
        return f"{_DOTS}{text[-3:]}"
    if name in {"socialSecurityNumber", "birthDay"}:
        return _DOTS
    return f"{text[0]}{_DOTS}" if len(text) > 1 else _DOTS


def _email(text: str) -> str:
    name, _, host = text.rpartition("@")
    domain, _, end = host.rpartition(".")
    return f"{name[:1]}{_DOTS}@{domain[:1]}{_DOTS}.{end}" if domain else f"{name[:1]}{_DOTS}@{_DOTS}"
