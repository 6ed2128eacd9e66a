"""The bulk channel: where many contacts wait, they go in one call.

Engage queues the rows and answers a batch id; what became of a row it never says, so each item is in doubt until it
was looked up. A row without effect goes alone afterwards, and so do all of a call that is refused: then Engage names
the reason [developer.voyado.com/docs/contacts/bulk-contacts-api].
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from engage_portal.core.clock import Deadline
from engage_portal.engage import BULK_LIMIT
from engage_portal.outbox.delivery import claims
from engage_portal.outbox.delivery.recording import record, record_unsent
from engage_portal.outbox.delivery.sending import Ready, build_all, outcomes, run
from engage_portal.outbox.delivery.verdicts import (
    Decision,
    Tried,
    backoff,
    decide,
    is_refusal,
    not_called,
    refusal,
)
from engage_portal.outbox.line import door, pace
from engage_portal.outbox.models import Item, Outcome
from engage_portal.outbox.registry import BulkRow, handler_for, kinds
from engage_portal.outbox.states import State


@dataclass(frozen=True, slots=True)
class _Entry:
    """One item as a row of a bulk call."""

    item: Item
    subject: Any
    row: BulkRow


def send_where_many_wait(end: Deadline) -> frozenset[str]:
    """Send the kinds of which OUTBOX_BULK_FROM items or more wait; returns those kinds, also if nothing was ready.

    Begins no call after `end`: what is left then waits for the next pass, whose worker has shown its pulse meanwhile.

    May run at the same time in any number of processes: an item is leased to one of them.
    """
    found = _kinds_with_many()
    for kind in found:
        while not end.is_past:
            items = claims.claim_for_bulk(kind, BULK_LIMIT, at_least=settings.OUTBOX_BULK_FROM)
            if not items:
                break
            if not _send_all(kind, items):
                return found
    return found


def _kinds_with_many() -> frozenset[str]:
    many = settings.OUTBOX_BULK_FROM
    if not many:
        return frozenset()
    known = [handler.kind for handler in kinds() if handler.goes_in_bulk]
    return frozenset(kind for kind in known if _waiting(kind, at_most=many) >= many)


def _waiting(kind: str, *, at_most: int) -> int:
    waiting = Item.objects.claimable().filter(is_parked=False, kind=kind)
    return waiting.order_by()[:at_most].count()


def _send_all(kind: str, items: Sequence[Item]) -> bool:
    """Send leased items of one kind, a call for each group of rows; False where Engage did not take a call."""
    groups = _grouped(kind, items)
    went_well = True
    for group, entries in groups.items():
        if went_well:
            went_well = _send(kind, group, entries)
        else:
            record_unsent(
                [(entry.item, not_called(entry.item, reason="Engage is away.")) for entry in entries]
            )
    return went_well


def _grouped(kind: str, items: Sequence[Item]) -> dict[str, list[_Entry]]:
    """The rows by group; what cannot be a row is put where it belongs at once."""
    groups: dict[str, list[_Entry]] = defaultdict(list)
    taken: set[tuple[str, str]] = set()
    unsent: list[tuple[Item, Decision]] = []
    for item, built in build_all(kind, items, _entry):
        if isinstance(built, Decision):
            unsent.append((item, built))
            continue
        keys = {(built.row.group, key) for key in built.row.keys}
        if not keys or keys & taken:  # the same key twice in one call: nobody knows what Engage would do
            unsent.append((item, _alone()))
            continue
        taken |= keys
        groups[built.row.group].append(built)
    record_unsent(unsent)
    return groups


def _entry(item: Item, subject: Any) -> _Entry | Decision:
    row = handler_for(item.kind).bulk_row(item, subject)
    return _Entry(item, subject, row) if row else _alone()


def _alone(*, code: str = "", reason: str = "") -> Decision:
    return Decision(State.PENDING, Outcome.NOT_SENT, code=code, reason=reason, counts=False, avoids_bulk=True)


def _send(kind: str, group: str, entries: Sequence[_Entry]) -> bool:
    call = handler_for(kind).bulk_call(group, [entry.row.body for entry in entries])
    starts = pace.reserve(pace.Lane.DELIVERY, latest=pace.PAUSE_BEGINS_AT)
    first = Ready(entries[0].item, entries[0].subject, call, is_look=False)
    if not starts:
        record_unsent([(entry.item, not_called(entry.item, reason="Engage is busy.")) for entry in entries])
        return False
    through = door.paced([Deadline.after(starts[0])], patience=settings.ENGAGE_READ_TIMEOUT)
    tried = run(first, through)
    record([_for_one(tried, entry) for entry in entries], decide=_decide_about_a_row)
    door.report(outcomes([tried]))
    return tried.error is None


def _for_one(tried: Tried, entry: _Entry) -> Tried:
    call = replace(tried.call, sent=entry.row.sent)
    batch_id = str(tried.answer or "")
    return replace(tried, item=entry.item, subject=entry.subject, call=call, batch_id=batch_id)


def _decide_about_a_row(tried: Tried) -> Decision:
    if tried.error is None:
        reason = "It went in a bulk call; it is looked up before it counts as delivered."
        return Decision(
            State.IN_DOUBT, Outcome.TAKEN_IN, reason=reason, wait=backoff(1), looks_first=True, restarts=True
        )
    if is_refusal(tried.error):
        decision = _alone(code=tried.error.error_code, reason=refusal(tried.error))
        return replace(decision, outcome=Outcome.REFUSED)
    decision = decide(tried)
    # However often it was tried before: a row that may still come is looked for as often as any other.
    return replace(decision, restarts=decision.state is State.IN_DOUBT)
