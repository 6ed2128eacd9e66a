"""From leased items to requests, and from requests to what came back."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

import structlog

from engage_portal.core import clock
from engage_portal.engage import EngageClient, EngageError
from engage_portal.outbox.models import Item, Outcome
from engage_portal.outbox.recording import record_unsent
from engage_portal.outbox.registry import (
    Call,
    NothingToSendError,
    NotReadyError,
    UnsendableError,
    handler_for,
)
from engage_portal.outbox.states import State
from engage_portal.outbox.verdicts import Decision, Tried

log = structlog.get_logger(__name__)
T = TypeVar("T")

_NOT_READY_WAIT = 15.0


@dataclass(frozen=True, slots=True)
class Ready:
    """An item with its request built."""

    item: Item
    subject: Any
    call: Call
    is_look: bool


def prepare(items: Sequence[Item]) -> list[Ready]:
    """Build the requests of leased items; what cannot become one is put where it belongs at once."""
    ready: list[Ready] = []
    for kind, group in groupby(sorted(items, key=lambda item: item.kind), key=lambda item: item.kind):
        members = list(group)
        subjects = handler_for(kind).load({item.subject_id for item in members})
        for item in members:
            built = _build(item, subjects.get(item.subject_id))
            if isinstance(built, Ready):
                ready.append(built)
            else:
                record_unsent(item, built)
    return sorted(ready, key=lambda entry: (entry.item.priority, entry.item.pk))


def _build(item: Item, subject: Any) -> Ready | Decision:
    handler = handler_for(item.kind)
    if subject is None:
        return _attention("SubjectGone", "What this was about is no longer here.")
    try:
        look = handler.look(item, subject) if item.looks_first else None
        return Ready(item, subject, look or handler.request(item, subject), is_look=look is not None)
    except NothingToSendError:
        return Decision(State.SUPERSEDED, Outcome.DONE, reason="There was nothing left to send.")
    except NotReadyError as waiting:
        return Decision(
            State.IN_DOUBT if item.looks_first else State.PENDING,
            Outcome.NOT_SENT,
            code="NotReady",
            reason=str(waiting),
            wait=_NOT_READY_WAIT,
            looks_first=item.looks_first,
            counts=False,
        )
    except UnsendableError as refused:
        return _attention(refused.code, refused.reason)
    except Exception as fault:
        log.exception("building a request failed", item=item.pk, kind=item.kind)
        return _attention("NotBuilt", f"The request could not be built ({type(fault).__name__}).")


def run(ready: Ready, through: Callable[[Callable[[EngageClient], Any]], Any]) -> Tried:
    """Send one request and catch how it ended. No database: may run in any thread.

    `through` gives the call its client: directly in the worker, by way of the deadline where somebody waits.
    """
    started, began = clock.now(), time.perf_counter()
    answer, error = None, None
    try:
        answer = through(ready.call.run)
    except EngageError as refused:
        error = refused
    return Tried(
        item=ready.item,
        subject=ready.subject,
        call=ready.call,
        is_look=ready.is_look,
        started_at=started,
        duration_ms=int((time.perf_counter() - began) * 1000),
        answer=answer,
        error=error,
    )


def outcomes(batch: Iterable[Tried]) -> list[EngageError | None]:
    """What the breaker wants to know about a batch."""
    return [tried.error for tried in batch]


def _attention(code: str, reason: str) -> Decision:
    return Decision(State.ATTENTION, Outcome.NOT_SENT, code=code, reason=reason)
