"""Many contacts in one call: kept at once, answered at once, split into items afterwards."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from django_q.tasks import async_task

from contacts.flat import flattened, plain
from contacts.keys import columns_of
from contacts.kinds import IDENTIFY
from contacts.models import KEY_FIELDS, Batch, BatchRow, Contact
from contacts.selectors import contacts_with_key
from contacts.services.answering import Asked
from contacts.services.changing import contact_note, locked, normalised_changes
from contacts.services.creating import LEVEL_WITH_CREATION, contact_born, contact_keep, refuse_known
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage import Conflict, EngageError, FieldError, NotFound, Rejected
from engage_portal.outbox.line import breaker, door
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import enqueue

_CHUNK = 50

log = structlog.get_logger(__name__)


@transaction.atomic
def batch_take(
    *, verb: Batch.Verb, contact_type: str, rows: Sequence[Mapping[str, Any]], source: str, asked: Asked
) -> Batch:
    """Keep the rows of a bulk call, to be split by a worker. Raises Unavailable where nobody new may be kept now."""
    if verb == Batch.Verb.CREATE and not _may_create():
        raise door.line_down("Engage is away. New contacts can be registered when it is back.")
    batch = Batch.objects.create(
        verb=verb,
        contact_type=contact_type,
        key_name=asked.actor,
        store=asked.store,
        source=source,
        total=len(rows),
        answered_at=asked.at,
    )
    BatchRow.objects.bulk_create(
        [BatchRow(batch=batch, number=number, body=plain(row)) for number, row in enumerate(rows)]
    )
    transaction.on_commit(split_later, robust=True)
    return batch


def split_later() -> None:
    """Wake a worker to split what waits; a sweep each minute finds what no wake-up came for."""
    async_task("contacts.tasks.split_batches", task_name="split batches")  # type: ignore[no-untyped-call]


def split_waiting(*, seconds: float) -> bool:
    """Split the oldest batches for that long; True where something is left. May run twice, and at the same time."""
    end = Deadline.after(seconds)
    waiting = Batch.objects.filter(finished_at__isnull=True).order_by("created_at")
    for batch_id in waiting.values_list("pk", flat=True).iterator():
        while _split_some(batch_id):
            if end.is_past:
                return True
    return False


@transaction.atomic
def _split_some(batch_id: UUID) -> bool:
    """Split the next rows of a batch in one transaction; False where nothing of it can be done now."""
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    if batch.finished_at is not None or (batch.verb == Batch.Verb.CREATE and not _may_create()):
        return False
    rows = list(batch.rows.filter(number__gte=batch.position).order_by("number")[:_CHUNK])
    for row in rows:
        _split(batch, row)
    batch.position += len(rows)
    if batch.position >= batch.total:
        batch.finished_at = clock.now()
    batch.save(update_fields=["position", "finished_at"])
    return batch.finished_at is None


def _may_create() -> bool:
    return settings.ENGAGE_LEVEL >= LEVEL_WITH_CREATION or breaker.is_closed()


def _split(batch: Batch, row: BatchRow) -> None:
    body = {**(row.body or {}), "contactType": batch.contact_type}
    asked = Asked(actor=batch.key_name, store=batch.store, channel=batch.source, at=batch.answered_at)
    try:
        with transaction.atomic():
            item, contact = (
                _create(batch, body, asked)
                if batch.verb == Batch.Verb.CREATE
                else _update(batch, body, asked)
            )
    except EngageError as error:
        row.error_code, row.message = error.error_code, error.message[:300]
    except OperationalError:
        raise  # a lock that came too late: the rows are split again
    except Exception as fault:  # noqa: BLE001 - one row must not hold up the rows and the calls after it for ever
        told = {"batch": str(batch.pk), "row": row.number, "fault": type(fault).__name__}
        log.error("a row of a bulk call cannot be kept", **told)  # noqa: TRY400 - a database's words may quote it
        row.error_code, row.message = "InternalError", "The row could not be kept."
    else:
        row.contact, row.item_id = contact, item.pk if item else None
    row.body = None
    row.save(update_fields=["contact", "item_id", "error_code", "message", "body"])


def _create(batch: Batch, body: Mapping[str, Any], asked: Asked) -> tuple[Item, Contact]:
    contact = contact_born(body, source=batch.source, store=batch.store, unapproved=False)
    online = breaker.is_closed()
    if not online:
        refuse_known(contact)
    return contact_keep(contact, looks_first=not online, asked=asked), contact


def _update(batch: Batch, body: Mapping[str, Any], asked: Asked) -> tuple[Item | None, Contact]:
    """Changes of whoever has the row's key. Somebody who is not in our copy is identified first."""
    flat = normalised_changes(flattened(body))
    contact, key = _meant(flat, batch.contact_type)
    wanted = {name: value for name, value in flat.items() if name != key}
    return contact_note(locked(contact.pk), wanted, asked), contact


def _meant(flat: Mapping[str, Any], contact_type: str) -> tuple[Contact, str]:
    """Who a row means, and by which key: the tenant's own first. Raises Conflict where that is nobody certain."""
    keys = [name for name in (settings.ENGAGE_KEY, *KEY_FIELDS) if flat.get(name)]
    for key in keys:
        found = contacts_with_key(key, str(flat[key]), contact_type=contact_type)
        if len(found) > 1:
            raise Conflict(f"More than one contact has this {key}.", status=409, error_code="MultipleMatches")
        if found:
            return found[0], key
    if not keys:
        problem = FieldError(settings.ENGAGE_KEY, "a row needs a key of its contact")
        raise Rejected(
            "A row needs a key of its contact.",
            status=422,
            error_code="ValidationError",
            field_errors=(problem,),
        )
    return _to_identify(keys[0], str(flat[keys[0]]), contact_type), keys[0]


def _to_identify(key: str, value: str, contact_type: str) -> Contact:
    """Somebody of whom only a key is known; the id is looked up before anything about them is sent."""
    contact = Contact(
        contact_type=contact_type, changes={}, snapshot={key: value}, **columns_of({key: value})
    )
    try:
        with transaction.atomic():
            contact.save(force_insert=True)
    except IntegrityError:
        raise NotFound(
            f"Somebody with this {key} is on the way to Engage.",
            status=409,
            error_code="ContactWithKeyIsBeingCreated",
        ) from None
    enqueue(kind=IDENTIFY, subject_id=contact.pk, stream=contact.stream, reference=str(contact.pk))
    return contact
