"""The one source of time, and the deadline of a person who waits."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, always with zone UTC. Everything that asks for the time asks here."""
    return datetime.now(tz=UTC)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The monotonic moment by which an answer has to be on its way to whoever waits."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """A deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.at - time.monotonic())

    @property
    def is_past(self) -> bool:
        """Whether nothing is left."""
        return self.remaining() <= 0.0
