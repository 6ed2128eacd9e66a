"""What people do with items: send them again, or give them up. Screens, API and commands all call this."""

from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.db.models import QuerySet

from engage_portal.core import clock
from engage_portal.outbox import pauses, streams
from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.registry import handlers_of
from engage_portal.outbox.states import FINAL, State, check_move
from engage_portal.outbox.waking import wake_on_commit

RETRYABLE = (State.ATTENTION, State.PENDING, State.IN_DOUBT)
"""What sending again by hand can move."""

CANCELLABLE = (State.ATTENTION, State.PENDING)
"""What a person may give up. What is in doubt may have reached Engage: that is found out first."""

log = structlog.get_logger(__name__)

_BATCH = 500
_NOT_TAKEN_BACK = "What was kept here to be sent could not be taken back; the log says why."
_RETRIED = ("state", "not_before", "first_due_at", "tries", "holds", "avoids_bulk", "reason_code", "reason")
_CANCELLED = ("state", "finished_at", "holds", "is_parked", "reason_code", "reason")


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of a wish to send items again."""

    queued: int
    already_sending: int
    gone: int
    paused: int = 0
    """How many of those that are queued do not go before a pause is over."""

    def __str__(self) -> str:
        told = (
            f"{self.queued} queued, {self.already_sending} already being sent, {self.gone} already settled."
        )
        if not self.paused:
            return told
        are_paused = (
            "1 of them is paused and goes" if self.paused == 1 else f"{self.paused} of them are paused and go"
        )
        return f"{told} {are_paused} when the pause is over."


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What became of a wish to give items up."""

    cancelled: int
    on_their_way: int
    gone: int

    def __str__(self) -> str:
        return f"{self.cancelled} cancelled, {self.on_their_way} on their way, {self.gone} already settled."


class CancelRefusedError(Exception):
    """The wish makes no sense; the text says why and names the field."""


def retry(*, items: QuerySet[Item], by: str) -> Retried:
    """Make items due now that need attention or wait for a later moment; `by` is kept in their history.

    In batches, each in its own transaction; may run twice: the second time finds nothing left to do.
    """
    total = queued = sending = paused = 0
    for pks in _batches(items):
        done = _retry_some(pks, by)
        total, queued, sending = total + len(pks), queued + done.queued, sending + done.already_sending
        paused += done.paused
    if queued:
        wake_on_commit()
    return Retried(queued=queued, already_sending=sending, gone=total - queued - sending, paused=paused)


def cancel(*, items: QuerySet[Item], by: str, reason: str) -> Cancelled:
    """Give items up that need attention or wait; who and why is kept in their history.

    What was only kept to be sent is taken back: a changed field, an offer that was locked. In batches, each in its own
    transaction; may run twice. What is being sent, in doubt or in a file is left alone: it may have reached Engage.
    Raises CancelRefusedError without a reason.
    """
    if not reason.strip():
        raise CancelRefusedError("reason: say why it is given up; it stays in the item's history.")
    total = cancelled = moving = 0
    for pks in _batches(items):
        done = _cancel_some(pks, by, reason.strip())
        total, cancelled, moving = total + len(pks), cancelled + done.cancelled, moving + done.on_their_way
    return Cancelled(cancelled=cancelled, on_their_way=moving, gone=total - cancelled - moving)


def _batches(items: QuerySet[Item]) -> Iterator[list[int]]:
    """The items' numbers in portions, however many there are, without holding them all."""
    last = 0
    while pks := list(items.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_BATCH]):
        yield pks
        last = pks[-1]


@transaction.atomic
def _retry_some(pks: list[int], by: str) -> Retried:
    now = clock.now()
    rows = _locked(pks)
    queued = [item for item in rows if item.state in RETRYABLE]
    mine = [item for item in queued if item.state == State.ATTENTION or item.not_before > now]
    for item in mine:
        if item.state == State.ATTENTION:
            after = State.IN_DOUBT if item.looks_first else State.PENDING
            check_move(State(item.state), after)
            item.state, item.holds = after, True
            item.first_due_at, item.tries = now, 0
        item.not_before = now
        item.reason_code = item.reason = ""
    Item.objects.bulk_update(mine, _RETRIED)
    Event.objects.bulk_create([Event(item=item, what="sent again by hand", actor=by) for item in mine])
    sending = sum(item.state == State.SENDING for item in rows)
    current = pauses.current()
    return Retried(
        queued=len(queued),
        already_sending=sending,
        gone=len(pks) - len(queued) - sending,
        paused=sum(current.cover(kind=item.kind, store=item.store) for item in queued),
    )


@transaction.atomic
def _cancel_some(pks: list[int], by: str, reason: str) -> Cancelled:
    now = clock.now()
    rows = _locked(pks)
    mine = [item for item in rows if item.state in CANCELLABLE]
    kept = _take_back(mine)
    for item in mine:
        check_move(State(item.state), State.CANCELLED)
        item.state, item.finished_at = State.CANCELLED, now
        item.holds = item.is_parked = False
        item.reason_code, item.reason = "Cancelled", reason[:300]
    Item.objects.bulk_update(mine, _CANCELLED)
    Event.objects.bulk_create(
        [Event(item=item, what="cancelled", actor=by, detail=reason[:300]) for item in mine]
        + [Event(item=item, what="not taken back", detail=_NOT_TAKEN_BACK) for item in kept]
    )
    streams.let_go({item.stream for item in mine})
    settled = sum(item.state in {*FINAL, State.ACCEPTED} for item in rows) - len(mine)
    return Cancelled(cancelled=len(mine), on_their_way=len(rows) - len(mine) - settled, gone=settled)


def _take_back(items: list[Item]) -> list[Item]:
    """Let each kind take back what it only kept to be sent; returns the items where that broke.

    A fault of ours must not keep an item in the queue, but its story says that something is left.
    """
    kept = []
    for handler, mine in handlers_of(items):
        subjects = handler.load({item.subject_id for item in mine})
        for item in mine:
            if item.subject_id not in subjects:
                continue
            try:
                with transaction.atomic():
                    handler.given_up(item, subjects[item.subject_id])
            except Exception:
                log.exception("taking back failed", item=item.pk, kind=item.kind)
                kept.append(item)
    return kept


def _locked(pks: list[int]) -> list[Item]:
    return list(Item.objects.select_for_update().filter(pk__in=pks).order_by("pk"))
