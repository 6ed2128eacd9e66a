"""What the business does with the queue: put in, merge, take back, confirm. What people do is in `control.py`."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from engage_portal.core import clock
from engage_portal.outbox import streams
from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.registry import handler_for
from engage_portal.outbox.states import State
from engage_portal.outbox.waking import wake_on_commit

_FORGET_BATCH = 1000


def enqueue(  # noqa: PLR0913 - all by name, and each is a column
    *,
    kind: str,
    subject_id: UUID,
    stream: str,
    fields: Iterable[str] = (),
    reference: str = "",
    store: str = "",
    looks_first: bool = False,
    actor: str = "portal",
    detail: str = "",
) -> Item:
    """Put one fact into the queue, in the transaction of the change that it reports; wakes a worker on commit.

    Raises RuntimeError outside a transaction: then a crash could keep the change and lose the item.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("enqueue belongs into the transaction of the change that it reports")
    fields = sorted(fields)
    item = Item.objects.create(
        kind=kind,
        subject_id=subject_id,
        stream=stream,
        fields=fields,
        reference=reference,
        store=store,
        priority=handler_for(kind).priority_of(fields),
        looks_first=looks_first,
    )
    Event.objects.create(item=item, what="queued", actor=actor, detail=detail[:300])
    wake_on_commit()
    return item


def enqueue_update(
    *,
    kind: str,
    subject_id: UUID,
    stream: str,
    fields: Iterable[str],
    cleared: Iterable[str] = (),
    store: str = "",
    actor: str = "portal",
) -> Item:
    """Like `enqueue`, for changed fields: they join an update of the same stream that still waits, if there is one.

    `cleared` are those that a person emptied on purpose; the item's story says so.
    """
    fields = sorted(fields)
    detail = _words_for(fields, set(cleared))
    mine = Item.objects.waiting_in(stream).filter(kind=kind, subject_id=subject_id)
    waiting = mine.select_for_update().order_by("-pk").first()
    if waiting is None:
        return enqueue(
            kind=kind,
            subject_id=subject_id,
            stream=stream,
            fields=fields,
            store=store,
            actor=actor,
            detail=detail,
        )
    waiting.fields = sorted({*waiting.fields, *fields})
    waiting.priority = handler_for(kind).priority_of(waiting.fields)
    waiting.save(update_fields=["fields", "priority"])
    Event.objects.create(item=waiting, what="merged", actor=actor, detail=detail[:300])
    wake_on_commit()
    return waiting


def _words_for(fields: Iterable[str], cleared: Collection[str]) -> str:
    return ", ".join(f"{name} (cleared)" if name in cleared else name for name in fields)


@transaction.atomic
def supersede(*, item: Item, reason: str) -> bool:
    """Take a waiting item back because nothing is left to send; False where it is already on its way."""
    now = clock.now()
    gone = Item.objects.filter(pk=item.pk, state=State.PENDING).update(
        state=State.SUPERSEDED,
        holds=False,
        is_parked=False,
        finished_at=now,
        reason=reason[:300],
        reason_code="",
    )
    if gone:
        streams.let_go([item.stream])
        Event.objects.create(item=item, what="superseded", detail=reason[:300])
    return bool(gone)


@transaction.atomic
def move_stream(*, of: str, to: str, but_not: Item | None = None) -> None:
    """What is about somebody who turned out to be somebody else goes on in that one's stream, in order."""
    moved = Item.objects.open().filter(stream=of)
    if but_not is not None:
        moved = moved.exclude(pk=but_not.pk)
    moved.update(stream=to, is_parked=False)


@transaction.atomic
def confirm(*, kind: str, subject_ids: Collection[UUID], seen_in: str) -> int:
    """What Engage had only accepted was seen there: it is delivered. Returns how many; may run twice."""
    return _delivered(Item.objects.filter(kind=kind, subject_id__in=subject_ids), seen_in)


@transaction.atomic
def confirm_items(*, pks: Collection[int], seen_in: str) -> int:
    """The same for single items, where one subject may have several."""
    return _delivered(Item.objects.filter(pk__in=pks), seen_in)


def _delivered(items: QuerySet[Item], seen_in: str) -> int:
    rows = items.select_for_update().filter(state=State.ACCEPTED)
    pks = list(rows.order_by("pk").values_list("pk", flat=True))
    Item.objects.filter(pk__in=pks).update(state=State.DELIVERED)
    Event.objects.bulk_create([Event(item_id=pk, what="delivered", detail=seen_in) for pk in pks])
    return len(pks)


def forget_finished(*, before_days: int) -> int:
    """Delete items that settled that many days ago, with their history. Returns how many; may run twice."""
    limit = clock.now() - timedelta(days=before_days)
    settled = Item.objects.filter(finished_at__lt=limit)
    pks = list(settled.order_by("finished_at").values_list("pk", flat=True)[:_FORGET_BATCH])
    Item.objects.filter(pk__in=pks).delete()
    return len(pks)
