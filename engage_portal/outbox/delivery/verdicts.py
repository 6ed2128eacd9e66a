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
    FieldError,
    Misconfigured,
    RateLimited,
    Rejected,
    Unavailable,
    is_already_done,
)
from engage_portal.outbox.line.pace import PAUSE_AFTER_429
from engage_portal.outbox.line.waiting import NO_ANSWER
from engage_portal.outbox.models import Item, Outcome
from engage_portal.outbox.registry import Call, CallBrokenError, LineDown, Verdict, handler_for
from engage_portal.outbox.states import Channel, State

_GATHER_SECONDS = 30.0
_LOOKS_AFTER_BULK = 4


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
    batch_id: str = ""
    """Engage's id of the bulk call that it went in."""
    gathers: bool = False
    """Many of its kind wait: what was looked up and has to be sent waits a little, to go in one bulk call."""


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
    avoids_bulk: bool = False
    restarts: bool = False


def decide(tried: Tried) -> Decision:
    """The decision about one attempt; no database, no side effect."""
    if tried.error is not None:
        return _after_error(tried, tried.error)
    if tried.is_look and tried.answer is None:
        return _after_vain_look(tried)
    if tried.is_look:
        return Decision(State.DELIVERED, Outcome.FOUND, settles=True)
    handler = handler_for(tried.item.kind)
    wait = handler.first_look_after if handler.success is State.ACCEPTED else 0.0
    return Decision(handler.success, Outcome.DONE, wait=wait, settles=True)


def _after_vain_look(tried: Tried) -> Decision:
    """It is not there. A row of a bulk call may still come; it is looked for a few times before it goes alone."""
    item = tried.item
    if item.channel != Channel.BULK:
        wait = _until_the_next_gathering() if tried.gathers else 0.0
        return Decision(State.PENDING, Outcome.NOT_FOUND, reason=item.reason, wait=wait, counts=False)
    if item.tries < _LOOKS_AFTER_BULK:  # counted from the bulk call, which began anew
        wait = backoff(item.tries + 1)
        return Decision(State.IN_DOUBT, Outcome.NOT_FOUND, reason=item.reason, wait=wait, looks_first=True)
    reason = "The bulk call had no effect for it; it goes alone."
    return Decision(State.PENDING, Outcome.NOT_FOUND, reason=reason, avoids_bulk=True, restarts=True)


def _until_the_next_gathering() -> float:
    """Seconds to the next common moment: then what was looked up until there is due all at once."""
    return _GATHER_SECONDS - clock.now().timestamp() % _GATHER_SECONDS


def _after_error(tried: Tried, error: EngageError) -> Decision:
    item = tried.item
    if isinstance(error, LineDown):
        return not_called(item, reason=error.message)
    if isinstance(error, Unavailable):
        return _after_no_answer(tried, error)
    if isinstance(error, CallBrokenError):
        return needs_a_person(
            item, Outcome.NO_ANSWER, code="NotUnderstood", reason=error.message, doubtful=True
        )
    if isinstance(error, RateLimited):
        return asked_for_a_pause(item, seconds=error.retry_after or PAUSE_AFTER_429)
    return _after_refusal(item, error)


def _after_refusal(item: Item, error: EngageError) -> Decision:
    code = error.error_code
    if is_already_done(error) and item.was_in_doubt:
        return Decision(State.DELIVERED, Outcome.ALREADY_DONE, code=code, settles=True)
    verdict = handler_for(item.kind).judge(item, error)
    if verdict is not None:
        return _from_verdict(item, verdict)
    return needs_a_person(item, Outcome.REFUSED, code=code or _word_for(error), reason=refusal(error))


def _after_no_answer(tried: Tried, error: Unavailable) -> Decision:
    """Nobody knows what became of it, unless the request certainly never left."""
    item = tried.item
    doubtful = item.looks_first or (error.may_have_taken_effect and not tried.is_look)
    if is_exhausted(item):
        return _exhausted(item, Outcome.NO_ANSWER, doubtful=doubtful)
    return Decision(
        State.IN_DOUBT if doubtful else State.PENDING,
        Outcome.NO_ANSWER if error.may_have_taken_effect else Outcome.NOT_SENT,
        code=NO_ANSWER,
        reason="Engage did not answer." if not error.status else f"Engage answered {error.status}.",
        wait=backoff(item.tries),
        looks_first=doubtful,
    )


def not_called(item: Item, *, reason: str) -> Decision:
    """Engage was not called at all: nothing is lost but this moment, and no try."""
    return _as_before(item, Outcome.NOT_SENT, code=NO_ANSWER, reason=reason)


def left_alone(item: Item) -> Decision:
    """It was claimed and then not sent after all, for no reason of its own: as if nobody had touched it."""
    return _as_before(item, Outcome.NOT_SENT, code=item.reason_code, reason=item.reason)


def asked_for_a_pause(item: Item, *, seconds: float) -> Decision:
    """Engage has too much to do; that says nothing about the item."""
    reason = "Engage asked for a pause."
    return _as_before(item, Outcome.SLOW_DOWN, code="RateLimited", reason=reason, wait=seconds)


def not_ready(item: Item, *, reason: str, wait: float) -> Decision:
    """It depends on something that is not known yet; a person hears of it when that never comes."""
    if is_exhausted(item):
        return _exhausted(item, Outcome.NOT_SENT, doubtful=item.looks_first, why=reason)
    return _as_before(item, Outcome.NOT_SENT, code="NotReady", reason=reason, wait=wait)


def needs_a_person(
    item: Item, outcome: Outcome, *, code: str, reason: str, doubtful: bool = False
) -> Decision:
    """Attention. What is in doubt stays so: sent again, it is still looked up first."""
    return Decision(
        State.ATTENTION, outcome, code=code, reason=reason, looks_first=doubtful or item.looks_first
    )


def is_exhausted(item: Item) -> bool:
    """Whether it was tried for as many days as anybody wants to wait."""
    return clock.now() - item.first_due_at > timedelta(days=settings.OUTBOX_GIVE_UP_DAYS)


def _exhausted(item: Item, outcome: Outcome, *, doubtful: bool, why: str = "") -> Decision:
    reason = f"Engage did not take it for {settings.OUTBOX_GIVE_UP_DAYS} days. {why}".strip()
    return needs_a_person(item, outcome, code="Exhausted", reason=reason, doubtful=doubtful)


def _as_before(item: Item, outcome: Outcome, *, code: str, reason: str, wait: float = 0.0) -> Decision:
    return Decision(
        State.IN_DOUBT if item.looks_first else State.PENDING,
        outcome,
        code=code,
        reason=reason,
        wait=wait,
        looks_first=item.looks_first,
        counts=False,
    )


def _word_for(error: EngageError) -> str:
    return "Configuration" if isinstance(error, AuthFailed | Misconfigured) else type(error).__name__


def _from_verdict(item: Item, verdict: Verdict) -> Decision:
    return Decision(
        verdict.state,
        Outcome.REFUSED,
        code=verdict.code,
        reason=verdict.reason,
        wait=backoff(item.tries) if verdict.state in {State.PENDING, State.IN_DOUBT} else 0.0,
        looks_first=verdict.state is State.IN_DOUBT or item.looks_first,
    )


def is_refusal(error: EngageError) -> bool:
    """Whether it is about the data, so that asking again brings the same: somebody has to change it."""
    return not isinstance(error, Unavailable | RateLimited | AuthFailed | Misconfigured | CallBrokenError)


def refusal(error: EngageError) -> str:
    """Engage's reason in its own words, with the fields it named."""
    if isinstance(error, AuthFailed):
        return "Engage refuses our key."
    if isinstance(error, Misconfigured):
        return "Engage's key fields are not set up."
    said = "; ".join(_complaint(each) for each in error.field_errors) if isinstance(error, Rejected) else ""
    return (said or error.message or f"Engage answered {error.status}.")[:300]


def _complaint(entry: FieldError) -> str:
    field, description = entry.field, entry.description
    return description if not field or field in description else f"{field}: {description}".rstrip(": ")


def backoff(tries: int) -> float:
    """Seconds until the next try: OUTBOX_WAITS, the last one for ever, with up to a fifth of jitter."""
    waits = settings.OUTBOX_WAITS
    wait = waits[min(max(tries, 1), len(waits)) - 1]
    return float(wait) * random.uniform(1.0, 1.2)  # noqa: S311 - spreads load, keeps no secret
