"""Changes to the queue: put in, merge, send again, cancel."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import QuerySet
from django_q.tasks import async_task

from engage_portal.core import clock
from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.registry import handler_for
from engage_portal.outbox.states import FINAL, State

WAKE_FLAG = "outbox:woken"
_WAKE_AGAIN_AFTER = 5
_RETRY_BATCH = 500
_FORGET_BATCH = 1000
_RETRYABLE = (State.ATTENTION, State.PENDING, State.IN_DOUBT)


def enqueue(
    *,
    kind: str,
    subject_id: UUID,
    stream: str,
    fields: Iterable[str] = (),
    reference: str = "",
    store: str = "",
    looks_first: bool = False,
    actor: str = "portal",
) -> Item:
    """Put one fact into the queue, in the transaction of the change that it reports; wakes a worker on commit.

    Raises RuntimeError outside a transaction: then a crash could keep the change and lose the item.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("enqueue belongs into the transaction of the change that it reports")
    item = Item.objects.create(
        kind=kind,
        subject_id=subject_id,
        stream=stream,
        fields=sorted(fields),
        reference=reference,
        store=store,
        priority=handler_for(kind).priority,
        looks_first=looks_first,
    )
    Event.objects.create(item=item, what="queued", actor=actor)
    transaction.on_commit(wake, robust=True)
    return item


def enqueue_update(
    *, kind: str, subject_id: UUID, stream: str, fields: Iterable[str], store: str = "", actor: str = "portal"
) -> Item:
    """Like `enqueue`, for changed fields: they join an update of the same stream that still waits, if there is one."""
    waiting = (
        Item.objects.select_for_update()
        .filter(stream=stream, kind=kind, subject_id=subject_id, state=State.PENDING)
        .order_by("-pk")
        .first()
    )
    if waiting is None:
        return enqueue(
            kind=kind, subject_id=subject_id, stream=stream, fields=fields, store=store, actor=actor
        )
    waiting.fields = sorted({*waiting.fields, *fields})
    waiting.save(update_fields=["fields"])
    Event.objects.create(item=waiting, what="merged", actor=actor, detail=", ".join(sorted(fields))[:300])
    transaction.on_commit(wake, robust=True)
    return waiting


def wake() -> None:
    """Queue one wake-up, if none is under way. Losing it is harmless: the next tick finds what is due."""
    # Asking first costs no write; most sales of a burst find the flag and are done.
    if cache.get(WAKE_FLAG) is None and cache.add(WAKE_FLAG, 1, _WAKE_AGAIN_AFTER):
        async_task("engage_portal.outbox.tasks.deliver_due", task_name="outbox wake-up")  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of a wish to send items again."""

    queued: int
    already_sending: int
    gone: int

    def __str__(self) -> str:
        return (
            f"{self.queued} queued, {self.already_sending} already being sent, {self.gone} already settled."
        )


def retry(*, items: QuerySet[Item], by: str) -> Retried:
    """Make items due now that need attention or wait for a later moment; `by` is kept in their history.

    In batches, each in its own transaction; may run twice: the second time finds nothing left to do.
    """
    pks = list(items.order_by("pk").values_list("pk", flat=True))
    queued = sending = 0
    for start in range(0, len(pks), _RETRY_BATCH):
        done = _retry_some(pks[start : start + _RETRY_BATCH], by)
        queued, sending = queued + done.queued, sending + done.already_sending
    if queued:
        transaction.on_commit(wake, robust=True)
    return Retried(queued=queued, already_sending=sending, gone=len(pks) - queued - sending)


@transaction.atomic
def _retry_some(pks: list[int], by: str) -> Retried:
    now = clock.now()
    rows = list(
        Item.objects.select_for_update()
        .filter(pk__in=pks, state__in=[*_RETRYABLE, State.SENDING])
        .order_by("pk")
    )
    queued = [item for item in rows if item.state in _RETRYABLE]
    mine = [item for item in queued if item.state == State.ATTENTION or item.not_before > now]
    for item in mine:
        if item.state == State.ATTENTION:
            item.state = State.IN_DOUBT if item.looks_first else State.PENDING
            item.first_due_at, item.tries = now, 0
        item.not_before = now
        item.reason_code = item.reason = ""
    Item.objects.bulk_update(mine, ["state", "not_before", "first_due_at", "tries", "reason_code", "reason"])
    Event.objects.bulk_create([Event(item=item, what="sent again by hand", actor=by) for item in mine])
    return Retried(queued=len(queued), already_sending=len(rows) - len(queued), gone=0)


@transaction.atomic
def supersede(*, item: Item, reason: str) -> bool:
    """Take a waiting item back because nothing is left to send; False where it is already on its way."""
    now = clock.now()
    gone = Item.objects.filter(pk=item.pk, state=State.PENDING).update(
        state=State.SUPERSEDED, finished_at=now, reason=reason[:300], reason_code=""
    )
    if gone:
        Event.objects.create(item=item, what="superseded", detail=reason[:300])
    return bool(gone)


@transaction.atomic
def confirm(*, kind: str, subject_ids: Collection[UUID], seen_in: str) -> int:
    """What Engage had only accepted was seen there: it is delivered. Returns how many; may run twice."""
    rows = Item.objects.select_for_update().filter(
        kind=kind, subject_id__in=subject_ids, state=State.ACCEPTED
    )
    pks = list(rows.order_by("pk").values_list("pk", flat=True))
    Item.objects.filter(pk__in=pks).update(state=State.DELIVERED)
    Event.objects.bulk_create([Event(item_id=pk, what="delivered", detail=seen_in) for pk in pks])
    return len(pks)


def forget_finished(*, before_days: int) -> int:
    """Delete items that settled that many days ago, with their history. Returns how many; may run twice."""
    limit = clock.now() - timedelta(days=before_days)
    pks = list(
        Item.objects.filter(state__in=FINAL, finished_at__lt=limit).values_list("pk", flat=True)[
            :_FORGET_BATCH
        ]
    )
    Item.objects.filter(pk__in=pks).delete()
    return len(pks)
