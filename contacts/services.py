"""What can be done with a contact: find, create, change. Each answers within the caller's deadline."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction

from contacts.flat import differs, flattened, plain
from contacts.keys import columns_of, normalised
from contacts.models import KEY_FIELDS, Contact
from contacts.selectors import contact_by_id, contacts_matching
from contacts.snapshots import (
    OUTAGES,
    contact_current,
    contact_seen,
    contact_store,
    is_fresh,
    refresh_keys,
)
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Freshness, Read
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import (
    Conflict,
    EngageError,
    FieldError,
    Identifier,
    IdentifierKind,
    Rejected,
)
from engage_portal.outbox.delivery.live import Delivered, Queued, deliver_now
from engage_portal.outbox.line import breaker, door
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import enqueue, enqueue_update, supersede

CREATE, UPDATE = "contact.create", "contact.update"
_LEVEL_WITH_COPY, _LEVEL_WITH_CREATION = 3, 4
_COLUMN_OF = {
    IdentifierKind.EMAIL: "email",
    IdentifierKind.MOBILE_PHONE: "mobile_phone",
    IdentifierKind.SOCIAL_SECURITY_NUMBER: "social_security_number",
}

__all__ = ["Written", "contact_create", "contact_current", "contact_fetch", "contact_find", "contact_update"]


@dataclass(frozen=True, slots=True)
class Written:
    """A change, and whether Engage has it already (else it is queued)."""

    contact: Contact
    is_live: bool


def contact_find(*, identifier: Identifier, contact_type: str | None, deadline: Deadline) -> Read[Contact]:
    """The contact with an identifier: from our copy while that is fresh, else from Engage, else from our copy.

    Raises NotFound, Conflict (with candidates) and Rejected as Engage does, and Unavailable where Engage is away and
    our copy does not know the identifier either, or the preparation level has no copy.
    """
    identifier = _as_engage_wants_it(identifier)
    known = contacts_matching(identifier, contact_type=contact_type)
    if len(known) == 1 and (is_fresh(known[0].fetched_at) or known[0].engage_id is None):
        return Read(known[0], Freshness.CACHED, known[0].fetched_at or known[0].created_at)
    try:
        found = door.ask(
            lambda client: client.find_contact_id(identifier, contact_type=contact_type), deadline=deadline
        )
    except OUTAGES:
        return _from_copy(known)
    return Read(_remember(found, identifier, contact_type), Freshness.LIVE, None)


def _as_engage_wants_it(identifier: Identifier) -> Identifier:
    """The identifier as we send it when we create somebody: a phone number, say, with the country code it must have."""
    column = _COLUMN_OF.get(identifier.kind)
    return Identifier(identifier.kind, normalised(column, identifier.value)) if column else identifier


def _from_copy(known: list[Contact]) -> Read[Contact]:
    if settings.ENGAGE_LEVEL < _LEVEL_WITH_COPY or not known:
        raise door.line_down("Engage is away, and this contact is not in the local copy.")
    if len(known) > 1:
        raise Conflict(
            "More than one contact matches.",
            error_code="MultipleMatches",
            status=409,
            candidates=tuple(EngageContactId(contact.public_id) for contact in known),
        )
    return Read(known[0], Freshness.STALE, known[0].fetched_at or known[0].created_at)


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
    if contact is not None:
        read = contact_current(contact=contact, deadline=deadline)
        if read.freshness is Freshness.NONE:
            raise door.line_down("Engage is away, and this contact was never fetched before.")
        return read
    answer = door.ask(lambda client: client.get_contact(EngageContactId(str(contact_id))), deadline=deadline)
    contact = contact_store(answer)
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
        asked = EngageContactId(str(engage_id))
        return contact_store(door.ask(lambda client: client.get_contact(asked), deadline=deadline))
    except EngageError:
        return contact


def _certain(known: list[Contact], address: str) -> list[Contact]:
    having = [contact for contact in known if contact.email == address]
    members = [contact for contact in having if contact.contact_type.casefold() == "member"]
    return members or having


def _found_in_engage(identifier: Identifier, deadline: Deadline) -> list[Contact]:
    for contact_type in (None, "Member"):
        try:
            read = contact_find(identifier=identifier, contact_type=contact_type, deadline=deadline)
            return [contact_current(contact=read.value, deadline=deadline).value]
        except Conflict:
            continue  # the same address in two types: ask again for the member
        except EngageError:
            return []
    return []


def contact_create(
    *, body: Mapping[str, Any], source: str, store: str, unapproved: bool, actor: str, deadline: Deadline
) -> Written:
    """Create a contact: in Engage where it answers in time, else here (level 4), to be sent later.

    Raises Rejected and Conflict as Engage does, and Unavailable below level 4 while Engage is away. After a refusal
    nothing is kept. A creation that may have reached Engage is never refused, whatever the level: what became of it
    is looked up later.
    """
    online = breaker.is_closed()
    if not online and settings.ENGAGE_LEVEL < _LEVEL_WITH_CREATION:
        raise _no_new_contacts()
    contact = _newborn(body, source=source, store=store, unapproved=unapproved, online=online)
    if not online:
        _refuse_known(contact)
    item = _queue_newborn(contact, looks_first=not online, actor=actor)
    outcome = deliver_now(item, deadline=deadline)
    if isinstance(outcome, Queued) and settings.ENGAGE_LEVEL < _LEVEL_WITH_CREATION:
        _withdraw(contact, item)
    contact = Contact.objects.select_related("same_as").get(pk=contact.pk)
    return Written(contact.same_as or contact, is_live=isinstance(outcome, Delivered))


def _withdraw(contact: Contact, item: Item) -> None:
    """Below level 4 a creation that certainly never left is taken back. Raises Unavailable where that succeeds."""
    with transaction.atomic():
        if not supersede(item=item, reason="Engage was away, and the caller was told so."):
            return
        Contact.objects.filter(pk=contact.pk, engage_contact_id__isnull=True).delete()
    raise _no_new_contacts()


def _no_new_contacts() -> EngageError:
    return door.line_down("Engage is away. New contacts can be registered when it is back.")


def _newborn(body: Mapping[str, Any], *, source: str, store: str, unapproved: bool, online: bool) -> Contact:
    # Nothing is erased by a creation, so what is empty is not sent.
    flat = {name: value for name, value in flattened(plain(body)).items() if value not in (None, "")}
    columns = columns_of(flat)
    if not any(columns.values()):
        raise Rejected(
            "A contact needs at least one key.",
            status=422,
            error_code="ValidationError",
            field_errors=(FieldError("email", f"at least one of {', '.join(KEY_FIELDS)} is required"),),
        )
    flat |= {name: columns[column] for name, column in KEY_FIELDS.items() if columns[column]}
    contact_id = uuid4()
    if not online and not columns["external_id"]:
        # Somebody born during an outage is found again under a number of ours, whatever else changes.
        flat["externalId"] = columns["external_id"] = str(contact_id)
    return Contact(
        pk=contact_id,
        contact_type=_handle(body.get("contactType")),
        changes=flat,
        source=source,
        created_in_store=store,
        created_as_unapproved=unapproved,
        **columns,
    )


def _handle(given: Any) -> str:
    """A contact type as Engage spells it: capitalised, `Member` where none is named."""
    name = str(given or "").strip() or "Member"
    return name[:1].upper() + name[1:]


def _refuse_known(contact: Contact) -> None:
    """While Engage is away our copy says who exists already."""
    for name, column in KEY_FIELDS.items():
        value = getattr(contact, column)
        same = Contact.objects.filter(contact_type__iexact=contact.contact_type, same_as__isnull=True)
        if value and same.filter(**{column: value}).exists():
            raise _key_exists(name)


def _queue_newborn(contact: Contact, *, looks_first: bool, actor: str) -> Item:
    try:
        with transaction.atomic():
            contact.save(force_insert=True)
            return enqueue(
                kind=CREATE,
                subject_id=contact.pk,
                stream=contact.stream,
                reference=str(contact.pk),
                store=contact.created_in_store,
                looks_first=looks_first,
                actor=actor,
            )
    except IntegrityError:
        raise _key_exists("key") from None


def _key_exists(name: str) -> Conflict:
    return Conflict(
        f"A contact with this {name} exists or is being created.",
        status=409,
        error_code="ApprovedContactWithKeyExists",
    )


def contact_update(
    *, contact: Contact, body: Mapping[str, Any], store: str, actor: str, deadline: Deadline
) -> Written:
    """Change a contact: only fields whose value differs are kept and sent. Raises Rejected as Engage does.

    A value that is changed back before it was sent is not sent at all.
    """
    wanted = _normalised_changes(flattened(plain(body)))
    with transaction.atomic():
        contact = Contact.objects.select_for_update().get(pk=contact.pk)
        if contact.same_as_id is not None:  # turned out to be somebody known, since the caller looked
            contact = Contact.objects.select_for_update().get(pk=contact.same_as_id)
        before = dict(contact.changes)
        item = _queue_changes(contact, wanted, store=store, actor=actor)
    if item is None:
        return Written(contact, is_live=contact.engage_id is not None and not contact.changes)
    if set(item.fields) - set(wanted) or set(item.fields) & set(before):
        # Merged with changes that somebody was promised: this caller's refusal must not take those back.
        return Written(contact, is_live=False)
    outcome = deliver_now(item, deadline=deadline)
    return Written(Contact.objects.get(pk=contact.pk), is_live=isinstance(outcome, Delivered))


def _normalised_changes(flat: dict[str, Any]) -> dict[str, Any]:
    for name, column in KEY_FIELDS.items():
        if flat.get(name):
            flat[name] = normalised(column, str(flat[name]))
    return flat


def _queue_changes(contact: Contact, wanted: Mapping[str, Any], *, store: str, actor: str) -> Item | None:
    current = {**contact.snapshot, **contact.changes}
    # In a copy that was never fetched a missing attribute is unknown; else it is empty.
    complete = contact.fetched_at is not None or contact.engage_id is None
    changed = {
        name: value
        for name, value in wanted.items()
        if differs(name, value, current.get(name)) or (name not in current and not complete)
    }
    if not changed:
        return None
    waiting = _waiting_update(contact)
    away = _may_have_left(contact, waiting)
    back = {
        name
        for name, value in changed.items()
        if waiting
        and name in waiting.fields
        and name not in away
        and (complete or name in contact.snapshot)
        and not differs(name, value, contact.snapshot.get(name))
    }
    contact.changes = {
        name: value for name, value in {**contact.changes, **changed}.items() if name not in back
    }
    refresh_keys(contact)
    contact.save()
    if waiting and back:
        waiting.fields = sorted(set(waiting.fields) - back)
        waiting.save(update_fields=["fields"])
        if not waiting.fields:
            supersede(item=waiting, reason="Changed back before it was sent.")
    forth = set(changed) - back
    if not forth:
        return None
    return enqueue_update(
        kind=UPDATE,
        subject_id=contact.pk,
        stream=contact.stream,
        fields=forth,
        cleared=[name for name in forth if changed[name] in (None, "")],
        store=store,
        actor=actor,
    )


def _may_have_left(contact: Contact, waiting: Item | None) -> set[str]:
    """Fields that an update took along which may have reached Engage: the copy does not say what is there."""
    others = Item.objects.open().filter(stream=contact.stream, kind=UPDATE)
    if waiting and not waiting.was_in_doubt:
        others = others.exclude(pk=waiting.pk)
    return {name for fields in others.values_list("fields", flat=True) for name in fields}


def _waiting_update(contact: Contact) -> Item | None:
    waiting = Item.objects.waiting_in(contact.stream).filter(kind=UPDATE)
    return waiting.select_for_update().order_by("-pk").first()
