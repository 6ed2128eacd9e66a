"""From leased items to requests, and from requests to what came back."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, TypeVar

import structlog
from django.db import DatabaseError, OperationalError

from engage_portal.core import clock
from engage_portal.engage import EngageError
from engage_portal.outbox.delivery.recording import record_unsent
from engage_portal.outbox.delivery.verdicts import (
    Decision,
    Tried,
    asked_for_a_pause,
    left_alone,
    needs_a_person,
    not_called,
    not_ready,
)
from engage_portal.outbox.line import breaker, pace
from engage_portal.outbox.line.door import Through
from engage_portal.outbox.models import Item, Outcome
from engage_portal.outbox.registry import (
    Call,
    CallBrokenError,
    LineDown,
    NothingToSendError,
    NotReadyError,
    UnsendableError,
    handler_for,
)
from engage_portal.outbox.states import State

log = structlog.get_logger(__name__)

_NOT_READY_WAIT = 15.0


Built = TypeVar("Built")


@dataclass(frozen=True, slots=True)
class Ready:
    """An item with its request built."""

    item: Item
    subject: Any
    call: Call
    is_look: bool
    gathers: bool = False


def prepare(items: Sequence[Item], *, gathering: Collection[str] = ()) -> list[Ready]:
    """Build the requests of leased items; what cannot become one is put where it belongs at once.

    `gathering` are the kinds of which so many wait that what a look does not find goes on in bulk.
    """
    ready: list[Ready] = []
    unsent: list[tuple[Item, Decision]] = []
    for kind, group in groupby(sorted(items, key=lambda item: item.kind), key=lambda item: item.kind):
        for item, built in build_all(kind, list(group), _build):
            if isinstance(built, Ready):
                ready.append(replace(built, gathers=kind in gathering))
            else:
                unsent.append((item, built))
    record_unsent(unsent)
    return sorted(ready, key=lambda entry: (entry.item.priority, entry.item.pk))


def build_all(
    kind: str, items: Sequence[Item], build: Callable[[Item, Any], Built | Decision]
) -> list[tuple[Item, Built | Decision]]:
    """What `build` makes of the items of one kind. A row that cannot even be read must not stop the others."""
    try:
        subjects = handler_for(kind).load({item.subject_id for item in items})
    except OperationalError:
        raise
    except Exception as fault:
        if len(items) > 1:
            return [pair for item in items for pair in build_all(kind, [item], build)]
        log.exception("loading a subject failed", item=items[0].pk, kind=kind)
        return [(items[0], _not_built(items[0], fault))]
    return [(item, _built(item, subjects.get(item.subject_id), build)) for item in items]


def _built(item: Item, subject: Any, build: Callable[[Item, Any], Built | Decision]) -> Built | Decision:
    if subject is None:
        return _unsendable(item, "SubjectGone", "What this was about is no longer here.")
    try:
        return build(item, subject)
    except NothingToSendError:
        return Decision(State.SUPERSEDED, Outcome.DONE, reason="There was nothing left to send.")
    except NotReadyError as waiting:
        return not_ready(item, reason=str(waiting), wait=_NOT_READY_WAIT)
    except UnsendableError as refused:
        return _unsendable(item, refused.code, refused.reason)
    except Exception as fault:
        log.exception("building a request failed", item=item.pk, kind=item.kind)
        return _not_built(item, fault)


def _build(item: Item, subject: Any) -> Ready:
    handler = handler_for(item.kind)
    look = handler.look(item, subject) if item.looks_first else None
    return Ready(item, subject, look or handler.request(item, subject), is_look=look is not None)


def run(ready: Ready, through: Through) -> Tried:
    """Send one request and catch how it ended. No database: may run in any thread."""
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
        gathers=ready.gathers,
    )


def give_back(ready: Iterable[Ready]) -> None:
    """Return what is not sent now: Engage asked for a pause, is away, or there was no time. It costs no try."""
    if pace.is_paused():
        decided = [
            (entry.item, asked_for_a_pause(entry.item, seconds=pace.PAUSE_AFTER_429)) for entry in ready
        ]
    elif not breaker.is_closed():
        decided = [(entry.item, not_called(entry.item, reason="Engage is away.")) for entry in ready]
    else:
        decided = [(entry.item, left_alone(entry.item)) for entry in ready]
    record_unsent(decided)


def outcomes(batch: Iterable[Tried]) -> list[EngageError | None]:
    """What the breaker wants to know about a batch: nothing about faults of ours, or about calls that nobody made."""
    return [tried.error for tried in batch if not isinstance(tried.error, CallBrokenError | LineDown)]


def _not_built(item: Item, fault: Exception) -> Decision:
    return _unsendable(item, "NotBuilt", f"The request could not be built ({type(fault).__name__}).")


def _unsendable(item: Item, code: str, reason: str) -> Decision:
    return needs_a_person(item, Outcome.NOT_SENT, code=code, reason=reason)
