"""What the queue needs to know about each kind of item. The apps register themselves; the queue imports no app."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One item as a row of a bulk call."""

    group: str
    """Rows of one group go in one call."""
    body: Mapping[str, Any] = field(repr=False)
    keys: tuple[str, ...] = field(repr=False)
    """What identifies the row; no two rows of a call may share one."""
    sent: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """As in `Call`."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One item as a record of a file for Engage, of the type that its kind goes in."""

    group: str
    """Only rows of one group go in one file. Nothing personal: it stands in the file's row."""
    record: Any = field(repr=False)
    """What the writer of that type of file writes."""
    lines: int = 1
    """What Engage counts it as, where it limits the size of files."""
    source: str = ""
    """Who says so, where Engage asks; the same in all of a group."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """One GET that tells about some accepted items."""

    items: tuple[Item, ...]
    call: Call


@dataclass(frozen=True, slots=True)
class Settled(Generic[Subject]):
    """An item that Engage took, with its answer."""

    item: Item
    subject: Subject
    call: Call
    answer: Any


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
    """Lower goes first: consents and preferences 10, redemptions 20, contacts 30, receipts 40."""
    holds_back: ClassVar[bool] = False
    """Whether later items of the stream cannot be sent while one of these needs attention."""
    success: ClassVar[State] = State.DELIVERED
    """The state after a 2xx: delivered where the answer proves the effect, else accepted."""
    goes_in_bulk: ClassVar[bool] = False
    """Whether it has `bulk_row` and `bulk_call`."""
    file_type: ClassVar[str] = ""
    """The type of file that it can go in, where it has `file_row`."""
    is_repeatable: ClassVar[bool] = False
    """Whether Engage takes the same once more as nothing new: then a file may hold it even while it is in doubt."""
    is_read_back: ClassVar[bool] = False
    """Whether it has `read_back` and `keep`, for what Engage only accepts."""
    is_awaited: ClassVar[bool] = False
    """Whether other items wait for what reading it back finds: then it does not come after them."""
    may_stay_unseen: ClassVar[bool] = False
    """Whether nothing here waits for that: `OUTBOX_CONFIRM_HOURS=0` then stops it."""
    first_look_after: ClassVar[float] = 120.0
    """Seconds from acceptance to the first time that it is read back."""

    def priority_of(self, fields: Collection[str]) -> int:
        """The priority of an item that changes these fields."""
        del fields
        return self.priority

    @abstractmethod
    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Subject]:
        """The subjects of a whole batch, in a bounded number of queries."""

    @abstractmethod
    def request(self, item: Item, subject: Subject) -> Call:
        """The request that brings the item to Engage.

        Raises NothingToSendError, NotReadyError or UnsendableError.
        """

    def bulk_row(self, item: Item, subject: Subject) -> BulkRow | None:
        """The item as a row of a bulk call, None where it has to go alone. Raises as `request` does."""
        del item, subject
        return None

    def bulk_call(self, group: str, rows: Sequence[Mapping[str, Any]]) -> Call:
        """The request for rows of one group; its `run` answers Engage's batch id."""
        raise NotImplementedError(f"{self.kind} has no bulk call for {len(rows)} rows of {group}")

    def file_row(self, item: Item, subject: Subject) -> FileRow | None:
        """The item as a record of a file, None where it has to wait for the API. Raises as `request` does."""
        del item, subject
        return None

    def went_by_file(self, items: Sequence[Item]) -> None:
        """Engage picked the file up, in the transaction that records it. Whether it was worked in, nobody tells."""
        del items

    def read_back(self, items: Sequence[Item]) -> Iterator[ReadBack]:
        """The GETs that tell what became of accepted items, each for as many items as it can."""
        del items
        return iter(())

    def keep(self, back: ReadBack, answer: Any) -> None:
        """Keep what a GET of `read_back` answered, and confirm the items that it shows. May run twice."""

    def unseen(self, item: Item, error: EngageError | None) -> Verdict | None:
        """Why an accepted item was never seen, from a refusal of the last look or the way that it went; None: the
        queue's own words.
        """
        del item, error
        return None

    def look(self, item: Item, subject: Subject) -> Call | None:
        """The request that finds out whether an earlier one took effect.

        Its `run` answers None for "no". None instead of a call: the request may simply be repeated.
        """
        del item, subject
        return None

    @abstractmethod
    def settle(self, item: Item, subject: Subject, call: Call, answer: Any) -> None:
        """Keep what Engage answered, in the transaction that records the outcome. May run twice."""

    def settle_all(self, settled: Sequence[Settled[Subject]]) -> None:
        """`settle` for a batch; a kind overrides it where that saves queries."""
        for each in settled:
            self.settle(each.item, each.subject, each.call, each.answer)

    def refused(self, item: Item, subject: Subject, call: Call, error: EngageError) -> None:
        """Take back what was kept for a caller who hears Engage's refusal now, in the transaction that records it."""

    def given_up(self, item: Item, subject: Subject) -> None:
        """Take back what was only kept to be sent, because a person cancels it; in that transaction."""

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


def handlers_of(items: Iterable[Item]) -> Iterator[tuple[Handler[Any], list[Item]]]:
    """The items of each kind with their handler; those of a kind that nobody knows are left out."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.kind, []).append(item)
    yield from ((_handlers[kind], mine) for kind, mine in groups.items() if kind in _handlers)


def kinds() -> list[Handler[Any]]:
    """All handlers in the order in which their items go."""
    return sorted(_handlers.values(), key=lambda handler: (handler.priority, handler.kind))


def holds_back(kind: str) -> bool:
    """Whether items of a kind hold back their stream while they need attention; no, for a kind nobody knows."""
    return kind in _handlers and _handlers[kind].holds_back
