"""What the staff screens say about items, in sentences."""

from datetime import datetime

from engage_portal.core import clock
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import kinds
from engage_portal.outbox.states import State

TONES: dict[str, str] = {
    State.PENDING: "wait",
    State.SENDING: "info",
    State.IN_DOUBT: "wait",
    State.ATTENTION: "bad",
    State.SPOOLED: "info",
    State.ACCEPTED: "info",
    State.DELIVERED: "good",
}
"""The colour of a state; those that are not here are neutral."""

RETRYABLE = (State.ATTENTION, State.PENDING, State.IN_DOUBT)
"""What sending again by hand can move."""

_NEXT: dict[str, str] = {
    State.SENDING: "A worker is sending it right now.",
    State.IN_DOUBT: "An earlier try may have arrived. The portal looks in Engage first and sends what is missing.",
    State.ATTENTION: "It needs you: put right what Engage complains about, then send it again.",
    State.SPOOLED: "It is part of a file. Nothing else may send it until the file is picked up or withdrawn.",
    State.ACCEPTED: "Engage has taken it and works it in later. It is delivered once it is seen in the purchases.",
    State.DELIVERED: "It has been seen in Engage. Nothing is left to do.",
    State.CANCELLED: "Somebody gave it up. It will not be sent.",
    State.SUPERSEDED: "Another item took its place, or nothing was left to send.",
}


def kind_label(kind: str) -> str:
    """A kind for people; the kind itself where no app knows it any more."""
    return next((handler.label for handler in kinds() if handler.kind == kind), kind)


def tone(state: str) -> str:
    """The colour of a state."""
    return TONES.get(state, "neutral")


def next_step(item: Item, *, waits_for: Item | None, is_line_up: bool) -> str:
    """What will happen to an item, in a sentence or two."""
    if item.state != State.PENDING:
        return _NEXT[item.state]
    if waits_for is not None:
        return f"It goes after number {waits_for.pk}, which is about the same contact."
    if not is_line_up:
        return "It goes as soon as Engage answers again. Nothing is lost."
    return "It goes in a moment." if _is_due(item.not_before) else "It waits a while before the next try."


def _is_due(moment: datetime) -> bool:
    return moment <= clock.now()
