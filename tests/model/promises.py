"""What the portal promised, kept beside it, and compared with the ledger after every step."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from engage_portal.core import clock
from engage_portal.outbox import pauses, streams
from engage_portal.outbox.models import Attempt, Event, Item
from engage_portal.outbox.states import CLAIMABLE, MOVING, OPEN, TRANSITIONS, Channel, State
from tests.model.kinds import Birth, Change, Subject, World
from tests.model.tiny_engage import TinyEngage

_STORIES_EVERY = 8


@dataclass
class Lease:
    """One item in one worker's hands."""

    token: UUID
    until: datetime
    tries_before: int


@dataclass(frozen=True)
class Taken:
    """An item as a worker, or the process of a caller who waits, took it."""

    item: Item
    for_caller: bool = False


@dataclass
class Promises:
    """The simple model: who owes what, who holds what, what is paused, and how each item stood last."""

    world: World
    engage: TinyEngage
    leases: dict[int, Lease] = field(default_factory=dict)
    paused: set[tuple[str, str]] = field(default_factory=set)
    cancelled: set[int] = field(default_factory=set)
    """Given up by a person."""
    refused: set[int] = field(default_factory=set)
    """The caller heard Engage's refusal."""
    given_up_fields: set[tuple[UUID, str]] = field(default_factory=set)
    wishes: dict[tuple[UUID, str], int] = field(default_factory=dict)
    """The newest version of each field that somebody was promised."""
    out_of_turn: set[int] = field(default_factory=set)
    """Needed a person at some time, or joined the stream later: their order is no promise."""
    rows: dict[int, Item] = field(default_factory=dict)
    """Every item as it stood after the last step."""
    _attempts: list[tuple] = field(default_factory=list)
    _events: list[tuple] = field(default_factory=list)
    _checked: int = 0
    _steps: int = 0

    # --- what the rules ask ---

    def is_paused(self, item: Item) -> bool:
        """Whether a person stopped it."""
        return any(kind in {"", item.kind} and store in {"", item.store} for kind, store in self.paused)

    def has_to_wait(self, item: Item) -> bool:
        """Whether an earlier item of its stream goes before it, by the words of the README alone."""
        return any(
            other.stream == item.stream and other.pk < item.pk and holds(other)
            for other in self.rows.values()
        )

    def may_go(self) -> set[int]:
        """What a worker could take at this moment."""
        now = clock.now()
        return {
            pk
            for pk, item in self.rows.items()
            if item.state in CLAIMABLE
            and item.not_before <= now
            and not self.is_paused(item)
            and not self.has_to_wait(item)
        }

    def leased(self, items: list[Item]) -> None:
        """Note who took what. Raises where it was not free to be taken."""
        free = self.may_go()
        for item in items:
            assert item.pk in free, f"item {item.pk} was taken although it had to wait or is paused"
            assert item.lease_token is not None
            assert item.lease_until is not None
            self.leases[item.pk] = Lease(item.lease_token, item.lease_until, item.tries - 1)

    def still_holds(self, item: Item) -> bool:
        """Whether the worker that took it this time is still its owner."""
        lease, row = self.leases.get(item.pk), self.rows[item.pk]
        return lease is not None and lease.token == item.lease_token == row.lease_token

    # --- after every step ---

    def compare(self) -> None:
        """The ledger as it stands, against what was promised."""
        self._steps += 1
        rows = {item.pk: item for item in Item.objects.order_by("pk")}
        assert set(self.rows) <= set(rows), "an item is gone"
        for pk, item in rows.items():
            self._compare_one(item, self.rows.get(pk))
        self.rows = rows
        self._compare_order()
        assert not self.engage.wrongs, self.engage.wrongs
        if self._steps % _STORIES_EVERY == 0:
            self.compare_stories()
        parked = [item for item in rows.values() if item.is_parked]
        for item in parked:
            assert self.has_to_wait(item) or self.is_paused(item), f"{item.pk} is parked for no reason"
        if parked:
            assert not streams.wrongly_parked(pauses.current()).exists(), "a repair would do something"

    def _compare_one(self, item: Item, before: Item | None) -> None:
        pk, state = item.pk, State(item.state)
        assert item.holds == streams.holds_stream(item) == holds(item), f"{pk} in {state} holds {item.holds}"
        assert not item.is_parked or state in CLAIMABLE
        assert (state == State.SPOOLED) <= (item.channel == Channel.FILE and item.spool_file is not None)
        if state == State.ATTENTION:
            self.out_of_turn.add(pk)
        if before is None:
            assert state == State.PENDING
            return
        if state != before.state:
            assert state in TRANSITIONS[State(before.state)], f"{pk} went from {before.state} to {state}"
        if before.state == State.ATTENTION and before.looks_first:
            assert state != State.PENDING, f"{pk} lost its doubt when a person sent it again"
        if item.stream != before.stream:
            self.out_of_turn.add(pk)
        if state == State.SENDING:
            assert item.lease_token == self.leases[pk].token, f"{pk} is leased to somebody unknown"
            was_free = before.state in CLAIMABLE or before.lease_token == item.lease_token
            assert was_free, f"{pk} was taken from whoever held it"
        if state == State.CANCELLED:
            assert pk in self.cancelled | self.refused, f"{pk} was given up by nobody"

    def _compare_order(self) -> None:
        order = self.engage.order
        while self._checked < len(order):
            pk = order[self._checked]
            self._checked += 1
            item = self.rows[pk]
            for other in self.rows.values():
                if other.stream != item.stream or other.pk >= pk or other.pk in order[: self._checked]:
                    continue
                # A file is written past what is in another file, unless the item truly depends on it.
                is_passed = item.channel == Channel.FILE and other.kind != Birth.kind
                late = holds(other) and not is_passed and not {pk, other.pk} & self.out_of_turn
                assert not late, f"{pk} took effect before {other.pk}, which still waits"

    def compare_stories(self) -> None:
        """Attempts and events only ever grow. Not at every step: what was rewritten is found later too."""
        attempts = list(Attempt.objects.order_by("pk").values_list())
        events = list(Event.objects.order_by("pk").values_list())
        assert attempts[: len(self._attempts)] == self._attempts, "an attempt was rewritten"
        assert events[: len(self._events)] == self._events, "an event was rewritten"
        self._attempts, self._events = attempts, events

    # --- at the end ---

    def nothing_is_lost(self) -> None:
        """Everything is in Engage, or a person has it before him, or gave it up."""
        for item in self.rows.values():
            if item.state in MOVING:
                head = self._head(item)
                assert head.state == State.ATTENTION, f"{head.pk} is {head.state} after everything was healed"
            if item.state in OPEN or item.pk in self.cancelled | self.refused:
                continue
            if item.kind != Change.kind:
                assert item.subject_id in self.engage.have, f"{item.pk} is {item.state} and not in Engage"
        for (subject, name), version in self.wishes.items():
            if not self._is_open(self.world[subject], name):
                there = self.engage.values.get((subject, name))
                assert there == version, f"{name} is {there} in Engage and should be {version}"

    def _head(self, item: Item) -> Item:
        """What it waits for in the end; itself, where nothing goes before it."""
        return next(other for other in self.rows.values() if other.stream == item.stream and holds(other))

    def _is_open(self, subject: Subject, name: str) -> bool:
        if (subject.id, name) in self.given_up_fields:
            return True
        return any(
            item.subject_id == subject.id and name in item.fields and item.state in OPEN
            for item in self.rows.values()
        )


def holds(item: Item) -> bool:
    """Whether later items of its stream wait for it, by the words of the README alone."""
    return item.state in MOVING or (item.state == State.ATTENTION and item.kind == Birth.kind)
