"""How long a subcommand waits for its turn: what people did, and the queue, go first."""

from collections.abc import Callable
from threading import Event

from engage_portal.core.clock import Deadline
from engage_portal.outbox.line import breaker

_TURN_SECONDS = 30.0
BUSY = "The queue goes first, and did not let anything else through for half a minute."


class Patience:
    """Ends a run when somebody wants that, or when its turn does not come."""

    def __init__(self, told: Event, move_bar: Callable[[], None]) -> None:
        self._told = told
        self._move_bar = move_bar
        self._turn = Deadline.after(_TURN_SECONDS)
        self.is_at_an_end = False

    def progressed(self) -> None:
        """Something was done."""
        self._turn = Deadline.after(_TURN_SECONDS)
        self._move_bar()

    def is_over(self) -> bool:
        """Whether to stop."""
        self.is_at_an_end = self.is_at_an_end or self._turn.is_past
        return self._told.is_set() or self.is_at_an_end

    def why(self, left: str) -> str:
        """Why something is left, in a sentence."""
        if self._told.is_set():
            return f"Ended on request; {left}."
        if not breaker.is_closed():
            return f"Engage is down; {left}."
        return (
            f"{BUSY} {left[:1].upper()}{left[1:]}." if self.is_at_an_end else f"{left[:1].upper()}{left[1:]}."
        )
