"""What the business does: facts come in, changes join, and people pause, repeat and give up."""

import contextlib
from datetime import UTC, datetime, timedelta

import time_machine
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from engage_portal.outbox import control, pauses, services
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.model.kinds import FAULTS, Birth, Change, Note, Subject, Use, World, registered
from tests.model.promises import Promises
from tests.model.tiny_engage import TinyEngage

START = datetime(2026, 11, 21, 10, 14, tzinfo=UTC)
STORES = ("101", "102")
FIELDS = ("name", "phone", "permission")
WAITS = (1, 20, 20, 80, 80, 80, 700, 700, 4000, 4000, 90_000, 15 * 86_400)
MOST_PAUSES = 2

stores = st.sampled_from(STORES)
faults = st.sampled_from(["", "", "", *FAULTS])
readiness = st.sampled_from([True, True, True, False])
scopes = st.sampled_from([(Note.kind, ""), (Birth.kind, ""), ("", "101"), (Change.kind, "102"), ("", "")])
places = st.integers(0, 12)


class Facts(RuleBasedStateMachine):
    """A ledger, an Engage and a clock of one's own; everything is rolled back when the story ends."""

    people = Bundle("people")

    def __init__(self) -> None:
        super().__init__()
        self.stack = contextlib.ExitStack()
        self.clock = self.stack.enter_context(time_machine.travel(START, tick=False))
        self.stack.enter_context(transaction.atomic())
        self.stack.callback(transaction.set_rollback, True)
        self.world: World = {}
        self.stack.enter_context(registered(self.world))
        self.engage = TinyEngage()
        self.model = Promises(self.world, self.engage)
        self.callers: list[int] = []
        """Items whose caller still waits for Engage's answer."""

    @initialize(target=people, kinds=st.lists(st.sampled_from([Note.kind, Use.kind]), max_size=3))
    def somebody_is_known(self, kinds: list[str]) -> Subject:
        """And has bought something."""
        person = self._person()
        for kind in kinds:
            self._enqueue(kind, self._fact(person), store=STORES[0])
        return person

    @invariant()
    def promises_are_kept(self) -> None:
        self.model.compare()

    # --- facts ---

    @rule(
        target=people, store=stores, known_as=people, is_known=st.booleans(), is_ready=readiness, fault=faults
    )
    def sign_up(self, store: str, known_as: Subject, is_known: bool, is_ready: bool, fault: str) -> Subject:
        """While Engage is away: it is looked up before it is sent, and may turn out to be somebody we know."""
        person = self._person(is_ready=is_ready, fault=fault)
        if is_known and self._is_known_for_long(known_as):
            person.turns_out_to_be = known_as.stream
            self.engage.have.add(person.id)
        self._enqueue(Birth.kind, person, store=store, looks_first=True)
        return person

    @rule(target=people, store=stores)
    def sign_up_with_somebody_waiting(self, store: str) -> Subject:
        """Engage is there: the caller's own process will try to take the item."""
        person = self._person()
        self.callers.append(self._enqueue(Birth.kind, person, store=store).pk)
        return person

    @rule(of=people, store=stores, is_ready=readiness, fault=faults)
    def sell(self, of: Subject, store: str, is_ready: bool, fault: str) -> None:
        self._enqueue(Note.kind, self._fact(of, is_ready=is_ready, fault=fault), store=store)

    @rule(of=people, store=stores, fault=faults, somebody_waits=st.booleans())
    def redeem(self, of: Subject, store: str, fault: str, somebody_waits: bool) -> None:
        item = self._enqueue(Use.kind, self._fact(of, fault=fault), store=store)
        if somebody_waits:
            self.callers.append(item.pk)

    @rule(of=people, store=stores, names=st.sets(st.sampled_from(FIELDS), min_size=1, max_size=2))
    def change(self, of: Subject, store: str, names: set[str]) -> None:
        """Joins the change that waits, where there is one."""
        for name in names:
            self.model.wishes[of.id, name] = of.changes[name] = self.model.wishes.get((of.id, name), 0) + 1
            self.model.given_up_fields.discard((of.id, name))
        waiting = [item for item in self._waiting_changes(of) if item.stream == of.present_stream]
        with transaction.atomic():
            item = services.enqueue_update(
                kind=Change.kind, subject_id=of.id, stream=of.present_stream, fields=names, store=store
            )
        assert names <= set(item.fields)
        assert not waiting or item.pk == waiting[-1].pk

    @rule(of=people)
    @precondition(lambda self: self._waiting_changes())
    def change_back(self, of: Subject) -> None:
        """All that waits is taken back; what is under way by now is not."""
        for item in self._waiting_changes(of):
            if services.supersede(item=item, reason="Changed back."):
                for name in item.fields:
                    of.changes.pop(name, None)
                    self.model.given_up_fields.add((of.id, name))

    @rule()
    @precondition(lambda self: any(not subject.is_ready for subject in self.world.values()))
    def what_was_missing_is_known(self) -> None:
        for subject in self.world.values():
            subject.is_ready = True

    # --- people at the screens ---

    @rule(scope=scopes)
    @precondition(lambda self: len(self.model.paused) < MOST_PAUSES)
    def pause(self, scope: tuple[str, str]) -> None:
        with contextlib.suppress(pauses.AlreadyPausedError):
            pauses.pause(by="sam", reason="Stocktaking.", kind=scope[0], store=scope[1])
        self.model.paused.add(scope)

    @rule(every=st.booleans())
    @precondition(lambda self: self.model.paused)
    def resume(self, every: bool) -> None:
        ended = list(pauses.running()) if every else list(pauses.running()[:1])
        assert pauses.resume(by="sam", pauses=ended) == len(ended)
        self.model.paused -= {(pause.kind, pause.store) for pause in ended}

    @rule(place=places, only_attention=st.booleans())
    @precondition(lambda self: self.model.rows)
    def send_again(self, place: int, only_attention: bool) -> None:
        item = self._pick(place, only_attention=only_attention)
        retried = control.retry(items=Item.objects.filter(pk=item.pk), by="sam")
        assert retried.queued == (item.state in control.RETRYABLE)

    @rule(place=places)
    @precondition(lambda self: any(item.state == State.ATTENTION for item in self.model.rows.values()))
    def help_somebody(self, place: int) -> None:
        """As `send_again`, where it is needed."""
        self.send_again(place, only_attention=True)

    @rule(place=places, only_attention=st.booleans())
    @precondition(lambda self: self.model.rows)
    def give_up(self, place: int, only_attention: bool) -> None:
        item = self._pick(place, only_attention=only_attention)
        done = control.cancel(items=Item.objects.filter(pk=item.pk), by="sam", reason="Not wanted.")
        assert done.cancelled == (item.state in control.CANCELLABLE)
        if done.cancelled:
            self.model.cancelled.add(item.pk)
            self.model.given_up_fields |= {(item.subject_id, name) for name in item.fields}

    # --- time ---

    @rule(seconds=st.sampled_from(WAITS))
    def wait(self, seconds: int) -> None:
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        self.clock.shift(timedelta(seconds=seconds))
        self.engage.work_in()

    # --- helpers ---

    def _person(self, *, is_ready: bool = True, fault: str = "") -> Subject:
        person = Subject("", is_ready=is_ready, settle_fault=fault, faults_left=2 if fault else 0)
        person.stream = f"contact:{person.id}"
        self.world[person.id] = person
        return person

    def _fact(self, of: Subject, *, is_ready: bool = True, fault: str = "") -> Subject:
        fact = Subject(
            of.present_stream, is_ready=is_ready, settle_fault=fault, faults_left=2 if fault else 0
        )
        self.world[fact.id] = fact
        return fact

    def _is_known_for_long(self, person: Subject) -> bool:
        rows = self.model.rows.values()
        return not any(item.subject_id == person.id and item.kind == Birth.kind for item in rows)

    def _enqueue(self, kind: str, subject: Subject, *, store: str, looks_first: bool = False) -> Item:
        with transaction.atomic():
            return services.enqueue(
                kind=kind,
                subject_id=subject.id,
                stream=subject.present_stream,
                store=store,
                looks_first=looks_first,
            )

    def _waiting_changes(self, of: Subject | None = None) -> list[Item]:
        return [
            item
            for item in self.model.rows.values()
            if item.kind == Change.kind
            and item.state == State.PENDING
            and (of is None or item.subject_id == of.id)
        ]

    def _pick(self, place: int, *, only_attention: bool) -> Item:
        rows = list(self.model.rows.values())
        if only_attention:
            rows = [item for item in rows if item.state == State.ATTENTION] or rows
        return rows[place % len(rows)]
