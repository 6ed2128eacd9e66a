"""Contacts as records of a contacts file, which Engage imports with create-or-update
[developer.voyado.com, contacts import by XML].

Of permissions only a plain *no* goes in a file, only with a creation, and only where the tenant's profile names an
element for it: how a consent's date and source stand there is not documented. The others follow through the API, like
whatever else Engage turns out to lack.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings

from contacts.flat import is_permission
from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.engage import EngageError, NotFound
from engage_portal.engage.xml import ContactRecord, carries
from engage_portal.fallback import groups
from engage_portal.fallback.profile import profile
from engage_portal.outbox.delivery.verdicts import refusal
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import FileRow, NothingToSendError, Verdict
from engage_portal.outbox.states import Channel, State

_CONTACT_ID = "contactId"
_STORE = "createdInStore"


def creation_row(contact: Contact) -> FileRow | None:
    """Somebody new, by the tenant's key of members; None for whoever has no such key, is not approved yet, or may be
    somebody whom Engage has already, so that the file would write over what is known there.
    """
    if contact.engage_id is not None or not contact.changes:  # known already, or forgotten
        raise NothingToSendError
    fields = {name: _text(value) for name, value in contact.changes.items() if _goes_along(name, value)}
    if contact.created_as_unapproved or getattr(contact, "is_known_by_key", False):
        return None
    if not fields.get(settings.ENGAGE_KEY):
        return None
    if contact.created_in_store:
        fields[_STORE] = contact.created_in_store
    source = contact.source or settings.ENGAGE_SOURCE
    return _row(contact, groups.of_new(contact.contact_type, source), source, fields)


def change_row(contact: Contact, changed: Mapping[str, Any]) -> FileRow | None:
    """Changed fields of somebody whom Engage knows, by its id; None where one of them can only go by the API."""
    if any(is_permission(name) or not _can_stand(name, value) for name, value in changed.items()):
        return None
    texts = {name: _text(value) for name, value in changed.items()}
    fields = {_CONTACT_ID: str(contact.engage_contact_id), **texts}
    source = settings.ENGAGE_SOURCE
    return _row(contact, groups.of_known(contact.contact_type, source), source, fields)


def is_being_imported(contact: Contact) -> bool:
    """Whether Engage may still be at work on the last file that had something about a contact."""
    margin = timedelta(minutes=settings.SPOOL_MARGIN_MINUTES)
    return contact.filed_at is not None and contact.filed_at + margin > clock.now()


def left_out(how: str, item: Item, error: EngageError | None) -> Verdict | None:
    """What staff read of an item whose file Engage took, and which never showed there; None where it went by a call.

    Where the last look was refused that is the reason.

    [developer.voyado.com/en/contacts/contact-xml-import.html]
    """
    if item.channel != Channel.FILE:
        return None
    if error is not None and not isinstance(error, NotFound):
        return Verdict(State.ATTENTION, error.error_code or type(error).__name__, refusal(error))
    reason = (
        f"Engage took its file, but does not show it: the import {how}. Engage's integration log says which."
    )
    return Verdict(State.ATTENTION, "NotProcessed", reason)


def _row(contact: Contact, group: str, source: str, fields: Mapping[str, str]) -> FileRow:
    return FileRow(group, ContactRecord(contact.contact_type, fields), source=source)


def _goes_along(name: str, value: Any) -> bool:
    """Whether a creation says it; what has no value erases nothing there, and is left out.

    The key may turn out to be of somebody who said no there: a yes waits for the API, which asks first.
    """
    is_agreed = not is_permission(name) or (value is False and name in profile().contacts_import.fields)
    return is_agreed and value not in (None, "") and _can_stand(name, value)


def _can_stand(name: str, value: Any) -> bool:
    """Whether an element can hold it: an empty one is what a person cleared.

    Whose record it is nobody but we say: a field of that name would change somebody else.
    """
    is_ours = name.casefold() == _CONTACT_ID.casefold()
    return not is_ours and not isinstance(value, Mapping | list) and carries(profile(), name)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
