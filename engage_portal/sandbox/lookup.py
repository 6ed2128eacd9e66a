"""`GET /api/v3/contacts/id`: from one identifier to a contact id (api.md §6.4)."""

from engage_portal.sandbox.answers import Answer, ApiError, Record, as_json
from engage_portal.sandbox.call import Call
from engage_portal.sandbox.contact_rules import (
    CONTACT_TYPES,
    is_email,
    is_personal_number,
    is_phone,
    required_type,
)
from engage_portal.sandbox.state import Engage

_BY_KIND = {
    "email": (is_email, "InvalidEmailAddress", "The e-mail address is not valid"),
    "mobilePhone": (is_phone, "InvalidPhoneNumber", "The phone number is not valid"),
    "socialSecurityNumber": (
        is_personal_number,
        "InvalidSocialSecurityNumber",
        "The personal number is not valid",
    ),
    "customKey": (lambda text: bool(text.strip()), "InvalidSearchQuery", "The search query is not valid"),
}
_IDENTIFIERS = (*_BY_KIND, "any")
_ANY_ORDER = ("email", "socialSecurityNumber", "mobilePhone", "customKey")


def find(engage: Engage, call: Call) -> Answer:
    """The contact's id as a bare JSON string; 404 nobody, 409 several (a key may exist in two types)."""
    given = [name for name in _IDENTIFIERS if name in call.query]
    if len(given) != 1:
        raise ApiError(400, "InvalidSearchQuery", "Send exactly one identifier")
    text = call.query.get("contactType", "")
    types = (required_type(text),) if text else CONTACT_TYPES
    kind, value = given[0], call.query[given[0]]
    matches = _matches(engage, _kind_of(value) if kind == "any" else kind, value, types)
    if not matches:
        raise ApiError(404, "ContactNotFound", "Contact not found")
    if len(matches) > 1:
        details: Record = {"multipleMatchesFound": [contact["id"] for contact in matches]}
        raise ApiError(409, "MultipleMatches", "More than one contact matches", details=details)
    return as_json(matches[0]["id"])


def _kind_of(value: str) -> str:
    """`any` stops at the first kind the value is well formed for, even when nobody has it."""
    return next((kind for kind in _ANY_ORDER if _BY_KIND[kind][0](value)), "customKey")


def _matches(engage: Engage, kind: str, value: str, types: tuple[str, ...]) -> list[Record]:
    is_well_formed, code, message = _BY_KIND[kind]
    if not is_well_formed(value):
        raise ApiError(400, code, message)
    attributes = engage.settings.custom_keys if kind == "customKey" else (kind,)
    found = [contact for attribute in attributes for contact in engage.with_key(attribute, value, types)]
    return list({contact["id"]: contact for contact in found}.values())
