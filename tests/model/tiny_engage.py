"""The smallest Engage that can be wronged: it knows what took effect, in which order, and who repeated without a look."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from engage_portal.core import clock
from engage_portal.engage import Conflict, EngageError, RateLimited, Rejected, Unavailable
from engage_portal.outbox.line.door import line_down

USE = "POST /api/v3/promotion-assignments/{assignmentId}/redeem"
ALREADY_USED = "PromotionAlreadyRedeemed"


class Ending(Enum):
    """How a request ends, as Engage and as the portal see it."""

    DONE = "done"
    SWALLOWED = "answered with a yes, never worked in"
    REFUSED = "refused"
    LOST = "lost on its way"
    ANSWER_LOST = "done, and the answer lost"
    NEVER_LEFT = "no connection"
    SERVER_ERROR = "500 before anything was done"
    SLOW_DOWN = "429"
    NOT_CALLED = "the breaker was open"
    NOT_UNDERSTOOD = "done, and the answer not readable"


COSTS_NO_TRY = {Ending.SLOW_DOWN, Ending.NOT_CALLED}
TAKES_EFFECT = {Ending.DONE, Ending.ANSWER_LOST, Ending.NOT_UNDERSTOOD}
LEAVES_DOUBT = {Ending.LOST, Ending.ANSWER_LOST, Ending.SERVER_ERROR, Ending.NOT_UNDERSTOOD}

_ERRORS = {
    Ending.LOST: lambda: Unavailable("No answer.", may_have_taken_effect=True),
    Ending.ANSWER_LOST: lambda: Unavailable("No answer.", may_have_taken_effect=True),
    Ending.NEVER_LEFT: lambda: Unavailable("No connection."),
    Ending.SERVER_ERROR: lambda: Unavailable("An error.", status=500, may_have_taken_effect=True),
    Ending.SLOW_DOWN: lambda: RateLimited("Too many.", retry_after=7.0),
    Ending.REFUSED: lambda: Rejected("It is not valid.", status=422, error_code="ValidationError"),
    Ending.NOT_CALLED: lambda: line_down("Engage is down."),
}


@dataclass
class Row:
    """One row of a bulk call that Engage has queued."""

    pk: int
    subject: UUID
    values: dict[str, int]
    works_at: datetime


@dataclass
class TinyEngage:
    """What Engage holds, and what was done to it that must never be done."""

    have: set[UUID] = field(default_factory=set)
    values: dict[tuple[UUID, str], int] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    """Numbers of the items in the order in which they took effect."""
    wrongs: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    _doubtful: set[UUID] = field(default_factory=set)

    def post(self, pk: int, subject: UUID, ending: Ending, *, repeatable: bool, once: str = "") -> None:
        """A creation. `repeatable`: Engage drops what it has; `once`: it refuses a second one with this code."""
        self.work_in()
        if ending in {Ending.NOT_CALLED, Ending.NEVER_LEFT}:
            _end(ending)
        if not repeatable and not once:
            self._check_post(pk, subject)
        if once and subject in self.have and ending in {Ending.DONE, Ending.REFUSED}:
            raise Conflict("It is used.", operation=USE, error_code=once)
        if ending in TAKES_EFFECT:
            self.take(pk, subject)
        if ending in LEAVES_DOUBT:
            self._doubtful.add(subject)
        _end(ending)

    def patch(self, pk: int, subject: UUID, values: dict[str, int], ending: Ending) -> None:
        """A change: repeatable by nature, unless it brings back what was."""
        self.work_in()
        if any(row.pk == pk for row in self.rows):
            self.wrongs.append(f"item {pk} was sent alone while its row was under way")
        if ending in TAKES_EFFECT:
            self.change(pk, subject, values)
        _end(ending)

    def look(self, subject: UUID, ending: Ending) -> bool | None:
        """Whether somebody is there; an answer ends the doubt about earlier requests."""
        self.work_in()
        _end(ending)
        self._doubtful.discard(subject)
        return True if subject in self.have else None

    def look_for(self, subject: UUID, values: dict[str, int], ending: Ending) -> bool | None:
        """Whether somebody has these values."""
        self.work_in()
        _end(ending)
        return True if all(self.values.get((subject, name)) == of for name, of in values.items()) else None

    def bulk(self, rows: list[Row], ending: Ending) -> str:
        """Queue rows, each to be worked in at its moment."""
        self.work_in()
        if ending in TAKES_EFFECT:
            self.rows += rows
        _end(ending)
        return "batch-1"

    def work_in(self) -> None:
        """What is due of the queued rows takes effect."""
        due = [row for row in self.rows if row.works_at <= clock.now()]
        self.rows = [row for row in self.rows if row not in due]
        for row in due:
            if row.values:
                self.change(row.pk, row.subject, row.values)
            else:
                self.take(row.pk, row.subject)

    def take(self, pk: int, subject: UUID) -> None:
        """Something takes effect that may do so once."""
        if subject in self.have:
            return
        self.have.add(subject)
        self.order.append(pk)

    def change(self, pk: int, subject: UUID, values: dict[str, int]) -> None:
        """Values take effect; a newer one must never give way to an older one."""
        for name, version in values.items():
            if self.values.get((subject, name), 0) > version:
                self.wrongs.append(f"item {pk} brought back version {version} of {name}")
            self.values[subject, name] = version
        self.order.append(pk)

    def _check_post(self, pk: int, subject: UUID) -> None:
        if subject in self._doubtful:
            self.wrongs.append(f"item {pk} was posted again without a look")
        if subject in self.have:
            self.wrongs.append(f"item {pk} was posted although Engage has it")
        if any(row.pk == pk for row in self.rows):
            self.wrongs.append(f"item {pk} was sent alone while its row was under way")


def soon(seconds: float) -> datetime:
    """When a row of a bulk call is worked in."""
    return clock.now() + timedelta(seconds=seconds)


def _end(ending: Ending) -> None:
    """Raises what the client would raise."""
    if ending is Ending.NOT_UNDERSTOOD:
        raise ValueError("an answer that nobody can read")
    if ending in _ERRORS:
        error: EngageError = _ERRORS[ending]()
        raise error
