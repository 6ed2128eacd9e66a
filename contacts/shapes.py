"""What a contact's body may look like. Tenants have attributes of their own, so names are open; types are not.

What gets through here can be kept on every database and can travel in a file as well as by API.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from contacts.keys import e164, longest, normalised
from contacts.models import KEY_FIELDS
from engage_portal.engage import FieldError, Rejected

_TEXTS = (
    "contactType", "firstName", "lastName", "email", "mobilePhone", "socialSecurityNumber", "externalId",
    "memberNumber", "street", "careOf", "zipCode", "city", "country", "countryCode", "language", "birthDay", "gender",
    "store",
)  # fmt: skip
_PARTS = ("preferences", "consents")
_CONSENT_TEXTS = ("date", "source", "comment", "textVersion")
_LONGEST = 1000
_LONGEST_NAME = 100
_MOST_MEMBERS = 200
_BOUND = 10**15
_DECIMALS = 10
# What XML cannot carry cannot go the file's way, and PostgreSQL keeps no NUL.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_COLUMNS = {**KEY_FIELDS, "contactType": "contact_type"}


def check_body(body: Mapping[str, Any]) -> None:
    """Raise Rejected (422) with every problem at once, each with its field."""
    problems = list(problems_of(body))
    if problems:
        raise Rejected(
            "; ".join(f"{problem.field}: {problem.description}".lstrip(": ") for problem in problems[:5]),
            status=422,
            error_code="ValidationError",
            field_errors=tuple(problems[:50]),
        )


def problems_of(body: Mapping[str, Any]) -> Iterator[FieldError]:
    """Everything that is wrong with a body, field by field."""
    if len(body) > _MOST_MEMBERS:
        yield FieldError("", f"The contact has more than {_MOST_MEMBERS} attributes.")
        return
    for name, value in body.items():
        yield from _name(name)
        if name not in _PARTS:
            yield from _attribute(name, value)
    yield from _phone(body.get("mobilePhone"))
    yield from _email(body.get("email"))
    if "preferences" in body:
        yield from _preferences(body["preferences"])
    if "consents" in body:
        yield from _consents(body["consents"])


def problems_of_key(name: str, value: str) -> Iterator[FieldError]:
    """Why a text by which somebody is looked up can be nobody's: a phone number or an e-mail address that is none.

    How long it is or how it is written is no matter: nothing keeps it as a contact's own.
    """
    text = normalised(KEY_FIELDS[name], value)
    if name == "mobilePhone":
        yield from _phone(text)
    elif name == "email":
        yield from _email(text)


def _name(name: str) -> Iterator[FieldError]:
    part, dot, _ = name.partition(".")
    if not name or not name.isprintable() or len(name) > _LONGEST_NAME:
        yield FieldError(
            name if name.isprintable() else "?",
            f"is no name: 1 to {_LONGEST_NAME} characters, none of them control characters",
        )
    elif dot and part in _PARTS:
        yield FieldError(name, f"belongs inside {part}")


def _attribute(name: str, value: Any) -> Iterator[FieldError]:
    if isinstance(value, dict | list):
        yield FieldError(name, "must not be an object or an array")
    elif name in _TEXTS and value is not None and not isinstance(value, str):
        yield FieldError(name, "must be a text")
    elif isinstance(value, str):
        yield from _text(name, value, limit=_longest(name), kept=_as_kept(name, value))
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        yield from _number(name, Decimal(value))


def _longest(name: str) -> int:
    column = _COLUMNS.get(name)
    return longest(column) if column else _LONGEST


def _as_kept(name: str, value: str) -> str:
    """A phone number is as long as its digits, however many blanks a person wrote between them."""
    return normalised(KEY_FIELDS[name], value) if name in KEY_FIELDS else value


def _text(name: str, value: str, *, limit: int, kept: str | None = None) -> Iterator[FieldError]:
    if len(value if kept is None else kept) > limit:
        yield FieldError(name, f"is longer than {limit} characters")
    if _CONTROL.search(value):
        yield FieldError(name, "must not hold control characters")


def _number(name: str, value: Decimal) -> Iterator[FieldError]:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or value.copy_abs() >= _BOUND:
        yield FieldError(name, "is too large a number")
    elif exponent < -_DECIMALS:
        yield FieldError(name, f"has more than {_DECIMALS} decimals")


def _phone(value: Any) -> Iterator[FieldError]:
    if isinstance(value, str) and value.strip() and not e164(value):
        yield FieldError(
            "mobilePhone", "is not a phone number; write it with country code, such as +46735654321"
        )


def _email(value: Any) -> Iterator[FieldError]:
    if not isinstance(value, str) or not value.strip():
        return
    name, _, host = value.strip().rpartition("@")
    if not name or "." not in host or any(character.isspace() for character in value.strip()):
        yield FieldError("email", "is not an e-mail address")


def _preferences(value: Any) -> Iterator[FieldError]:
    if not isinstance(value, Mapping):
        yield FieldError("preferences", "must be an object")
        return
    for name, answer in value.items():
        yield from _name(name)
        if not isinstance(answer, bool):
            yield FieldError(f"preferences.{name}", "must be true or false")


def _consents(value: Any) -> Iterator[FieldError]:
    if not isinstance(value, list) or len(value) > _MOST_MEMBERS:
        yield FieldError("consents", f"must be an array of at most {_MOST_MEMBERS}")
        return
    for index, entry in enumerate(value):
        yield from _consent(f"consents[{index}]", entry)


def _consent(where: str, entry: Any) -> Iterator[FieldError]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str) or not entry["id"].strip():
        yield FieldError(where, "must be an object with a text `id` and a true or false `value`")
        return
    if not isinstance(entry.get("value"), bool):
        yield FieldError(f"{where}.value", "must be true or false")
    for name, member in entry.items():
        if name not in ("id", "value", *_CONSENT_TEXTS):
            yield FieldError(
                f"{where}.{name}",
                "is not known; a consent has id, value, date, source, comment and textVersion",
            )
        elif isinstance(member, str):
            yield from _text(f"{where}.{name}", member, limit=_LONGEST_NAME if name == "id" else _LONGEST)
        elif name in _CONSENT_TEXTS and member is not None:
            yield FieldError(f"{where}.{name}", "must be a text")
