"""What a contact may hold: names, well-formedness, nulls (api.md §6.3)."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from engage_portal.sandbox.answers import ApiError, Record

CONTACT_TYPES = ("Member", "Contact")
DEFAULT_TYPE = "Member"
KEY_ATTRIBUTES = ("email", "mobilePhone", "socialSecurityNumber", "externalId", "memberNumber")
PREFERENCES = ("acceptsEmail", "acceptsSms", "acceptsPostal")
STANDARD = frozenset(
    {
        *KEY_ATTRIBUTES,
        *("firstName", "lastName", "street", "careOf", "zipCode", "city", "country", "countryCode"),
        *("language", "birthDay", "gender", "store"),
    }
)
CUSTOM = frozenset({"shoeSize", "interests", "loyaltyLevel"})
"""What this invented tenant has configured beyond the standard; text, number or yes/no."""

_ENVELOPE = {"contactType", "preferences", "consents"}
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\".]+(\.[^@\s,;<>\".]+)+")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_SWEDISH = re.compile(r"(?:\d\d)?\d\d(\d\d)(\d\d)[-+]?\d{4}")
_FINNISH = re.compile(r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", re.IGNORECASE)
_COORDINATION = 60
_MONTHS, _DAYS = 12, 31


def contact_type(text: str) -> str | None:
    """The type's handle as Engage writes it, or None. Compared without regard to case (inferred)."""
    return next((name for name in CONTACT_TYPES if name.lower() == text.strip().lower()), None)


def required_type(text: str) -> str:
    """As `contact_type`, but 400 `InvalidContactType` where there is none."""
    found = contact_type(text)
    if found is None:
        raise ApiError(400, "InvalidContactType", "The contact type is not valid")
    return found


def is_email(text: str) -> bool:
    """Whether a text is formed like an e-mail address."""
    return bool(_EMAIL.fullmatch(text.strip()))


def is_phone(text: str) -> bool:
    """Whether a text is a phone number with its country code: the code is mandatory (api.md §3)."""
    return bool(_PHONE.fullmatch(text.strip()))


def is_personal_number(text: str) -> bool:
    """Whether a text is formed like a Swedish personal or coordination number, or a Finnish one."""
    if _FINNISH.fullmatch(text.strip()):
        return True
    match = _SWEDISH.fullmatch(text.strip())
    if not match:
        return False
    month, day = int(match[1]), int(match[2])
    return 1 <= month <= _MONTHS and 1 <= day % _COORDINATION <= _DAYS


def normalised_key(attribute: str, value: str) -> str:
    """A key as it is compared: e-mails without regard to case (inferred, api.md §17)."""
    value = value.strip()
    return value.lower() if attribute == "email" else value


def ignored_fields(flat: Record) -> list[str]:
    """Fields the tenant does not know, or computes itself: dropped without an error (api.md §6.3)."""
    return [name for name in flat if name not in STANDARD | CUSTOM | _ENVELOPE]


def attributes_in(flat: Record) -> Record:
    """The attributes of a flat contact that the tenant knows; an empty text is kept as null."""
    known = {name: value for name, value in flat.items() if name in STANDARD | CUSTOM}
    return {name: None if value == "" else value for name, value in known.items()}


def errors_in(flat: Record, held: Record, consent_ids: set[str]) -> list[str]:
    """Every reason to refuse a flat contact, given the attributes the contact already holds.

    Null or "" over something the contact has overwrites it, as in Engage. Over something it never had it
    can only be an accident, and this stand-in is strict about accidents.
    """
    errors = []
    for name, value in flat.items():
        if name in STANDARD | CUSTOM:
            errors += _attribute_errors(name, value, held)
    errors += _preference_errors(flat.get("preferences", {}))
    errors += _consent_errors(flat.get("consents", []), consent_ids)
    return errors


def _attribute_errors(name: str, value: Any, held: Record) -> list[str]:
    if value is None or value == "":
        what = "null" if value is None else "empty text"
        return [] if name in held else [f"{name}: {what} for an attribute the contact does not have"]
    if name in STANDARD and not isinstance(value, str):
        return [f"{name}: must be text"]
    if name in CUSTOM and isinstance(value, dict | list):
        return [f"{name}: must be text, a number or a boolean"]
    checks: dict[str, tuple[Callable[[Any], bool], str]] = {
        "email": (is_email, "is not a valid e-mail address"),
        "mobilePhone": (is_phone, "is not a valid phone number with country code"),
        "socialSecurityNumber": (is_personal_number, "is not a valid personal number"),
        "birthDay": (_is_day, "is not a date of the form YYYY-MM-DD"),
        "gender": (lambda text: text in {"Male", "Female", "Other"}, "must be Male, Female or Other"),
        "countryCode": (lambda text: bool(re.fullmatch(r"[A-Za-z]{2}", text)), "must be two letters"),
    }
    check, reason = checks.get(name, (lambda _: True, ""))
    return [] if check(value) else [f"{name}: {reason}"]


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _preference_errors(preferences: Any) -> list[str]:
    if not isinstance(preferences, dict):
        return ["preferences: must be an object"]
    errors = [f"preferences.{name}: unknown preference" for name in preferences if name not in PREFERENCES]
    return errors + [
        f"preferences.{name}: must be true or false"
        for name, value in preferences.items()
        if name in PREFERENCES and not isinstance(value, bool)
    ]


def _consent_errors(consents: Any, known: set[str]) -> list[str]:
    if not isinstance(consents, list):
        return ["consents: must be an array"]
    errors = []
    for number, consent in enumerate(consents):
        where = f"consents[{number}]"
        if not isinstance(consent, dict):
            errors.append(f"{where}: must be an object")
            continue
        if consent.get("id") not in known:
            errors.append(f"{where}.id: unknown consent")
        if not isinstance(consent.get("value"), bool):
            errors.append(f"{where}.value: must be true or false")
        errors += [
            f"{where}.{name}: must be text"
            for name in ("date", "source", "comment")
            if name in consent and not isinstance(consent[name], str)
        ]
    return errors
