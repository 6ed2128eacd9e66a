"""From leased items to requests, and from requests to what came back."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import structlog
from django.db import DatabaseError, OperationalError

from engage_portal.core import clock
from engage_portal.engage import EngageClient, EngageError
from engage_portal.outbox.models import Item, Outcome
from engage_portal.outbox.recording import record_unsent
from engage_portal.outbox.registry import (
    Call,
    CallBrokenError,
    NothingToSendError,
    NotReadyError,
    UnsendableError,
    handler_for,
)
from engage_portal.outbox.states import State
from engage_portal.outbox.verdicts import Decision, Tried, asked_for_a_pause, needs_a_person, not_ready

log = structlog.get_logger(__name__)

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
        for item, built in _build_all(kind, list(group)):
            if isinstance(built, Ready):
                ready.append(built)
            else:
                record_unsent(item, built)
    return sorted(ready, key=lambda entry: (entry.item.priority, entry.item.pk))


def _build_all(kind: str, items: Sequence[Item]) -> list[tuple[Item, Ready | Decision]]:
    """The requests of one kind. A row that cannot even be read must not stop the others."""
    try:
        subjects = handler_for(kind).load({item.subject_id for item in items})
    except OperationalError:
        raise
    except Exception as fault:
        if len(items) > 1:
            return [pair for item in items for pair in _build_all(kind, [item])]
        log.exception("loading a subject failed", item=items[0].pk, kind=kind)
        return [(items[0], _not_built(items[0], fault))]
    return [(item, _build(item, subjects.get(item.subject_id))) for item in items]


def _build(item: Item, subject: Any) -> Ready | Decision:
    handler = handler_for(item.kind)
    if subject is None:
        return _unsendable(item, "SubjectGone", "What this was about is no longer here.")
    try:
        look = handler.look(item, subject) if item.looks_first else None
        return Ready(item, subject, look or handler.request(item, subject), is_look=look is not None)
    except NothingToSendError:
        return Decision(State.SUPERSEDED, Outcome.DONE, reason="There was nothing left to send.")
    except NotReadyError as waiting:
        return not_ready(item, reason=str(waiting), wait=_NOT_READY_WAIT)
    except UnsendableError as refused:
        return _unsendable(item, refused.code, refused.reason)
    except Exception as fault:
        log.exception("building a request failed", item=item.pk, kind=item.kind)
        return _not_built(item, fault)


def run(ready: Ready, through: Callable[[Callable[[EngageClient], Any]], Any]) -> Tried:
    """Send one request and catch how it ended. No database: may run in any thread.

    `through` gives the call its client: directly in the worker, by way of the deadline where somebody waits.
    """
    started, began = clock.now(), time.perf_counter()
    answer: Any = None
    error: EngageError | None = None
    try:
        answer = through(ready.call.run)
    except EngageError as refused:
        error = refused
    except DatabaseError:
        raise  # ours, and around the call rather than in it: the lease runs out, and then it is looked up
    except Exception as fault:
        log.exception("a request broke", item=ready.item.pk, kind=ready.item.kind)
        error = CallBrokenError(
            f"The request could not be made, or its answer not be read ({type(fault).__name__}).",
            operation=ready.call.operation,
            may_have_taken_effect=True,
        )
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


def give_back(ready: Iterable[Ready], *, seconds: float) -> None:
    """Return what is not sent now, because Engage asked for a pause: it costs no try."""
    for entry in ready:
        record_unsent(entry.item, asked_for_a_pause(entry.item, seconds=seconds))


def outcomes(batch: Iterable[Tried]) -> list[EngageError | None]:
    """What the breaker wants to know about a batch: nothing about faults of ours."""
    return [tried.error for tried in batch if not isinstance(tried.error, CallBrokenError)]


def _not_built(item: Item, fault: Exception) -> Decision:
    return _unsendable(item, "NotBuilt", f"The request could not be built ({type(fault).__name__}).")


def _unsendable(item: Item, code: str, reason: str) -> Decision:
    return needs_a_person(item, Outcome.NOT_SENT, code=code, reason=reason)
