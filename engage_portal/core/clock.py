"""The one source of time, and the deadline of a person who waits."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, always with zone UTC. Everything that asks for the time asks here."""
    return datetime.now(tz=UTC)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The monotonic moment by which an answer has to be on its way to whoever waits."""

    at: float
    began: float = field(default_factory=time.monotonic, compare=False)
    _waits: list[float] = field(default_factory=list, compare=False, repr=False)

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """A deadline that many seconds from now."""
        now = time.monotonic()
        return cls(now + seconds, began=now)

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.at - time.monotonic())

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """What is done in the block is waiting for somebody else: it says nothing about how busy this machine is."""
        since = time.monotonic()
        try:
            yield
        finally:
            self._waits.append(time.monotonic() - since)

    def worked(self) -> float:
        """Seconds since it was set, without those of waiting: what our own work took until here."""
        return max(0.0, time.monotonic() - self.began - sum(self._waits))

    @property
    def is_past(self) -> bool:
        """Whether nothing is left."""
        return self.remaining() <= 0.0
