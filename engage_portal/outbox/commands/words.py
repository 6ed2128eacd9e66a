"""How the command writes for a terminal: colours, one line, times and numbers."""

from datetime import datetime

from django.utils.timesince import timesince
from django.utils.timezone import localtime
from rich.text import Text

from engage_portal.core import clock
from engage_portal.outbox.states import State

_STYLES: dict[str, str] = {
    State.PENDING: "yellow",
    State.SENDING: "cyan",
    State.IN_DOUBT: "yellow",
    State.ATTENTION: "bold red",
    State.SPOOLED: "cyan",
    State.ACCEPTED: "cyan",
    State.DELIVERED: "green",
}
_TONES = {"good": "green", "bad": "red"}
_A_MINUTE = 60


def plain(text: str, style: str = "") -> Text:
    """A text from outside on one line, without anything that would steer a terminal."""
    return Text("".join(sign if sign.isprintable() else " " for sign in text), style=style)


def one_line(text: str) -> Text:
    """A text from outside that is cut rather than folded."""
    found = plain(text)
    found.no_wrap, found.overflow = True, "ellipsis"
    return found


def state_text(state: str) -> Text:
    """A state in its colour; the word that `--state` takes."""
    return Text(state, style=_STYLES.get(state, "dim"))


def tone_text(text: str, tone: str) -> Text:
    """A line of a story in its colour."""
    return plain(text, _TONES.get(tone, ""))


def moment(at: datetime | None) -> str:
    """A time in the portal's zone."""
    return f"{localtime(at):%Y-%m-%d %H:%M:%S}" if at else ""


def age(at: datetime) -> str:
    """How long ago something was."""
    seconds = max(0, int((clock.now() - at).total_seconds()))
    if seconds < _A_MINUTE:
        return f"{seconds} s ago"
    return f"{timesince(at, clock.now(), depth=1)} ago".replace("\xa0", " ")
