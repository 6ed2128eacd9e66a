"""Reading back: what Engage accepted is delivered once it is seen there.

Engage answers a receipt with a yes long before it works it in, and never says what became of it
[developer.voyado.com/en/receipts/introduction-to-receipts]. One GET may tell about many items: a contact's history
settles all of that contact's receipts. Only calls that nobody else wants are used for it, but for what other items wait
for: the id of somebody who went in a file.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, OperationalError, transaction

from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage import EngageError, Unavailable
from engage_portal.outbox import pauses
from engage_portal.outbox.delivery.recording import move, write
from engage_portal.outbox.delivery.verdicts import Decision, is_refusal
from engage_portal.outbox.line import door, pace
from engage_portal.outbox.models import Attempt, Item, Outcome
from engage_portal.outbox.registry import CallBrokenError, Handler, ReadBack, handler_for, kinds
from engage_portal.outbox.states import State

log = structlog.get_logger(__name__)

_ITEMS_AT_ONCE = 200
_BOOKED_AT_ONCE = 0.1
_TAKEN_FOR = timedelta(minutes=5)
_USUAL_HOURS = 24
_NEVER_SEEN_AGAIN_FOR = timedelta(days=1)
"""What cannot be looked for stays accepted: a forgotten person's receipt names nobody."""
_SHARE_OF_AWAITED = 0.25
"""Of the time there is: ids bring the others on their way, which then need the rest of it."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """What one GET brought."""

    back: ReadBack
    answer: Any = None
    error: EngageError | None = None


def look_for_awaited(pool: ThreadPoolExecutor, end: Deadline) -> int:
    """Look for the accepted items that others wait for, however much there is to send; returns how many GETs were made.

    May run at the same time in any number of processes, as below.
    """
    awaited = [handler for handler in kinds() if handler.is_awaited]
    return _look_for(awaited, pace.Lane.DELIVERY, pool, Deadline.after(end.remaining() * _SHARE_OF_AWAITED))


def look_around(pool: ThreadPoolExecutor, end: Deadline) -> int:
    """Look for accepted items while the line is free and time is left; returns how many GETs were made.

    May run at the same time in any number of processes; asking twice would be harmless.
    """
    return _look_for(kinds(), pace.Lane.SPARE, pool, end)


def _look_for(
    handlers: Sequence[Handler[Any]], lane: pace.Lane, pool: ThreadPoolExecutor, end: Deadline
) -> int:
    asked = 0
    while not end.is_past:
        backs = _due(handlers)
        if not backs:
            break
        starts = pace.reserve(lane, sum(back.call.calls for back in backs))
        if not starts:
            break
        looked = _ask(backs, starts, pool)
        _keep(looked)
        door.report([each.error for each in looked if not isinstance(each.error, CallBrokenError)])
        asked += len(looked)
        if any(isinstance(each.error, Unavailable) for each in looked):
            break
    return asked


def _due(handlers: Sequence[Handler[Any]]) -> list[ReadBack]:
    """The looks that are due, as many as may be booked at once, taken so that no other process asks the same."""
    now, most = clock.now(), pace.calls_within(_BOOKED_AT_ONCE)
    paused = pauses.current()
    for handler in handlers:
        is_wanted = settings.OUTBOX_CONFIRM_HOURS or not handler.may_stay_unseen
        if not handler.is_read_back or not is_wanted or paused.stop_everything:
            continue
        due = Item.objects.filter(
            state=State.ACCEPTED, priority=handler.priority, not_before__lte=now, kind=handler.kind
        )
        items = list(due.exclude(paused.covering()).order_by("not_before", "pk")[:_ITEMS_AT_ONCE])
        backs = _reads(handler, items)
        told = {item.pk for back in backs for item in back.items}
        _put_off([item.pk for item in items if item.pk not in told], now + _NEVER_SEEN_AGAIN_FOR)
        _put_off([item.pk for back in backs[:most] for item in back.items], now + _TAKEN_FOR)
        if backs:
            return backs[:most]
    return []


def _reads(handler: Handler[Any], items: Sequence[Item]) -> list[ReadBack]:
    """The GETs for some items. One that cannot even be read must not stop the others."""
    try:
        return list(handler.read_back(items))
    except DatabaseError:
        raise
    except Exception:
        if len(items) > 1:
            return [back for item in items for back in _reads(handler, [item])]
        log.exception("an accepted item cannot be read back", item=items[0].pk, kind=handler.kind)
        return []


def _put_off(pks: Sequence[int], until: datetime) -> None:
    if pks:
        Item.objects.filter(pk__in=pks, state=State.ACCEPTED).update(not_before=until)


def _ask(backs: Sequence[ReadBack], starts: Sequence[float], pool: ThreadPoolExecutor) -> list[_Looked]:
    began, left = Deadline.after(0), list(starts)
    futures = []
    for back in backs:
        mine, left = left[: back.call.calls], left[back.call.calls :]
        moments = [Deadline(began.at + start) for start in mine]
        futures.append(pool.submit(_look, back, door.paced(moments, patience=settings.ENGAGE_READ_TIMEOUT)))
    return [future.result() for future in futures]


def _look(back: ReadBack, through: door.Through) -> _Looked:
    """In a thread of the pool: no database."""
    try:
        return _Looked(back, answer=through(back.call.run))
    except EngageError as error:
        return _Looked(back, error=error)
    except Exception as fault:
        log.exception("a look broke", item=back.items[0].pk, kind=back.items[0].kind)
        return _Looked(back, error=CallBrokenError(f"The answer could not be read ({type(fault).__name__})."))


def _keep(looked: Sequence[_Looked]) -> None:
    """Keep what was found, and decide about what was not. A fault of ours must not stop the others."""
    for each in looked:
        if each.error is not None and not is_refusal(each.error):
            continue  # that says nothing about the items: they are looked for again soon
        try:
            with transaction.atomic():
                if each.error is None:
                    handler_for(each.back.items[0].kind).keep(each.back, each.answer)
                _wait_or_give_up(each.back, each.error)
        except OperationalError as fault:  # a lock that came too late: it is looked at again
            log.warning("reading back is repeated", why=type(fault).__name__)
        except DatabaseError:
            raise
        except Exception:
            log.exception("keeping what was read back failed", item=each.back.items[0].pk)


def _wait_or_give_up(back: ReadBack, error: EngageError | None) -> None:
    """What was not seen is looked for again, ever more rarely; in the end a person hears of it."""
    now = clock.now()
    rows = Item.objects.select_for_update().filter(
        pk__in=[item.pk for item in back.items], state=State.ACCEPTED
    )
    late = timedelta(hours=_hours())
    given_up = []
    for item in rows.order_by("pk"):
        age = now - (item.finished_at or now)
        if age > late:
            move(item, _not_seen(item, error), now=now)
            given_up.append(item)
        else:
            wait = max(age, timedelta(seconds=handler_for(item.kind).first_look_after))
            Item.objects.filter(pk=item.pk).update(not_before=now + wait)
    write(given_up)
    Attempt.objects.bulk_create(
        Attempt(
            item=item, started_at=now, duration_ms=0, operation=back.call.operation, outcome=Outcome.NOT_FOUND
        )
        for item in given_up
    )


def _hours() -> int:
    return int(settings.OUTBOX_CONFIRM_HOURS) or _USUAL_HOURS


def _not_seen(item: Item, error: EngageError | None) -> Decision:
    hours = _hours()
    why = handler_for(item.kind).unseen(item, error)
    code = why.code if why else "NotProcessed"
    reason = why.reason if why else f"Engage accepted it but has not processed it in {hours} hours."
    return Decision(State.ATTENTION, Outcome.NOT_FOUND, code=code, reason=reason)
