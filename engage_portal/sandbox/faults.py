"""Everything that can go wrong with Engage, on demand (api.md §18, fake server 10)."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal, get_args

from engage_portal.sandbox.answers import Answer, ApiError, Record, page
from engage_portal.sandbox.store import Store

Mode = Literal["down", "hang", "slow", "500", "504", "html503", "429", "422", "lost_answer", "not_processed"]
MODES: tuple[Mode, ...] = get_args(Mode)
MODE_WORDS: dict[str, str] = {
    "down": "Down: no answer, connection ends",
    "hang": "Hang: no answer, connection stays",
    "slow": "Slow: answers are delayed",
    "500": "500: an error has occurred",
    "504": "504: gateway time-out",
    "html503": "503 with an HTML page",
    "429": "429: too many requests",
    "422": "422: refused as invalid",
    "lost_answer": "Lost answer: done, but not answered",
    "not_processed": "Not processed: says yes, does nothing",
}
ANYWHERE = "*"
_NETWORK = ("down", "hang")
_POLL = 0.05
_fair_dice = secrets.SystemRandom().random


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: how, where, how often and how many more times (None = until cleared)."""

    mode: Mode
    endpoint: str = ANYWHERE
    probability: float = 1.0
    times: int | None = None
    delay_ms: int = 0
    retry_after: int | None = None
    since: str = ""

    def answer(self) -> Answer | None:
        """The answer of a fault that answers by itself, None for the others."""
        if self.mode == "500":
            return ApiError(500, None, "An error has occurred.").answer()
        if self.mode == "422":
            return ApiError(
                422, "ValidationError", "Validation failed", errors=["Refused by the sandbox's fault 422"]
            ).answer()
        if self.mode == "504":
            return page("<html><body><h1>504 Gateway Time-out</h1></body></html>", 504)
        if self.mode == "html503":
            return page("<html><body><h1>Service Unavailable</h1><p>Please try later.</p></body></html>", 503)
        if self.mode == "429":
            wait = () if self.retry_after is None else (("Retry-After", str(self.retry_after)),)
            return Answer(429, headers=wait)
        return None


@dataclass(frozen=True, slots=True)
class Struck(Fault):
    """A fault that hits a request."""

    generation: int = 0
    """How often the faults had changed by then."""


class Faults:
    """The faults in force: at most one per endpoint. They are kept in the state file and survive a restart.

    `dice` may be replaced by a test: it answers a number from 0 up to 1, and a fault strikes below its
    probability.
    """

    def __init__(self, store: Store, now: Callable[[], datetime], lock: threading.RLock) -> None:
        self._store = store
        self._now = now
        self._lock = lock
        self._generation = 0
        self.dice: Callable[[], float] = _fair_dice

    @property
    def active(self) -> tuple[Fault, ...]:
        """The faults in force: of the network first, then of one endpoint, then those everywhere."""
        found = [Fault(**record) for record in self._store.all("fault").values()]
        return tuple(
            sorted(found, key=lambda fault: (fault.mode not in _NETWORK, fault.endpoint == ANYWHERE))
        )

    @property
    def mode(self) -> str:
        """`up`, or the mode of the weightiest fault."""
        active = self.active
        return active[0].mode if active else "up"

    def set(
        self,
        mode: str,
        *,
        endpoint: str = ANYWHERE,
        probability: float = 1.0,
        times: int | None = None,
        delay_ms: int = 0,
        retry_after: int | None = None,
    ) -> None:
        """Put a fault in force, in place of the endpoint's earlier one; `up` clears them all."""
        if mode == "up":
            self.clear()
            return
        if mode not in MODES:
            raise ValueError(f"mode must be up or one of {', '.join(MODES)}")
        if not 0 <= probability <= 1:
            raise ValueError("probability must lie between 0 and 1")
        if times is not None and times < 1:
            raise ValueError("times must be at least 1")
        since = self._now().isoformat()
        fault = Fault(mode, endpoint, probability, times, delay_ms, retry_after, since)
        with self._lock:
            self._store.put("fault", endpoint, asdict(fault))
            self._store.commit()
            self._generation += 1

    def clear(self) -> None:
        """Engage is up: no fault is in force, hanging requests go on."""
        with self._lock:
            for endpoint in list(self._store.all("fault")):
                self._store.remove("fault", endpoint)
            self._store.commit()
            self._generation += 1

    def reset(self) -> None:
        """As `clear`, and the dice are fair again."""
        self.dice = _fair_dice
        self.clear()

    def strike(self, endpoint: str, *, writes: bool) -> Struck | None:
        """The fault that hits a request for an endpoint ("POST /api/v3/receipts"), counted down; or None."""
        for fault in self.active:
            if fault.endpoint not in (ANYWHERE, endpoint):
                continue
            if fault.mode == "not_processed" and not writes:
                continue
            if fault.probability < 1 and self.dice() >= fault.probability:
                continue
            self._count_down(fault)
            return Struck(**asdict(fault), generation=self._generation)
        return None

    def wait_for_release(self, fault: Struck, is_gone: Callable[[], bool]) -> bool:
        """Hold a request until the faults have changed since one struck it (True) or its client leaves (False)."""
        while fault.generation == self._generation:
            if is_gone():
                return False
            time.sleep(_POLL)
        return True

    def _count_down(self, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times <= 1:
            self._store.remove("fault", fault.endpoint)
            return
        record: Record = {**asdict(fault), "times": fault.times - 1}
        self._store.put("fault", fault.endpoint, record)
