"""What people are told about items and pauses, on the screen and in the terminal alike."""

from datetime import timedelta

from django.utils.timesince import timesince

from engage_portal.core import clock
from engage_portal.outbox.line.breaker import status
from engage_portal.outbox.models import Item, Outage, Pause
from engage_portal.outbox.pauses import Pauses
from engage_portal.outbox.registry import kinds
from engage_portal.outbox.selectors import ItemDetail, worker_is_alive
from engage_portal.outbox.states import CLAIMABLE, Channel, State

_SETTLED_OR_ELSEWHERE: dict[str, str] = {
    State.SENDING: "A worker is sending it right now.",
    State.ATTENTION: "It needs a person: put right what Engage complains about, then send it again; or cancel it.",
    State.SPOOLED: "It is part of a file. Nothing else may send it until the file is picked up or withdrawn.",
    State.ACCEPTED: (
        "Engage has taken it and works it in later: usually within a quarter of an hour, sometimes an hour. The portal "
        "looks for it there; once it is seen it is delivered."
    ),
    State.DELIVERED: "It has been seen in Engage. Nothing is left to do.",
    State.CANCELLED: "It was given up. It will not be sent.",
    State.SUPERSEDED: "Another item took its place, or nothing was left to send.",
}
_A_MINUTE = timedelta(minutes=1)
_IN_DOUBT = "An earlier try may have arrived. The portal looks in Engage first and sends what is missing."
_IN_DOUBT_AFTER_BULK = "It went in a bulk call. It counts as delivered once it is seen in Engage."


def items_in_words(number: int) -> str:
    """A number of items."""
    return "1 item" if number == 1 else f"{number:,} items"


def lasted(outage: Outage) -> str:
    """How long an outage lasted, or has lasted until now."""
    until = outage.ended_at or clock.now()
    return "under a minute" if until - outage.began_at < _A_MINUTE else timesince(outage.began_at, until)


def kind_label(kind: str) -> str:
    """A kind for people; the kind itself where no app knows it any more."""
    return next((handler.label for handler in kinds() if handler.kind == kind), kind)


def scope(pause: Pause) -> str:
    """What a pause holds back, such as: Every receipt of store 101."""
    what = f"Every {kind_label(pause.kind).lower()}" if pause.kind else "Everything"
    return f"{what} of store {pause.store}" if pause.store else what


def scope_inside(pause: Pause) -> str:
    """The same within a sentence."""
    found = scope(pause)
    return f"{found[0].lower()}{found[1:]}"


def pause_over(item: Item, paused: Pauses) -> Pause | None:
    """The oldest pause that keeps an item from going, if there is one."""
    if item.state not in CLAIMABLE:
        return None
    return next(
        (each for each in paused.running if Pauses((each,)).cover(kind=item.kind, store=item.store)), None
    )


def next_step_of(detail: ItemDetail, *, pause: Pause | None) -> str:
    """What will happen to an item, as the line to Engage and the worker stand now."""
    return next_step(
        detail.item,
        pause=pause,
        waits_for=detail.waits_for,
        is_line_up=status().is_up,
        has_worker=worker_is_alive(),
    )


def next_step(
    item: Item, *, pause: Pause | None, waits_for: Item | None, is_line_up: bool, has_worker: bool
) -> str:
    """What will happen to an item, in a sentence or two."""
    if item.state not in CLAIMABLE:
        return _SETTLED_OR_ELSEWHERE[item.state]
    hindrance = _hindrance(
        item, pause=pause, waits_for=waits_for, is_line_up=is_line_up, has_worker=has_worker
    )
    if item.state == State.IN_DOUBT:
        doubt = _IN_DOUBT_AFTER_BULK if item.channel == Channel.BULK else _IN_DOUBT
        return f"{doubt} {hindrance}".rstrip()
    return hindrance or "It goes in a moment."


def _hindrance(
    item: Item, *, pause: Pause | None, waits_for: Item | None, is_line_up: bool, has_worker: bool
) -> str:
    """What keeps an item from going now; empty where nothing does."""
    goes, next_one = ("It goes on", "look") if item.state == State.IN_DOUBT else ("It goes", "try")
    if pause is not None:
        return f"It waits: {scope_inside(pause)} is paused. It goes on by itself once the pause is over."
    if waits_for is not None:
        return f"{goes} after number {waits_for.pk}, which is about the same contact."
    if not is_line_up:
        return f"{goes} as soon as Engage answers again. Nothing is lost."
    if item.not_before > clock.now():
        return f"It waits a while before the next {next_one}."
    return "" if has_worker else "It is due, but no worker is running."
