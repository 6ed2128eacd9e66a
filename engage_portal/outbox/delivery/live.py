"""Delivery while somebody waits: the same item, the same rules, within the time budget."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from engage_portal.core.clock import Deadline
from engage_portal.outbox.delivery import claims
from engage_portal.outbox.delivery.recording import record
from engage_portal.outbox.delivery.sending import prepare, run
from engage_portal.outbox.delivery.verdicts import Decision, Tried, decide, is_refusal, refusal
from engage_portal.outbox.line import breaker, door
from engage_portal.outbox.models import Item, Outcome
from engage_portal.outbox.states import State


@dataclass(frozen=True, slots=True)
class Delivered:
    """Engage answered in time."""

    answer: Any


@dataclass(frozen=True, slots=True)
class Queued:
    """It stands in the queue and will arrive."""

    item: Item


def deliver_now(item: Item, *, deadline: Deadline) -> Delivered | Queued:
    """Try to bring a committed item to Engage before the deadline; it stays queued where that fails.

    Raises EngageError for a refusal of Engage's that the caller has to hear (validation, conflict, not found). The item
    is cancelled then: the caller knows, so nobody else has to act.
    """
    claimed = claims.claim_one(item.pk) if breaker.is_closed() else None
    if claimed is None:
        return Queued(item)
    for ready in prepare([claimed]):
        tried = run(ready, partial(door.ask, deadline=deadline, calls=ready.call.calls))
        (recorded,) = record([tried], decide=_decide_for_a_caller) or (item,)
        if tried.error is not None and recorded.state == State.CANCELLED:
            raise tried.error
        return Delivered(tried.answer) if tried.error is None and not tried.is_look else Queued(recorded)
    return Queued(item)


def _decide_for_a_caller(tried: Tried) -> Decision:
    """As always, except that a refusal is the caller's to hear: unless an earlier answer was lost, it is final."""
    if tried.error is None or tried.item.was_in_doubt or not is_refusal(tried.error):
        return decide(tried)
    return Decision(
        State.CANCELLED,
        Outcome.REFUSED,
        code=tried.error.error_code or type(tried.error).__name__,
        reason=f"The caller was told: {refusal(tried.error)}"[:300],
    )
