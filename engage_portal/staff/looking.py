"""Finding a contact by whatever staff have in their hands."""

from contextlib import suppress
from dataclasses import dataclass

from django.db.models import Q

from contacts.keys import e164, normalised
from contacts.models import KEY_FIELDS, Contact
from contacts.selectors import contact_by_id
from contacts.services import contact_current, contact_fetch, contact_find
from engage_portal.core.clock import Deadline
from engage_portal.core.ids import parse_guid
from engage_portal.engage import Identifier, IdentifierKind, NotFound
from engage_portal.staff.contact_page import name_of
from engage_portal.staff.masks import shown

_LONGEST = 254
_MOST = 20
_KEYS = ("email", "mobilePhone", "memberNumber")


@dataclass(frozen=True, slots=True)
class Found:
    """One line of a result: enough to tell two people apart."""

    contact: Contact
    name: str
    keys: list[str]


def typed(text: str) -> str:
    """What somebody typed or pasted, without what cannot be seen: no database keeps it all."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())[:_LONGEST]


def in_copy(text: str) -> list[Contact]:
    """Everybody in our copy who has the text as a key or an id, the newest first; at most twenty."""
    guid = parse_guid(text)
    if guid is not None:
        contact = contact_by_id(guid)
        return [contact] if contact else []
    has_key = Q()
    for column in KEY_FIELDS.values():
        value = normalised(column, text)
        has_key |= Q(**{column: value}) if value else Q()
    if not has_key:
        return []
    return list(Contact.objects.filter(has_key, same_as__isnull=True).order_by("-created_at")[:_MOST])


def in_engage(text: str, deadline: Deadline) -> Contact:
    """The one contact that Engage has for the text, kept in our copy. Raises EngageError as `contact_find` does."""
    guid = parse_guid(text)
    if guid is not None:
        return contact_fetch(contact_id=guid, deadline=deadline).value
    *first, last = _identifiers(text)
    for identifier in first:
        with suppress(NotFound):
            return _found(identifier, deadline)
    return _found(last, deadline)


def _identifiers(text: str) -> list[Identifier]:
    """What to ask for. Engage knows phone numbers with their country code only: as such they are tried first."""
    phone = e164(text) if text.startswith(("0", "+")) else ""
    phones = [Identifier(IdentifierKind.MOBILE_PHONE, phone)] if phone else []
    return [*phones, Identifier(IdentifierKind.ANY, text)]


def _found(identifier: Identifier, deadline: Deadline) -> Contact:
    found = contact_find(identifier=identifier, contact_type=None, deadline=deadline).value
    return contact_current(contact=found, deadline=deadline).value


def line_of(contact: Contact) -> Found:
    """A contact as a line of a result, masked."""
    data = contact.data
    keys = (shown(name, data.get(name), revealed=False) for name in _KEYS)
    return Found(contact, name_of(data, revealed=False), [key for key in keys if key])
