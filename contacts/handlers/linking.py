"""Who somebody is in Engage: searching by keys, and tying what was born here to what is found there."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from contacts.flat import differs, from_engage, is_permission
from contacts.kinds import UPDATE
from contacts.merging import answer_date, is_later, refresh_keys, said
from contacts.models import KEY_FIELDS, Answer, Contact, ContactEvent, Happened
from contacts.snapshots import store_answer
from engage_portal.core import clock
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import Conflict, EngageClient, Identifier, IdentifierKind, NotFound
from engage_portal.engage import Contact as EngageContact
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import enqueue_update, move_stream

_LOOK_BY = (
    ("externalId", IdentifierKind.CUSTOM_KEY),
    ("memberNumber", IdentifierKind.CUSTOM_KEY),
    ("email", IdentifierKind.EMAIL),
    ("socialSecurityNumber", IdentifierKind.SOCIAL_SECURITY_NUMBER),
    ("mobilePhone", IdentifierKind.MOBILE_PHONE),
)

_FILLED_IN_BY_ENGAGE = {
    "contactId", "memberNumber", "store", "createdInStore", "country", "countryCode", "language",
}  # fmt: skip
"""What somebody new may have there though nobody said it."""
_TELL_A_BIRTHDAY = {"socialSecurityNumber", "birthDay"}
_FOLLOW_FROM_A_BIRTHDAY = {"birthDay", "age", "gender"}


def keys_of(contact: Contact) -> list[Identifier]:
    """Everything that the contact can be found by in Engage, surest first."""
    data = {**contact.snapshot, **contact.changes}
    return [Identifier(kind, str(data[name])) for name, kind in _LOOK_BY if data.get(name)]


def keys_in(body: Mapping[str, Any]) -> tuple[str, ...]:
    """What identifies a row of a bulk call, comparable."""
    return tuple(f"{name}={str(body[name]).casefold()}" for name in KEY_FIELDS if body.get(name))


def search(
    client: EngageClient, keys: list[Identifier], contact_type: str, email: str
) -> EngageContact | None:
    """The one contact that all keys mean, if there is one.

    Raises Conflict where keys mean several people, or somebody with another e-mail address: a phone number that two
    people gave must never make one of them the other. Then a person decides.
    """
    found = {guid for key in keys if (guid := _find(client, key, contact_type))}
    if not found:
        return None
    contact = client.get_contact(next(iter(found)))
    theirs = str(contact.attributes.get("email") or "").strip().lower()
    if len(found) > 1 or (email and theirs and email != theirs):
        raise Conflict(
            "A key of this sign-up belongs to somebody else in Engage.",
            status=409,
            error_code="KeyOfAnotherContact",
            candidates=tuple(found),
        )
    return contact


def _find(client: EngageClient, key: Identifier, contact_type: str) -> EngageContactId | None:
    try:
        return client.find_contact_id(key, contact_type=contact_type)
    except NotFound:
        return None


def link(
    contact: Contact, answer: EngageContact, sent: Mapping[str, Any], item: Item, *, actor: str = "portal"
) -> None:
    """Tie somebody born here to Engage's contact, who may be somebody that we knew already."""
    known = (
        Contact.objects.select_for_update()
        .filter(engage_contact_id=UUID(answer.id))
        .exclude(pk=contact.pk)
        .first()
    )
    there = from_engage(answer)
    is_filed = contact.filed_at is not None and known is None and not _was_there_before(contact, there)
    missing = _missing_in_engage(contact, there, sent, was_created_by_file=is_filed)
    overruled = [] if sent else _overruled(contact, there, missing)
    target = known or contact
    if known:
        missing = {
            name: value for name, value in missing.items() if name not in _answered_later(known, contact)
        }
    target.changes = {**target.changes, **missing} if known else missing
    target.engage_contact_id = UUID(answer.id)
    events = store_answer(target, answer, as_of=clock.now())
    events.append(ContactEvent(contact=target, what=Happened.LINKED, actor=actor))
    events += [
        ContactEvent(
            contact=target, what=Happened.OVERRULED, actor="Engage", field=name, old=yes, new=there[name]
        )
        for name, yes in overruled
    ]
    if known:
        contact.same_as, contact.changes = known, {}
        refresh_keys(contact)  # the keys are the other one's now
        move_stream(of=f"contact:{contact.pk}", to=known.stream, but_not=item)
        contact.save()
    elif not target.snapshot:
        target.snapshot = dict(sent)
        refresh_keys(target)
    target.save()
    ContactEvent.objects.bulk_create(events)
    if missing:
        enqueue_update(
            kind=UPDATE, subject_id=target.pk, stream=target.stream, fields=missing, store=item.store
        )


def _was_there_before(contact: Contact, there: Mapping[str, Any]) -> bool:
    """Whether what Engage shows cannot be from our file alone, so that the file changed somebody.

    A file says no yes, and what neither it said nor Engage fills in by itself was known there already.
    """
    from_our_own = {*contact.changes, *_FILLED_IN_BY_ENGAGE}
    if not from_our_own.isdisjoint(_TELL_A_BIRTHDAY):
        from_our_own |= _FOLLOW_FROM_A_BIRTHDAY
    return any(
        said(value) is True or answer_date(value) is not None
        if is_permission(name)
        else bool(value) and name not in from_our_own
        for name, value in there.items()
    )


def _overruled(
    contact: Contact, there: Mapping[str, Any], missing: Mapping[str, Any]
) -> list[tuple[str, Any]]:
    """Each yes that gives way to a no of Engage's: the journal keeps what the person said here."""
    return [
        (name, ours)
        for name, ours in contact.changes.items()
        if is_permission(name)
        and said(ours) is True
        and said(there.get(name)) is False
        and name not in missing
    ]


def _missing_in_engage(
    contact: Contact, there: Mapping[str, Any], sent: Mapping[str, Any], *, was_created_by_file: bool
) -> dict[str, Any]:
    """What the person gave here and Engage has nothing for, or changed after it was sent. Never overwrites more."""
    if sent:
        return {name: value for name, value in contact.changes.items() if sent.get(name) != value}
    updates = Item.objects.open().filter(stream=contact.stream, kind=UPDATE).values_list("fields", flat=True)
    queued = {name for fields in updates for name in fields}
    return {
        name: value
        for name, value in contact.changes.items()
        if differs(name, value, there.get(name))
        and (
            name in queued
            or _is_lacking(name, value, there.get(name), was_created_by_file=was_created_by_file)
        )
    }


def _answered_later(known: Contact, contact: Contact) -> set[str]:
    """What was answered under the contact that we knew, after the one born here said something else, if anything."""
    rows = Answer.objects.filter(contact__in=[known, contact]).order_by("answered_at", "pk")
    newest = dict(rows.values_list("name", "contact_id"))
    return {name for name, whose in newest.items() if whose == known.pk}


def _is_lacking(name: str, ours: Any, there: Any, *, was_created_by_file: bool) -> bool:
    """Whether Engage should learn what somebody gave here who was found there: an answer only if it is the later one.

    Keys are left as Engage has them: with another one it would be somebody else. Whom a file of ours created has a
    plain *no* for every preference that the file did not say: nobody has answered that.
    """
    if name in KEY_FIELDS or ours in (None, ""):
        return False
    if is_permission(name) and said(there) is not None:
        is_default = was_created_by_file and not isinstance(there, Mapping)
        return said(ours) is False or is_default or is_later(ours, there)
    return there in (None, "")
