"""Words about items, for the templates."""

from django import template

from engage_portal.outbox.states import State
from engage_portal.staff import words

register = template.Library()


@register.filter
def kind_label(kind: str) -> str:
    """A kind for people."""
    return words.kind_label(kind)


@register.filter
def tone(state: str) -> str:
    """The colour of a state."""
    return words.tone(state)


@register.filter
def state_label(state: str) -> str:
    """A state for people."""
    return State(state).label


@register.filter
def can_retry(state: str) -> bool:
    """Whether sending again by hand can move an item in this state."""
    return state in words.RETRYABLE
