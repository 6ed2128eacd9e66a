"""Colours and headings of the staff screens."""

from engage_portal.engage import IdentifierKind
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

_ABOUT_REASON: dict[str, str] = {
    State.ATTENTION: "Why it stopped",
    State.CANCELLED: "Why it was given up",
    State.SUPERSEDED: "Why it was not sent",
}

KEYS: dict[str, str] = {
    IdentifierKind.EMAIL: "e-mail address",
    IdentifierKind.MOBILE_PHONE: "phone number",
    IdentifierKind.SOCIAL_SECURITY_NUMBER: "personal number",
    IdentifierKind.CUSTOM_KEY: "member number or external id",
}
"""What somebody was found by, inside a sentence."""


def tone(state: str) -> str:
    """The colour of a state."""
    return TONES.get(state, "neutral")


def about_reason(state: str) -> str:
    """What an item's reason explains, as a heading."""
    return _ABOUT_REASON.get(state, "Why it waits")
