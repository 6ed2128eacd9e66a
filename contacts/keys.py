"""What identifies a contact, written one way: phones as E.164, e-mails trimmed and in lower case."""

from collections.abc import Mapping
from typing import Any

import phonenumbers
from django.conf import settings

from contacts.models import KEY_FIELDS, Contact
from contacts.phones import is_plain_e164
from engage_portal.engage import Identifier, IdentifierKind

_COLUMNS: dict[IdentifierKind, tuple[str, ...]] = {
    IdentifierKind.EMAIL: ("email",),
    IdentifierKind.MOBILE_PHONE: ("mobile_phone",),
    IdentifierKind.SOCIAL_SECURITY_NUMBER: ("social_security_number",),
    # Which of the two it is, the tenant decides [developer.voyado.com/docs/contacts/identify-contact/find-contact].
    IdentifierKind.CUSTOM_KEY: ("member_number", "external_id"),
    IdentifierKind.ANY: ("email", "social_security_number", "mobile_phone", "member_number", "external_id"),
}


def longest(column: str) -> int:
    """How many characters of a key, or of another text of a contact, can be kept."""
    field = Contact._meta.get_field(column)  # noqa: SLF001 - Django's documented way to a model's fields
    return int(getattr(field, "max_length", 0))


def normalised(column: str, value: str) -> str:
    """A key as we store and compare it; what cannot be read as a phone number stays as it is."""
    value = value.strip()
    if column == "email":
        return value.lower()
    if column == "mobile_phone":
        return e164(value) or value
    if column == "social_security_number":
        return _personal_number(value)
    return value


def _personal_number(value: str) -> str:
    """A Swedish number without its hyphen. In a Finnish one, and from a hundred years on, the sign is needed."""
    digits = value.replace("-", "").replace(" ", "")
    return digits if digits.isdecimal() else value.upper()


def e164(value: str) -> str:
    """A phone number with country code, such as +46735654321; empty where the text is no possible number.

    Without a country code it is read as one of the region `PHONE_REGION`.
    """
    if is_plain_e164(value):
        return value
    try:
        number = phonenumbers.parse(value, settings.PHONE_REGION)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def columns_of(data: Mapping[str, Any]) -> dict[str, str]:
    """Our key columns from contact data by Engage's names; a missing key is empty."""
    return {column: normalised(column, str(data.get(name) or "")) for name, column in KEY_FIELDS.items()}


def proven_email(contact: Contact) -> str:
    """The e-mail address that is the contact's for certain: a change counts once Engage, which knows who else has it,
    took it. Of somebody whom Engage does not know yet, the one they gave.
    """
    if contact.engage_id is None or "email" not in contact.changes:
        return contact.email
    return normalised("email", str(contact.snapshot.get("email") or ""))


def candidates(identifier: Identifier) -> list[tuple[str, str]]:
    """The columns and values under which somebody with this identifier would stand in our copy."""
    pairs = [(column, normalised(column, identifier.value)) for column in _COLUMNS[identifier.kind]]
    return [(column, value) for column, value in pairs if value]
