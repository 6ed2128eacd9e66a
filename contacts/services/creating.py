"""Creating a contact: in Engage where it answers in time, else here, to be sent later."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction

from contacts.flat import flattened, for_engage, plain
from contacts.keys import columns_of
from contacts.kinds import CREATE
from contacts.models import KEY_FIELDS, Contact, ContactEvent, Happened, OwnNumber
from contacts.services.answering import Asked, dated, record_answers
from contacts.services.changing import Written
from engage_portal.core.clock import Deadline
from engage_portal.engage import Conflict, EngageError, FieldError, Rejected
from engage_portal.outbox.delivery.live import Delivered, Queued, deliver_now
from engage_portal.outbox.line import breaker, door
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import enqueue, supersede

LEVEL_WITH_CREATION = 4


def contact_create(
    *, body: Mapping[str, Any], source: str, unapproved: bool, asked: Asked, deadline: Deadline
) -> Written:
    """Create a contact: in Engage where it answers in time, else here (level 4), to be sent later.

    Raises Rejected and Conflict as Engage does, and Unavailable below level 4 while Engage is away. After a refusal
    nothing is kept. A creation that may have reached Engage is never refused, whatever the level: what became of it
    is looked up later.
    """
    online = breaker.is_closed()
    if not online and settings.ENGAGE_LEVEL < LEVEL_WITH_CREATION:
        raise _no_new_contacts()
    contact = contact_born(body, source=source, store=asked.store, unapproved=unapproved)
    if not online:
        refuse_known(contact)
    item = contact_keep(contact, looks_first=not online, asked=asked)
    outcome = deliver_now(item, deadline=deadline)
    if isinstance(outcome, Queued) and settings.ENGAGE_LEVEL < LEVEL_WITH_CREATION:
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


def contact_born(body: Mapping[str, Any], *, source: str, store: str, unapproved: bool) -> Contact:
    """Somebody new, not yet kept. Raises Rejected where there is nothing to know them by."""
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
    return Contact(
        pk=uuid4(),
        contact_type=contact_type_of(body.get("contactType")),
        changes=flat,
        source=source,
        created_in_store=store,
        created_as_unapproved=unapproved,
        **columns,
    )


def contact_type_of(given: Any) -> str:
    """A contact type as Engage spells it: capitalised, `Member` where none is named."""
    name = str(given or "").strip() or "Member"
    return name[:1].upper() + name[1:]


def refuse_known(contact: Contact) -> None:
    """While Engage is away our copy says who exists already."""
    for name, column in KEY_FIELDS.items():
        value = getattr(contact, column)
        same = Contact.objects.filter(contact_type__iexact=contact.contact_type, same_as__isnull=True)
        if value and same.filter(**{column: value}).exists():
            raise _key_exists(name)


def contact_keep(contact: Contact, *, looks_first: bool, asked: Asked) -> Item:
    """Keep somebody new with what they answered, and queue the creation. Raises Conflict where a key is taken here.

    Who is born while Engage is away gets a number of our own series, to be found again by, whatever else changes.
    """
    try:
        with transaction.atomic():
            if looks_first and not contact.external_id:
                number = f"{settings.ENGAGE_NUMBER_PREFIX}{OwnNumber.objects.create(contact_id=contact.pk).number:06d}"
                contact.external_id = contact.changes["externalId"] = number
            given = contact.changes
            contact.changes = for_engage({**given, **dated(given, asked)})
            contact.save(force_insert=True)
            record_answers(contact, given, asked)
            ContactEvent.objects.create(contact=contact, what=Happened.BORN, actor=asked.actor)
            return enqueue_creation(contact, looks_first=looks_first, actor=asked.actor)
    except IntegrityError:
        raise _key_exists("key") from None


def enqueue_creation(contact: Contact, *, looks_first: bool, actor: str) -> Item:
    """Queue the creation of somebody whom Engage does not know; in the transaction that keeps them."""
    return enqueue(
        kind=CREATE,
        subject_id=contact.pk,
        stream=contact.stream,
        reference=str(contact.pk),
        store=contact.created_in_store,
        looks_first=looks_first,
        actor=actor,
    )


def _key_exists(name: str) -> Conflict:
    return Conflict(
        f"A contact with this {name} exists or is being created.",
        status=409,
        error_code="ApprovedContactWithKeyExists",
    )
