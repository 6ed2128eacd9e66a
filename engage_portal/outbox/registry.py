"""What the queue needs to know about each kind of item. The apps register themselves; the queue imports no app."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from engage_portal.engage import EngageClient, EngageError, Unavailable
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, built and ready: running it needs no database, so it may run in any thread."""

    operation: str
    """Method and path template, for the history."""
    run: Callable[[EngageClient], Any]
    sent: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the body held, for settling afterwards; never stored."""
    calls: int = 1
    """How many requests `run` makes at most; the pace counts every one of them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where an item goes after a refusal that its kind understands better than the queue does."""

    state: State
    code: str
    reason: str


class NothingToSendError(Exception):
    """Everything in this item was taken back or sent by another one: it becomes superseded."""


class NotReadyError(Exception):
    """Something it depends on is not known yet: it waits without losing an attempt."""


class UnsendableError(Exception):
    """It cannot be built and needs a person: it goes to attention."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class CallBrokenError(EngageError):
    """A request ended in a fault of ours instead of an answer: nobody knows what Engage made of it."""


class LineDown(Unavailable):
    """The breaker is open, or there was no time left: Engage was not called."""


class Handler(ABC, Generic[Subject]):
    """How one kind of item reaches Engage. Stateless; all methods but `Call.run` run with the database."""

    kind: ClassVar[str]
    label: ClassVar[str]
    """For people."""
    priority: ClassVar[int]
    """Lower goes first: redemptions 20, contacts 30, receipts 40."""
    holds_back: ClassVar[bool] = False
    """Whether later items of the stream cannot be sent while one of these needs attention."""
    success: ClassVar[State] = State.DELIVERED
    """The state after a 2xx: delivered where the answer proves the effect, else accepted."""

    @abstractmethod
    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Subject]:
        """The subjects of a whole batch, in a bounded number of queries."""

    @abstractmethod
    def request(self, item: Item, subject: Subject) -> Call:
        """The request that brings the item to Engage.

        Raises NothingToSendError, NotReadyError or UnsendableError.
        """

    def look(self, item: Item, subject: Subject) -> Call | None:
        """The request that finds out whether an earlier one took effect.

        Its `run` answers None for "no". None instead of a call: the request may simply be repeated.
        """
        del item, subject
        return None

    @abstractmethod
    def settle(self, item: Item, subject: Subject, call: Call, answer: Any) -> None:
        """Keep what Engage answered, in the transaction that records the outcome. May run twice."""

    def refused(self, item: Item, subject: Subject, call: Call, error: EngageError) -> None:
        """Take back what was kept for a caller who hears Engage's refusal now, in the transaction that records it."""

    def judge(self, item: Item, error: EngageError) -> Verdict | None:
        """What a refusal means for this kind; None: the queue's own rules decide."""
        del item, error
        return None


_handlers: dict[str, Handler[Any]] = {}


def register(handler: Handler[Any]) -> None:
    """Make a kind known. Called while the apps load; registering a kind again replaces it."""
    _handlers[handler.kind] = handler


def handler_for(kind: str) -> Handler[Any]:
    """The handler of a kind; KeyError for a kind nobody registered."""
    return _handlers[kind]


def kinds() -> list[Handler[Any]]:
    """All handlers in the order in which their items go."""
    return sorted(_handlers.values(), key=lambda handler: (handler.priority, handler.kind))


def holding_kinds() -> list[str]:
    """The kinds whose attention holds back the rest of their stream."""
    return [handler.kind for handler in _handlers.values() if handler.holds_back]
