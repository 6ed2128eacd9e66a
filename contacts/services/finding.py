"""Finding a contact: our copy first, Engage where it answers in time, and never somebody else."""

import re
from uuid import UUID

from django.conf import settings

from contacts.keys import normalised, proven_email
from contacts.models import Contact
from contacts.selectors import contact_by_id, contacts_matching
from contacts.snapshots import (
    OUTAGES,
    contact_current,
    contact_seen,
    contact_store,
    is_being_deleted,
    is_fresh,
    refresh_later,
)
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Freshness, Read
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import Conflict, EngageError, Identifier, IdentifierKind, NotFound
from engage_portal.outbox.line import door

LEVEL_WITH_COPY = 3
MEMBER = "Member"
_COLUMN_OF = {
    IdentifierKind.EMAIL: "email",
    IdentifierKind.MOBILE_PHONE: "mobile_phone",
    IdentifierKind.SOCIAL_SECURITY_NUMBER: "social_security_number",
}
_DIGITS = re.compile(r"[0-9]+", re.ASCII)


def contact_find(
    *, identifier: Identifier, contact_type: str | None, deadline: Deadline, is_read_next: bool = False
) -> Read[Contact]:
    """The contact with an identifier. Somebody whose id we know costs no look-up; Engage is asked for the others.

    Who reads the contact next (`is_read_next`) needs no worker that does so. Where several match and no type was
    asked for, the one `Member` is meant. Raises NotFound, Conflict (with
    candidates) and Rejected as Engage does, and Unavailable where Engage is away and our copy does not know the
    identifier either, or the preparation level has no copy.
    """
    identifier = as_engage_wants_it(identifier)
    known = _preferred(contacts_matching(identifier, contact_type=contact_type))
    if len(known) == 1 and (settings.ENGAGE_LEVEL >= LEVEL_WITH_COPY or is_fresh(known[0].fetched_at)):
        return _known(known[0], is_read_next=is_read_next)
    try:
        found = _ask_engage(identifier, contact_type, deadline)
    except OUTAGES:
        return _from_copy(known)
    contact = _remember(found, identifier, contact_type)
    if is_being_deleted(contact):
        raise _deleted()
    return Read(contact, Freshness.LIVE, None)


def _deleted() -> NotFound:
    """What Engage says once it knows."""
    return NotFound("The contact was deleted.", status=404, error_code="ContactNotFound")


def _known(contact: Contact, *, is_read_next: bool) -> Read[Contact]:
    """Somebody of our copy. Where it is old a worker checks it afterwards, with calls that nobody waits for."""
    seen_at = contact.as_of or contact.created_at
    is_old = contact.engage_id is not None and not is_fresh(seen_at)
    if is_old and not is_read_next:
        refresh_later(contact.pk)
    return Read(contact, Freshness.STALE if is_old else Freshness.CACHED, seen_at)


def as_engage_wants_it(identifier: Identifier) -> Identifier:
    """The identifier by its own name, and written as we write it when we create somebody.

    `any` is for people who type: what can only be an e-mail address or a phone number is asked for as such. `any`
    itself stops at the first kind for which the text is well formed
    [developer.voyado.com/docs/contacts/identify-contact/find-contact].
    """
    kind, value = identifier.kind, identifier.value.strip()
    if kind is IdentifierKind.ANY:
        kind = _only_possible_kind(value)
    column = _COLUMN_OF.get(kind)
    return Identifier(kind, normalised(column, value) if column else value)


def _only_possible_kind(value: str) -> IdentifierKind:
    if "@" in value:
        return IdentifierKind.EMAIL
    return IdentifierKind.MOBILE_PHONE if value.startswith("+") else IdentifierKind.ANY


def _ask_engage(identifier: Identifier, contact_type: str | None, deadline: Deadline) -> EngageContactId:
    try:
        return _ask(identifier, contact_type, deadline)
    except Conflict as several:
        if contact_type is not None:
            raise
        return _the_member(identifier, several, deadline)
    except NotFound:
        # Digits that look like a phone or a personal number may be somebody's member number all the same.
        if identifier.kind is not IdentifierKind.ANY or not _DIGITS.fullmatch(identifier.value):
            raise
        return _ask(Identifier(IdentifierKind.CUSTOM_KEY, identifier.value), contact_type, deadline)


def _ask(identifier: Identifier, contact_type: str | None, deadline: Deadline) -> EngageContactId:
    return door.ask(
        lambda client: client.find_contact_id(identifier, contact_type=contact_type), deadline=deadline
    )


def _the_member(identifier: Identifier, several: Conflict, deadline: Deadline) -> EngageContactId:
    """The one member among several; else the caller has to choose, and hears of all of them."""
    try:
        return _ask(identifier, MEMBER, deadline)
    except (NotFound, Conflict):
        raise several from None


def _preferred(known: list[Contact]) -> list[Contact]:
    members = [contact for contact in known if contact.contact_type.casefold() == MEMBER.casefold()]
    return members if len(members) == 1 else known


def _from_copy(known: list[Contact]) -> Read[Contact]:
    if settings.ENGAGE_LEVEL < LEVEL_WITH_COPY or not known:
        raise door.line_down("Engage is away, and this contact is not in the local copy.")
    if len(known) > 1:
        raise Conflict(
            "More than one contact matches.",
            error_code="MultipleMatches",
            status=409,
            candidates=tuple(EngageContactId(contact.public_id) for contact in known),
        )
    return Read(known[0], Freshness.STALE, known[0].as_of or known[0].created_at)


def _remember(engage_id: EngageContactId, identifier: Identifier, contact_type: str | None) -> Contact:
    column = _COLUMN_OF.get(identifier.kind)
    if column is None:
        contact, _ = Contact.objects.get_or_create(
            engage_contact_id=UUID(engage_id), defaults={"pk": UUID(engage_id)}
        )
        return contact
    return contact_seen(engage_id, column=column, value=identifier.value, contact_type=contact_type)


def contact_fetch(*, contact_id: UUID, deadline: Deadline) -> Read[Contact]:
    """A contact by id, also one that this portal has never seen. Raises NotFound and Unavailable."""
    contact = contact_by_id(contact_id)
    if contact is not None and contact.deleted_at is None:
        read = contact_current(contact=contact, deadline=deadline)
        if read.freshness is Freshness.NONE:
            raise door.line_down("Engage is away, and this contact was never fetched before.")
        return read
    asked_at = clock.now()
    answer = door.ask(lambda client: client.get_contact(EngageContactId(str(contact_id))), deadline=deadline)
    contact = contact_store(answer, as_of=asked_at)
    if is_being_deleted(contact):
        raise _deleted()
    return Read(contact, Freshness.LIVE, contact.fetched_at)


def contact_for_sign_in(*, email: str, deadline: Deadline) -> Contact | None:
    """The one person who may sign in with an e-mail address; None where nobody, or nobody certain, has it.

    Our copy first, checked with Engage where it answers; where several match, the `Member` is meant.
    """
    address = normalised("email", email)
    identifier = Identifier(IdentifierKind.EMAIL, address)
    known = [_checked(contact, deadline) for contact in contacts_matching(identifier)]
    certain = _certain(known, address) or _certain(_found_in_engage(identifier, deadline), address)
    return certain[0] if len(certain) == 1 else None


def _checked(contact: Contact, deadline: Deadline) -> Contact:
    """The contact as Engage knows it at this moment, where it answers: a code may only go to a present address."""
    engage_id = contact.engage_id
    if engage_id is None:
        return contact
    try:
        asked, asked_at = EngageContactId(str(engage_id)), clock.now()
        answer = door.ask(lambda client: client.get_contact(asked), deadline=deadline)
        return contact_store(answer, as_of=asked_at)
    except EngageError:
        return contact


def _certain(known: list[Contact], address: str) -> list[Contact]:
    having = [contact for contact in known if proven_email(contact) == address]
    members = [contact for contact in having if contact.contact_type.casefold() == "member"]
    return members or having


def _found_in_engage(identifier: Identifier, deadline: Deadline) -> list[Contact]:
    """Whom Engage has with this address, whatever our copy says: there somebody may only be about to have it."""
    try:
        found = _remember(_ask_engage(identifier, None, deadline), identifier, None)
        return [contact_current(contact=found, deadline=deadline).value]
    except EngageError:
        return []
