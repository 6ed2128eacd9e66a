"""Words about items, for the templates."""

from django import template

from engage_portal.outbox import words
from engage_portal.outbox.control import RETRYABLE
from engage_portal.outbox.models import Item, Pause
from engage_portal.outbox.pauses import Pauses
from engage_portal.outbox.states import State
from engage_portal.staff import words as headings

register = template.Library()


@register.filter
def kind_label(kind: str) -> str:
    """A kind for people."""
    return words.kind_label(kind)


@register.filter
def tone(state: str) -> str:
    """The colour of a state."""
    return headings.tone(state)


@register.filter
def state_label(state: str) -> str:
    """A state for people."""
    return State(state).label


@register.filter
def can_retry(state: str) -> bool:
    """Whether sending again by hand can move an item in this state."""
    return state in RETRYABLE


@register.filter
def about_reason(state: str) -> str:
    """What an item's reason explains, as a heading."""
    return headings.about_reason(state)


@register.filter
def key_label(kind: str) -> str:
    """What somebody was found by, inside a sentence."""
    return headings.KEYS.get(kind, "key")


@register.filter
def scope(pause: Pause) -> str:
    """What a pause holds back."""
    return words.scope(pause)


@register.filter
def is_held(item: Item, paused: Pauses) -> bool:
    """Whether an item would go if nothing were paused."""
    return words.pause_over(item, paused) is not None
