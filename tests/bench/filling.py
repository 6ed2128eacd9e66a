"""Rows: items that are due, and a table that has grown for years."""

import json
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import connection, transaction

from engage_portal.core import clock
from engage_portal.core.ids import parse_guid
from engage_portal.engage import payloads
from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.registry import handler_for
from engage_portal.outbox.states import State
from receipts.models import Receipt
from receipts.services import POST
from tests.conftest import make_receipt

_AT_ONCE = 1000
_STREAMS_HELD = 500


def body(number: int, prefix: str) -> bytes:
    """The canonical receipt of somebody who bought nothing else."""
    contact = {"matchKey": str(uuid4()), "matchKeyType": "contactId"}
    receipt = make_receipt(f"{prefix}-{number}", contact=contact)
    return payloads.encode_receipt(payloads.decode_receipt(json.dumps(receipt).encode()))


def items(count: str, prefix: str, due_in_days: str = "0") -> int:
    """Receipts that wait, each of another contact, as `receipt_record` writes them."""
    due = clock.now() + timedelta(days=int(due_in_days))
    for start in range(0, int(count), _AT_ONCE):
        _some(range(start, min(start + _AT_ONCE, int(count))), prefix, due)
    return int(count)


@transaction.atomic
def _some(numbers: range, prefix: str, due: datetime) -> None:
    receipts = Receipt.objects.bulk_create(_receipt(number, prefix) for number in numbers)
    made = Item.objects.bulk_create(
        Item(
            kind=POST,
            subject_id=receipt.pk,
            stream=f"contact:{receipt.match_contact_id}",
            reference=receipt.unique_receipt_id,
            store=receipt.store,
            priority=handler_for(POST).priority,
            not_before=due,
        )
        for receipt in receipts
    )
    Event.objects.bulk_create(Event(item=item, what="queued", actor="bench") for item in made)


def _receipt(number: int, prefix: str) -> Receipt:
    text = body(number, prefix).decode()
    return Receipt(
        unique_receipt_id=f"{prefix}-{number}",
        receipt_number=str(number),
        store="101",
        created_date=clock.now(),
        currency="SEK",
        total=200,
        match_contact_id=parse_guid(json.loads(text)["contact"]["matchKey"]),
        body=text,
        content_hash=f"{prefix}-{number}",
    )


def grow(finished: str, waiting: str) -> int:
    """Finished rows, and rows that wait: half of them for a later day, half behind an item that needs attention."""
    now = clock.now()
    later, held = now + timedelta(days=1), int(waiting) // 2
    kept = {"kind": POST, "priority": handler_for(POST).priority, "subject_id": uuid4()}
    done = {"state": State.DELIVERED, "holds": False, "finished_at": now, "tries": 1}
    stuck = {"kind": "contact.create", "state": State.ATTENTION, "reason": "Refused.", "priority": 30}
    with transaction.atomic():
        _copied(Item(**{**kept, **done}), int(finished), streams=int(finished) // 5, name="old")
        _copied(Item(**{**kept, **stuck}), _STREAMS_HELD, streams=_STREAMS_HELD, name="held")
        _copied(Item(**kept, is_parked=True), held, streams=_STREAMS_HELD, name="held")
        _copied(Item(**kept, not_before=later), int(waiting) - held, streams=int(waiting), name="later")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Item.objects.count()


def _copied(row: Item, count: int, *, streams: int, name: str) -> None:
    """A row so many times, each with a subject, a stream and times of its own, by one statement."""
    row.save(force_insert=True)
    columns = [
        field.column for field in Item._meta.concrete_fields if not (field.primary_key or field.generated)
    ]
    is_sqlite = connection.vendor == "sqlite"
    earlier = "datetime({0}, '-' || n || ' seconds')" if is_sqlite else "{0} - n * interval '1 second'"
    changed = {
        "subject_id": "lower(hex(randomblob(16)))" if is_sqlite else "gen_random_uuid()",
        "stream": f"'{name}:' || (n % {streams})",
        "reference": f"'{name}-' || n",
        "created_at": earlier.format("created_at"),
        "finished_at": earlier.format("finished_at"),
    }
    numbers = f"generate_series(1, {count}) AS numbers(n)"
    if is_sqlite:
        numbers = f"(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT n FROM c)"
    quoted = [f'"{column}"' for column in columns]
    values = [changed.get(column, quoted[place]) for place, column in enumerate(columns)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO outbox_item ({', '.join(quoted)}) "
            f"SELECT {', '.join(values)} FROM outbox_item, {numbers} WHERE id = {row.pk}"
        )
    row.delete()
