"""Sales of people who may be new: a receipt that brings what the till knows of its customer.

Whether Engage knows them is found out when Engage can be asked: found, the sale is tagged; not found, they are created
and then tagged. Both is what the creation of a contact does (`contacts/handlers/create.py`), and the receipt waits for
it in the same stream.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from django.conf import settings

from contacts.models import KEY_FIELDS, Contact
from contacts.services import Asked
from contacts.services.creating import LEVEL_WITH_CREATION, contact_born, contact_keep
from contacts.shapes import problems_of
from engage_portal.engage import Conflict, FieldError, payloads
from engage_portal.outbox.line import breaker
from receipts.tagging import type_of

_WHERE, _KEY = "contact.person", "contact.matchKey"


def person_of(key: payloads.ReceiptContact | None) -> dict[str, Any] | None:
    """What a receipt says of its customer, with the key that it names them by; None where it says nothing."""
    if key is None or not isinstance(key.person, dict):
        return None
    return {**key.person, str(key.match_key_type): key.match_key}


def problems_with_person(key: payloads.ReceiptContact | None) -> Iterator[FieldError]:
    """What is wrong with it and its key, as for `POST contacts`: both may become a contact's own."""
    person = person_of(key)
    if key is None or person is None or not isinstance(key.person, dict):
        return
    kind = str(key.match_key_type)
    if kind not in KEY_FIELDS:
        yield FieldError(_WHERE, f"does not go with a {kind}: name the contact by {', '.join(KEY_FIELDS)}")
        return
    if "contactType" in key.person:
        yield FieldError(f"{_WHERE}.contactType", "belongs beside matchKey")
    for problem in problems_of(person):
        where = _KEY if problem.field == kind else f"{_WHERE}.{problem.field}"
        yield FieldError(where, problem.description)


def may_be_registered() -> bool:
    """Whether somebody new may be kept at this moment: at level 4 always, below while Engage answers."""
    return settings.ENGAGE_LEVEL >= LEVEL_WITH_CREATION or breaker.is_closed()


def newcomer_kept(key: payloads.ReceiptContact | None, *, source: str, asked: Asked) -> Contact | None:
    """Keep somebody new with the receipt, in its transaction, to be looked up and then created.

    None where the receipt says nothing of its customer, nobody new may be kept now, or the keys are somebody else's
    here: then the receipt goes by its key alone.
    """
    person = person_of(key)
    if key is None or person is None or not may_be_registered():
        return None
    body = {**person, "contactType": type_of(key)}
    contact = contact_born(body, source=source, store=asked.store, unapproved=False)
    try:
        contact_keep(contact, looks_first=True, asked=asked)
    except Conflict:
        return None
    return contact


def without_person(payload: payloads.Receipt) -> payloads.Receipt:
    """The receipt as it is kept and sent."""
    if payload.contact is None or not isinstance(payload.contact.person, dict):
        return payload
    return msgspec.structs.replace(
        payload, contact=msgspec.structs.replace(payload.contact, person=msgspec.UNSET)
    )
