"""What a contact's body may look like. Tenants have attributes of their own, so names are open; types are not."""

from collections.abc import Mapping
from typing import Any

from contacts.keys import e164
from engage_portal.engage import FieldError, Rejected

_TEXTS = (
    "contactType", "firstName", "lastName", "email", "mobilePhone", "socialSecurityNumber", "externalId",
    "memberNumber", "street", "careOf", "zipCode", "city", "country", "countryCode", "language", "birthDay", "gender",
    "store",
)  # fmt: skip
_LONGEST = 1000
_MOST_MEMBERS = 200


def check_body(body: Mapping[str, Any]) -> None:
    """Raise Rejected (422) with every problem at once, each with its field."""
    problems = [
        *_size(body),
        *_texts(body),
        *_phone(body),
        *_email(body),
        *_preferences(body.get("preferences")),
        *_consents(body.get("consents")),
    ]
    if problems:
        raise Rejected(
            "; ".join(f"{problem.field}: {problem.description}" for problem in problems[:5]),
            status=422,
            error_code="ValidationError",
            field_errors=tuple(problems),
        )


def _size(body: Mapping[str, Any]) -> list[FieldError]:
    if len(body) > _MOST_MEMBERS:
        return [FieldError("", f"has more than {_MOST_MEMBERS} attributes")]
    return [
        FieldError(name, f"is longer than {_LONGEST} characters")
        for name, value in body.items()
        if isinstance(value, str) and len(value) > _LONGEST
    ] + [
        FieldError(name, "must not be an object or an array")
        for name, value in body.items()
        if isinstance(value, dict | list) and name not in {"preferences", "consents"}
    ]


def _texts(body: Mapping[str, Any]) -> list[FieldError]:
    return [
        FieldError(name, "must be a text")
        for name in _TEXTS
        if name in body and body[name] is not None and not isinstance(body[name], str)
    ]


def _phone(body: Mapping[str, Any]) -> list[FieldError]:
    value = body.get("mobilePhone")
    if isinstance(value, str) and value.strip() and not e164(value):
        return [
            FieldError(
                "mobilePhone", "is not a phone number; write it with country code, such as +46735654321"
            )
        ]
    return []


def _email(body: Mapping[str, Any]) -> list[FieldError]:
    value = body.get("email")
    if isinstance(value, str) and value.strip():
        name, _, host = value.strip().rpartition("@")
        if not name or "." not in host or " " in value.strip():
            return [FieldError("email", "is not an e-mail address")]
    return []


def _preferences(value: Any) -> list[FieldError]:
    if value is None:
        return []
    if not isinstance(value, Mapping):
        return [FieldError("preferences", "must be an object")]
    return [
        FieldError(f"preferences.{name}", "must be true or false")
        for name, answer in value.items()
        if not isinstance(answer, bool)
    ]


def _consents(value: Any) -> list[FieldError]:
    if value is None:
        return []
    if not isinstance(value, list):
        return [FieldError("consents", "must be an array")]
    return [
        FieldError(f"consents[{index}]", "must be an object with a text `id` and a true or false `value`")
        for index, entry in enumerate(value)
        if not isinstance(entry, Mapping)
        or not isinstance(entry.get("id"), str)
        or not isinstance(entry.get("value"), bool)
    ]
