"""Writes the outcome of a batch: states, attempts and events in one transaction."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import OperationalError, transaction

from engage_portal.core import clock
from engage_portal.core.masking import masked
from engage_portal.outbox import streams, tallies
from engage_portal.outbox.delivery.verdicts import Decision, Tried, backoff, decide, needs_a_person
from engage_portal.outbox.models import Attempt, Event, Item, Outcome
from engage_portal.outbox.registry import Settled, handler_for
from engage_portal.outbox.states import OPEN, State, check_move

log = structlog.get_logger(__name__)

_CHANGED = (
    "state", "not_before", "tries", "lease_token", "lease_until", "looks_first", "was_in_doubt", "holds", "avoids_bulk",
    "reason_code", "reason", "finished_at",
)  # fmt: skip


def record(batch: Sequence[Tried], *, decide: Callable[[Tried], Decision] = decide) -> list[Item]:
    """Write how the attempts ended; returns the items as they stand now.

    An item whose lease somebody else took over meanwhile keeps the state that they gave it: only the attempt is noted.
    """
    decided = [(tried, _decided(tried, decide)) for tried in batch]
    with transaction.atomic():
        held = _still_held([tried.item for tried in batch])
        settled = _settled([pair for pair in decided if pair[0].item.pk in held])
        now, items = clock.now(), []
        for tried, decision in settled:
            item = held[tried.item.pk]
            move(item, decision, now=now)
            items.append(item)
        write(items)
        Attempt.objects.bulk_create([_attempt(tried, decision) for tried, decision in decided])
    for tried, decision in decided:
        tallies.add("attempts", kind=tried.item.kind, outcome=decision.outcome, channel=tried.item.channel)
    return items


def record_unsent(decided: Sequence[tuple[Item, Decision]]) -> None:
    """Write the fate of leased items that never became a request."""
    if not decided:
        return
    with transaction.atomic():
        held = _still_held([item for item, _ in decided])
        now, told = clock.now(), []
        for item, decision in decided:
            if item.pk not in held:
                continue
            # Waiting on for the same reason is no news: an item may do that for days.
            if decision.counts or (decision.code, decision.reason) != (item.reason_code, item.reason):
                told.append(item)
            move(item, decision, now=now)
        write(list(held.values()), told=told)


def move(item: Item, decision: Decision, *, now: datetime) -> None:
    """Apply a decision to a loaded item; the caller writes it. Raises IllegalTransitionError."""
    check_move(State(item.state), decision.state)
    item.state = decision.state
    item.lease_token = item.lease_until = None
    item.looks_first = decision.looks_first
    item.was_in_doubt = item.was_in_doubt or decision.looks_first
    item.avoids_bulk = item.avoids_bulk or decision.avoids_bulk
    item.reason_code, item.reason = decision.code[:60], decision.reason[:300]
    if item.needs_attention and not item.reason:
        item.reason = "Engage gave no reason."
    item.not_before = now + timedelta(seconds=decision.wait)
    item.finished_at = None if decision.state in OPEN else now
    if decision.restarts:
        item.tries = 0
    elif not decision.counts:
        item.tries = max(0, item.tries - 1)
    item.holds = streams.holds_stream(item)


def write(items: Sequence[Item], *, told: Sequence[Item] | None = None) -> None:
    """Save moved items, tell their story, and let go of what waited for them. The caller owns the transaction.

    `told` are those whose story goes on; by default all of them.
    """
    alike: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for item in items:
        alike[tuple(getattr(item, name) for name in _CHANGED)].append(item.pk)
    for values, pks in alike.items():
        Item.objects.filter(pk__in=pks).update(**dict(zip(_CHANGED, values, strict=True)))
    Event.objects.bulk_create(
        [
            Event(item=item, what=State(item.state).label.lower(), detail=item.reason)
            for item in (items if told is None else told)
        ]
    )
    streams.let_go({item.stream for item in items if not item.holds})


def _still_held(items: Sequence[Item]) -> dict[int, Item]:
    """The items that are still leased with the tokens we hold, their rows locked.

    Nobody changes a leased row but the holder of its token, so what we loaded with the claim is what stands there.
    """
    mine = {item.pk: item for item in items}
    rows = Item.objects.select_for_update().filter(pk__in=mine, state=State.SENDING).order_by("pk")
    tokens = dict(rows.values_list("pk", "lease_token"))
    return {pk: item for pk, item in mine.items() if tokens.get(pk) == item.lease_token}


def _decided(tried: Tried, decide: Callable[[Tried], Decision]) -> Decision:
    """The decision, also where a kind's own judgement breaks: that must not lose the rest of the batch."""
    try:
        return decide(tried)
    except Exception as fault:
        log.exception("judging an outcome failed", item=tried.item.pk, kind=tried.item.kind)
        reason = f"What Engage answered could not be judged ({type(fault).__name__})."
        return needs_a_person(tried.item, Outcome.NO_ANSWER, code="NotJudged", reason=reason, doubtful=True)


def _settled(decided: Iterable[tuple[Tried, Decision]]) -> list[tuple[Tried, Decision]]:
    """Let the kinds keep Engage's answers: all in one go, and one by one only where that breaks."""
    entries = list(decided)
    settling: dict[str, list[Settled[Any]]] = defaultdict(list)
    for tried, decision in entries:
        if decision.settles:
            settling[tried.item.kind].append(Settled(tried.item, tried.subject, tried.call, tried.answer))
    try:
        with transaction.atomic():
            for kind, settled in settling.items():
                handler_for(kind).settle_all(settled)
            for tried, decision in entries:
                _take_back(tried, decision)
    except Exception:  # noqa: BLE001 - found again, and judged, one by one
        return [(tried, _settled_alone(tried, decision)) for tried, decision in entries]
    return entries


def _take_back(tried: Tried, decision: Decision) -> None:
    if decision.state == State.CANCELLED and not decision.settles and tried.error is not None:
        handler_for(tried.item.kind).refused(tried.item, tried.subject, tried.call, tried.error)


def _settled_alone(tried: Tried, decision: Decision) -> Decision:
    """Settle one. A fault of ours there must not stop the rest of the batch."""
    try:
        with transaction.atomic():
            if decision.settles:
                handler_for(tried.item.kind).settle(tried.item, tried.subject, tried.call, tried.answer)
            _take_back(tried, decision)
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
        channel=tried.item.channel,
        batch_id=tried.batch_id[:60],
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
