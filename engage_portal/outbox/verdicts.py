"""What one attempt means for its item: the rules of `states.py` applied to Engage's answers."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from engage_portal.core import clock
from engage_portal.engage import (
    AuthFailed,
    EngageError,
    Misconfigured,
    RateLimited,
    Rejected,
    Unavailable,
    is_already_done,
)
from engage_portal.outbox.models import Item, Outcome
from engage_portal.outbox.registry import Call, Verdict, handler_for
from engage_portal.outbox.states import State

NO_ANSWER = "NoAnswer"
_PAUSE_AFTER_429 = 5.0


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt as it came back from the sending thread."""

    item: Item
    subject: Any
    call: Call
    is_look: bool
    started_at: datetime
    duration_ms: int
    answer: Any = None
    error: EngageError | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Where the item goes, and what its history says."""

    state: State
    outcome: Outcome
    code: str = ""
    reason: str = ""
    wait: float = 0.0
    looks_first: bool = False
    counts: bool = True
    settles: bool = False


def decide(tried: Tried) -> Decision:
    """The decision about one attempt; no database, no side effect."""
    if tried.error is not None:
        return _after_error(tried, tried.error)
    if tried.is_look and tried.answer is None:
        return Decision(State.PENDING, Outcome.NOT_FOUND, reason=tried.item.reason, counts=False)
    if tried.is_look:
        return Decision(State.DELIVERED, Outcome.FOUND, settles=True)
    return Decision(handler_for(tried.item.kind).success, Outcome.DONE, settles=True)


def _after_error(tried: Tried, error: EngageError) -> Decision:
    item, code = tried.item, error.error_code
    if isinstance(error, Unavailable):
        return _after_no_answer(tried, error)
    if isinstance(error, RateLimited):
        return Decision(
            State.PENDING,
            Outcome.SLOW_DOWN,
            code="RateLimited",
            reason="Engage asked for a pause.",
            wait=error.retry_after or _PAUSE_AFTER_429,
            looks_first=item.looks_first,
            counts=False,
        )
    if is_already_done(error) and item.was_in_doubt:
        return Decision(State.DELIVERED, Outcome.ALREADY_DONE, code=code, settles=True)
    verdict = handler_for(item.kind).judge(item, error)
    if verdict is not None:
        return _from_verdict(item, verdict)
    if isinstance(error, AuthFailed | Misconfigured):
        reason = (
            "Engage refuses our key."
            if isinstance(error, AuthFailed)
            else "Engage's key fields are not set up."
        )
        return Decision(State.ATTENTION, Outcome.REFUSED, code=code or "Configuration", reason=reason)
    return Decision(
        State.ATTENTION, Outcome.REFUSED, code=code or type(error).__name__, reason=refusal(error)
    )


def _after_no_answer(tried: Tried, error: Unavailable) -> Decision:
    """Nobody knows what became of it, unless the request certainly never left."""
    item = tried.item
    if clock.now() - item.first_due_at > timedelta(days=settings.OUTBOX_GIVE_UP_DAYS):
        days = settings.OUTBOX_GIVE_UP_DAYS
        return Decision(
            State.ATTENTION,
            Outcome.NO_ANSWER,
            code="Exhausted",
            reason=f"Engage did not take it for {days} days.",
            looks_first=item.looks_first or error.may_have_taken_effect,
        )
    doubtful = item.looks_first or (error.may_have_taken_effect and not tried.is_look)
    return Decision(
        State.IN_DOUBT if doubtful else State.PENDING,
        Outcome.NO_ANSWER if error.may_have_taken_effect else Outcome.NOT_SENT,
        code=NO_ANSWER,
        reason="Engage did not answer." if not error.status else f"Engage answered {error.status}.",
        wait=backoff(item.tries),
        looks_first=doubtful,
    )


def _from_verdict(item: Item, verdict: Verdict) -> Decision:
    return Decision(
        verdict.state,
        Outcome.REFUSED,
        code=verdict.code,
        reason=verdict.reason,
        wait=backoff(item.tries) if verdict.state in {State.PENDING, State.IN_DOUBT} else 0.0,
        looks_first=verdict.state is State.IN_DOUBT,
    )


def refusal(error: EngageError) -> str:
    """Engage's reason in its own words, with the fields it named."""
    if isinstance(error, Rejected) and error.field_errors:
        return "; ".join(entry.description for entry in error.field_errors)[:300]
    return (error.message or f"Engage answered {error.status}.")[:300]


def backoff(tries: int) -> float:
    """Seconds until the next try: OUTBOX_WAITS, the last one for ever, with up to a fifth of jitter."""
    waits = settings.OUTBOX_WAITS
    wait = waits[min(max(tries, 1), len(waits)) - 1]
    return float(wait) * random.uniform(1.0, 1.2)  # noqa: S311 - spreads load, keeps no secret
