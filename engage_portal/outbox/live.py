"""Delivery while somebody waits: the same item, the same rules, within the time budget."""

from dataclasses import dataclass
from typing import Any

from engage_portal.core.clock import Deadline
from engage_portal.engage import AuthFailed, EngageError, Misconfigured, RateLimited, Unavailable
from engage_portal.outbox import breaker, claims, line
from engage_portal.outbox.models import Item, Outcome
from engage_portal.outbox.recording import record
from engage_portal.outbox.registry import CallBrokenError
from engage_portal.outbox.sending import prepare, run
from engage_portal.outbox.states import State
from engage_portal.outbox.verdicts import Decision, Tried, decide, refusal


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
        tried = run(ready, lambda call: line.ask(call, deadline=deadline))
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


def is_refusal(error: EngageError) -> bool:
    """Whether it is about the data, so that the person who sent it has to change it."""
    return not isinstance(error, Unavailable | RateLimited | AuthFailed | Misconfigured | CallBrokenError)
