"""Four kinds that are to the queue what the real ones are, with an Engage in memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.db import OperationalError

from engage_portal.outbox import registry
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import (
    BulkRow,
    Call,
    Handler,
    NothingToSendError,
    NotReadyError,
    ReadBack,
)
from engage_portal.outbox.services import confirm, move_stream
from engage_portal.outbox.states import Channel, State
from tests.model.tiny_engage import ALREADY_USED, USE, Ending, TinyEngage

FAULTS = {"bug": ValueError("a fault of ours"), "lock": OperationalError("a lock came too late")}


@dataclass
class Subject:
    """What an item is about, with what a test wants to go wrong."""

    stream: str
    id: UUID = field(default_factory=uuid4)
    is_ready: bool = True
    settle_fault: str = ""
    """A name in FAULTS: keeping Engage's answer breaks once, and once more where it is tried alone."""
    faults_left: int = 0
    turns_out_to_be: str = ""
    """The stream of somebody known, found when this one reaches Engage."""
    is_merged: bool = False
    changes: dict[str, int] = field(default_factory=dict)

    @property
    def present_stream(self) -> str:
        """Where what is new about it goes."""
        return self.turns_out_to_be if self.is_merged else self.stream


@dataclass(frozen=True)
class Through:
    """What a request gets for a client: the tiny Engage and how it will end."""

    engage: TinyEngage
    ending: Ending


World = dict[UUID, Subject]


class Birth(Handler[Subject]):
    """A creation: looked up, then posted; everything behind it waits."""

    kind = "model.birth"
    label = "Birth"
    priority = 30
    holds_back = True
    goes_in_bulk = True
    repeatable = False
    once = ""
    operation = "POST /births"

    def __init__(self, world: World) -> None:
        self.world = world

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Subject]:
        return {subject_id: self.world[subject_id] for subject_id in subject_ids}

    def request(self, item: Item, subject: Subject) -> Call:
        _check_ready(subject)
        return Call(
            self.operation,
            lambda client: client.engage.post(
                item.pk, subject.id, client.ending, repeatable=self.repeatable, once=self.once
            ),
        )

    def look(self, item: Item, subject: Subject) -> Call | None:
        return Call("GET /births", lambda client: client.engage.look(subject.id, client.ending))

    def bulk_row(self, item: Item, subject: Subject) -> BulkRow | None:
        _check_ready(subject)
        return BulkRow("all", {"pk": item.pk, "subject": subject.id}, keys=(str(subject.id),))

    def bulk_call(self, group: str, rows: Sequence[Any]) -> Call:
        return Call("POST /births/bulk", lambda client: client.engage.bulk(list(rows), client.ending))

    def settle(self, item: Item, subject: Subject, call: Call, answer: Any) -> None:
        _maybe_break(subject)
        if subject.turns_out_to_be:
            move_stream(of=subject.stream, to=subject.turns_out_to_be, but_not=item)
            subject.is_merged = True


class Use(Birth):
    """Engage refuses a second one, so nothing is looked up."""

    kind = "model.use"
    label = "Use"
    priority = 20
    holds_back = False
    goes_in_bulk = False
    once = ALREADY_USED
    operation = USE

    def look(self, item: Item, subject: Subject) -> Call | None:
        return None


class Note(Birth):
    """Engage accepts it and drops repetitions; it is read back."""

    kind = "model.note"
    label = "Note"
    priority = 40
    holds_back = False
    goes_in_bulk = False
    repeatable = True
    success = State.ACCEPTED
    is_read_back = True
    operation = "POST /notes"

    def look(self, item: Item, subject: Subject) -> Call | None:
        return None

    def read_back(self, items: Sequence[Item]) -> Iterator[ReadBack]:
        for stream in sorted({item.stream for item in items}):
            mine = tuple(item for item in items if item.stream == stream)
            wanted = [item.subject_id for item in mine]
            yield ReadBack(mine, Call("GET /notes", lambda client, of=wanted: _seen(client, of)))

    def keep(self, back: ReadBack, answer: list[UUID]) -> None:
        confirm(kind=self.kind, subject_ids=answer, seen_in="the list")


class Change(Birth):
    """Changed fields with their newest versions; repeatable, looked up only after a bulk call."""

    kind = "model.change"
    label = "Change"
    holds_back = False
    is_repeatable = True

    def priority_of(self, fields: Collection[str]) -> int:
        return 10 if "permission" in fields else self.priority

    def request(self, item: Item, subject: Subject) -> Call:
        sent = _to_send(item, subject)
        return Call(
            "PATCH /births",
            lambda client: client.engage.patch(item.pk, subject.id, sent, client.ending),
            sent=sent,
        )

    def look(self, item: Item, subject: Subject) -> Call | None:
        if item.channel != Channel.BULK:
            return None
        wanted = _to_send(item, subject)
        return Call(
            "GET /births",
            lambda client: client.engage.look_for(subject.id, wanted, client.ending),
            sent=wanted,
        )

    def bulk_row(self, item: Item, subject: Subject) -> BulkRow | None:
        sent = _to_send(item, subject)
        if "permission" in sent:
            return None
        body = {"pk": item.pk, "subject": subject.id, "values": sent}
        return BulkRow("all", body, keys=(str(subject.id),), sent=sent)

    def settle(self, item: Item, subject: Subject, call: Call, answer: Any) -> None:
        _maybe_break(subject)
        subject.changes = {
            name: version for name, version in subject.changes.items() if call.sent.get(name) != version
        }


KINDS = (Birth, Use, Note, Change)


@contextmanager
def registered(world: World) -> Iterator[None]:
    """The kinds are known to the queue, and forgotten afterwards."""
    for kind in KINDS:
        registry.register(kind(world))
    try:
        yield
    finally:
        for kind in KINDS:
            registry._handlers.pop(kind.kind, None)


def _check_ready(subject: Subject) -> None:
    if not subject.is_ready:
        raise NotReadyError("Something it needs is not known yet.")


def _to_send(item: Item, subject: Subject) -> dict[str, int]:
    _check_ready(subject)
    sent = {name: subject.changes[name] for name in item.fields if name in subject.changes}
    if not sent:
        raise NothingToSendError
    return sent


def _maybe_break(subject: Subject) -> None:
    if subject.faults_left:
        subject.faults_left -= 1
        raise FAULTS[subject.settle_fault]


def _seen(client: Through, wanted: list[UUID]) -> list[UUID]:
    client.engage.look(wanted[0], client.ending)
    return [subject for subject in wanted if subject in client.engage.have]
