"""Writes the outcome of a batch: states, attempts and events in one transaction."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from django.db import OperationalError, transaction

from engage_portal.core import clock
from engage_portal.core.masking import masked
from engage_portal.outbox.models import Attempt, Event, Item, Outcome
from engage_portal.outbox.registry import handler_for
from engage_portal.outbox.states import OPEN, State, check_move
from engage_portal.outbox.verdicts import Decision, Tried, backoff, decide, needs_a_person

log = structlog.get_logger(__name__)

_CHANGED = (
    "state", "not_before", "tries", "lease_token", "lease_until", "looks_first", "was_in_doubt", "reason_code",
    "reason", "finished_at", "first_due_at",
)  # fmt: skip


def record(batch: Sequence[Tried], *, decide: Callable[[Tried], Decision] = decide) -> list[Item]:
    """Write how the attempts ended; returns the items as they stand now.

    An item whose lease somebody else took over meanwhile keeps the state that they gave it: only the attempt is noted.
    """
    decided = [(tried, _decided(tried, decide)) for tried in batch]
    with transaction.atomic():
        held = _still_held([tried.item for tried in batch])
        attempts, events, items = [], [], []
        for tried, decision in decided:
            attempts.append(_attempt(tried, decision))
            item = held.get(tried.item.pk)
            if item is None:
                continue
            final = _settled(tried, decision)
            move(item, final)
            items.append(item)
            events.append(Event(item=item, what=State(item.state).label.lower(), detail=item.reason))
        Item.objects.bulk_update(items, _CHANGED)
        Attempt.objects.bulk_create(attempts)
        Event.objects.bulk_create(events)
    return items


def record_unsent(item: Item, decision: Decision) -> None:
    """Write the fate of a leased item that never became a request."""
    with transaction.atomic():
        held = _still_held([item])
        for mine in held.values():
            move(mine, decision)
            mine.save(update_fields=_CHANGED)
            Event.objects.create(item=mine, what=State(mine.state).label.lower(), detail=mine.reason)


def move(item: Item, decision: Decision) -> None:
    """Apply a decision to a loaded item; the caller saves it. Raises IllegalTransitionError."""
    check_move(State(item.state), decision.state)
    now = clock.now()
    item.state = decision.state
    item.lease_token = item.lease_until = None
    item.looks_first = decision.looks_first
    item.was_in_doubt = item.was_in_doubt or decision.looks_first
    item.reason_code, item.reason = decision.code[:60], decision.reason[:300]
    if item.needs_attention and not item.reason:
        item.reason = "Engage gave no reason."
    item.not_before = now + timedelta(seconds=decision.wait)
    item.finished_at = None if decision.state in OPEN else now
    if not decision.counts:
        item.tries = max(0, item.tries - 1)


def _still_held(items: Sequence[Item]) -> dict[int, Item]:
    """The items that are still leased with the tokens we hold, locked."""
    tokens = {item.pk: item.lease_token for item in items}
    rows = Item.objects.select_for_update().filter(pk__in=tokens, state=State.SENDING).order_by("pk")
    return {row.pk: row for row in rows if row.lease_token == tokens[row.pk]}


def _decided(tried: Tried, decide: Callable[[Tried], Decision]) -> Decision:
    """The decision, also where a kind's own judgement breaks: that must not lose the rest of the batch."""
    try:
        return decide(tried)
    except Exception as fault:
        log.exception("judging an outcome failed", item=tried.item.pk, kind=tried.item.kind)
        reason = f"What Engage answered could not be judged ({type(fault).__name__})."
        return needs_a_person(tried.item, Outcome.NO_ANSWER, code="NotJudged", reason=reason, doubtful=True)


def _settled(tried: Tried, decision: Decision) -> Decision:
    """Let the kind keep Engage's answer. A fault of ours there must not stop the rest of the batch."""
    if not decision.settles and decision.state != State.CANCELLED:
        return decision
    handler = handler_for(tried.item.kind)
    try:
        with transaction.atomic():
            if decision.settles:
                handler.settle(tried.item, tried.subject, tried.call, tried.answer)
            elif tried.error is not None:
                handler.refused(tried.item, tried.subject, tried.call, tried.error)
    except OperationalError as fault:  # a deadlock, a lock that came too late: it passes
        log.warning(
            "settling is repeated", item=tried.item.pk, kind=tried.item.kind, why=type(fault).__name__
        )
        return _kept_later(State.IN_DOUBT, decision, wait=backoff(tried.item.tries))
    except Exception as fault:
        log.exception("settling failed", item=tried.item.pk, kind=tried.item.kind)
        return _kept_later(State.ATTENTION, decision, why=f" ({type(fault).__name__})")
    return decision


def _kept_later(state: State, decision: Decision, *, why: str = "", wait: float = 0.0) -> Decision:
    reason = f"Engage took it, but its answer could not be kept{why}."
    return Decision(state, decision.outcome, code="NotSettled", reason=reason, wait=wait, looks_first=True)


def _attempt(tried: Tried, decision: Decision) -> Attempt:
    error = tried.error
    return Attempt(
        item=tried.item,
        started_at=tried.started_at,
        duration_ms=tried.duration_ms,
        operation=tried.call.operation[:100],
        outcome=decision.outcome,
        status=error.status if error else None,
        error_code=(error.error_code if error else "")[:60],
        message=masked(
            decision.reason if decision.outcome is Outcome.REFUSED else error.message if error else ""
        ),
    )
