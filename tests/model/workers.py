"""What workers do, cut where a process may end: take, build, send and record are steps of their own."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from engage_portal.core import clock
from engage_portal.outbox import pauses, streams
from engage_portal.outbox.delivery import bulk, claims, live
from engage_portal.outbox.delivery.recording import record
from engage_portal.outbox.delivery.sending import Ready, give_back, prepare, run
from engage_portal.outbox.delivery.verdicts import Tried
from engage_portal.outbox.line.waiting import hurry
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import handler_for
from engage_portal.outbox.states import CLAIMABLE, State
from tests.model.facts import MOST_PAUSES, STORES, Facts, places, scopes
from tests.model.kinds import Birth, Change, Note, Through, Use
from tests.model.promises import Taken
from tests.model.tiny_engage import COSTS_NO_TRY, TAKES_EFFECT, Ending, Row, soon

Portion = tuple[int, int]
"""From which place, and how many at most."""

portions = st.tuples(st.integers(0, 4), st.integers(1, 3))
works = st.lists(st.sampled_from([0, 15, 60, None]), min_size=5, max_size=5)
"""After how many seconds each row of a bulk call is worked in: None for never."""
endings = st.sampled_from([Ending.DONE, Ending.DONE, Ending.DONE, *Ending])


@dataclass(frozen=True)
class Built:
    """A request that is ready, and how the item was taken."""

    ready: Ready
    for_caller: bool


@dataclass(frozen=True)
class Back:
    """What came back, and how it really ended."""

    tried: Tried
    ending: Ending
    for_caller: bool


@dataclass(frozen=True)
class Rows:
    """A bulk call: ready, or back."""

    kind: str
    group: str
    entries: list[Any]
    tried: Tried | None = None


class Workers(Facts):
    """Any number of workers, each of which may stop for ever after any step."""

    def __init__(self) -> None:
        super().__init__()
        # Lists and not bundles: a step takes several at once, and is no choice where nobody holds anything.
        self.taken: list[Taken] = []
        self.built: list[Built] = []
        self.back: list[Back] = []
        self.bulk_ready: list[Rows] = []
        self.bulk_back: list[Rows] = []

    # --- taking ---

    @rule(limit=st.integers(1, 4))
    @precondition(lambda self: self.model.may_go() or self.model.paused)
    def claim(self, limit: int) -> None:
        free = self.model.may_go()
        items = claims.claim(limit)
        assert len(items) == min(limit, len(free)), f"{sorted(free)} could go, and {items} did"
        self.model.leased(items)
        self.taken += [Taken(item) for item in items]

    @rule()
    @precondition(lambda self: self.callers)
    def claim_for_a_caller(self) -> None:
        self._claim_one(self.callers.pop(0), for_caller=True)

    @rule(place=places)
    @precondition(lambda self: self.model.rows)
    def claim_this(self, place: int) -> None:
        """By name, whatever state it is in."""
        self._claim_one(self._pick(place, only_attention=False).pk, for_caller=False)

    def _claim_one(self, pk: int, *, for_caller: bool) -> None:
        item = claims.claim_one(pk)
        assert (item is not None) == (pk in self.model.may_go()), f"{pk} was taken, or not, and should not"
        if item is not None:
            self.model.leased([item])
            self.taken.append(Taken(item, for_caller))

    @rule(scope=scopes, goes_on=st.booleans())
    @precondition(lambda self: self.model.may_go() and len(self.model.paused) < MOST_PAUSES)
    def pause_while_claiming(self, scope: tuple[str, str], goes_on: bool) -> None:
        """What a worker finds paused is put aside, and comes back when it is not."""
        self.pause(scope)
        self.claim(4)
        self.model.compare()
        if goes_on:
            self.resume(every=True)

    @rule(kind=st.sampled_from([Birth.kind, Change.kind]), at_least=st.integers(1, 2))
    @precondition(lambda self: self._many_wait())
    def claim_for_bulk(self, kind: str, at_least: int) -> None:
        items = claims.claim_for_bulk(kind, 5, at_least=at_least)
        self.model.leased(items)
        assert not any(item.looks_first or item.avoids_bulk for item in items)
        self.model.compare()
        self.bulk_ready += [Rows(kind, group, found) for group, found in bulk._grouped(kind, items).items()]

    @rule(looked_for=st.lists(st.booleans(), min_size=2, max_size=4), ending=endings, works=works)
    def many_sign_up(self, looked_for: list[bool], ending: Ending, works: list[int | None]) -> None:
        """Those who have to be looked up first do not go in bulk."""
        for looks_first in looked_for:
            self._enqueue(Birth.kind, self._person(), store=STORES[0], looks_first=looks_first)
        self.model.compare()
        self.claim_for_bulk(Birth.kind, 2)
        self.model.compare()
        if self.bulk_ready:
            self._send_in_bulk((len(self.bulk_ready) - 1, 1), ending, works)

    # --- what is in somebody's hands ---

    @rule(which=portions, ending=endings, works=works)
    @precondition(lambda self: self._hands())
    def work(self, which: Portion, ending: Ending, works: list[int | None]) -> None:
        """Somebody does the next step of what he has in hand."""
        hands = self._hands()
        hands[which[0] % len(hands)](which, ending, works)

    @rule(some=st.lists(endings, min_size=1, max_size=4))
    @precondition(lambda self: self.model.may_go())
    def deliver(self, some: list[Ending]) -> None:
        """Whole deliveries in one step, so that stories get far."""
        others = self.taken, self.built, self.back
        for ending in some:
            self.taken, self.built, self.back = [], [], []
            self.claim(1)
            for held, step in (("taken", self._build), ("built", self._send), ("back", self._record)):
                self.model.compare()
                if getattr(self, held):
                    step((0, 1), ending, [])
            self.model.compare()
        self.taken, self.built, self.back = others

    # Hypothesis leaves rules out of a story by chance, each with the same chance: what has several names is
    # nearly always in it, and is done several times as often.

    @rule(which=portions, ending=endings, works=works)
    @precondition(lambda self: self._hands())
    def work_on(self, which: Portion, ending: Ending, works: list[int | None]) -> None:
        """As `work`, and preferring what is nearly done."""
        hands = self._hands()
        hands[-1 - which[0] % len(hands)](which, ending, works)

    @rule(which=portions, ending=endings, works=works)
    @precondition(lambda self: self._hands())
    def work_more(self, which: Portion, ending: Ending, works: list[int | None]) -> None:
        """As `work`."""
        self.work(which, ending, works)

    @rule(limit=st.integers(1, 4))
    @precondition(lambda self: self.model.may_go())
    def claim_more(self, limit: int) -> None:
        """As `claim`."""
        self.claim(limit)

    @rule(some=st.lists(endings, min_size=1, max_size=4))
    @precondition(lambda self: self.model.may_go())
    def deliver_more(self, some: list[Ending]) -> None:
        """As `deliver`."""
        self.deliver(some)

    @rule(seconds=st.sampled_from([20, 80, 700]))
    @precondition(lambda self: self._is_waiting())
    def wait_until_something_is_due(self, seconds: int) -> None:
        """As `wait`, and what lost workers held is released."""
        self._wait(seconds)
        self._release_expired()

    @rule(ending=endings, limit=st.integers(1, 4))
    @precondition(lambda self: self.model.may_go())
    def come_too_late(self, ending: Ending, limit: int) -> None:
        """Somebody is so slow to record that another one takes over before he comes back."""
        others = self.taken, self.built, self.back
        self.taken, self.built, self.back = [], [], []
        self.claim(1)
        for held, step in (("taken", self._build), ("built", self._send)):
            self.model.compare()
            if getattr(self, held):
                step((0, 1), ending, [])
        late, (self.taken, self.built, self.back) = self.back, others
        self._wait(80)
        self._release_expired()
        self.model.compare()
        self.claim(limit)
        self.model.compare()
        if late:
            self.back, others = late, self.back
            self._record((0, 1), ending, [])
            self.back = others

    @rule(what=st.sampled_from(["taken", "built", "back", "bulk_ready", "bulk_back"]), which=portions)
    @precondition(lambda self: self._hands())
    def crash(self, what: str, which: Portion) -> None:
        """A worker stops at any place; nobody remembers what it held. Engage may have done it."""
        if held := getattr(self, what):
            taken_out(held, which)

    @rule(ending=st.sampled_from([Ending.REFUSED, Ending.NOT_UNDERSTOOD]))
    @precondition(lambda self: self.model.may_go())
    def deliver_and_be_helped(self, ending: Ending) -> None:
        """A person sends again what had no effect, or perhaps had."""
        self.deliver([ending])
        self.model.compare()
        if any(item.state == State.ATTENTION for item in self.model.rows.values()):
            self.send_again(0, only_attention=True)

    @rule(which=portions)
    @precondition(lambda self: self.built)
    def give_back(self, which: Portion) -> None:
        """Engage went away before it was sent."""
        some = taken_out(self.built, which)
        give_back([each.ready for each in some])
        for each in some:
            item = each.ready.item
            if self.model.still_holds(item):
                self._no_try_is_lost(item)
                del self.model.leases[item.pk]

    @rule(what=st.sampled_from(["expired", "expired", "back", "repair"]))
    @precondition(lambda self: self._is_waiting())
    def keep_house(self, what: str) -> None:
        """What happens by itself, again and again."""
        if what == "back":
            hurry()
        elif what == "repair":
            assert streams.repair(pauses.current()) == 0, "something was parked for no reason"
        else:
            self._release_expired()

    def _is_waiting(self) -> bool:
        now = clock.now()
        return any(
            item.state == State.SENDING or (item.state in CLAIMABLE and item.not_before > now)
            for item in self.model.rows.values()
        )

    def _hands(self) -> list[Any]:
        steps = [
            (self.taken, self._build),
            (self.built, self._send),
            (self.bulk_ready, self._send_in_bulk),
            (self.back, self._record),
            (self.bulk_back, self._record_bulk),
        ]
        return [step for held, step in steps if held]

    def _build(self, which: Portion, ending: Ending, works: list[int | None]) -> None:
        own = [each for each in taken_out(self.taken, which) if _is_in_time(each.item)]
        callers = {each.item.pk for each in own if each.for_caller}
        done = prepare([each.item for each in own])
        self.built += [Built(ready, ready.item.pk in callers) for ready in done]

    def _send(self, which: Portion, ending: Ending, works: list[int | None]) -> None:
        """A worker whose lease is over has stopped long ago: the read time-out sees to that."""
        (one,) = taken_out(self.built, (which[0], 1))
        if not _is_in_time(one.ready.item):
            return
        assert self.model.rows[one.ready.item.pk].state == State.SENDING, "what is sent is leased"
        if ending is Ending.SWALLOWED and one.ready.item.kind != Note.kind:
            ending = Ending.DONE
        tried = run(one.ready, lambda call: call(Through(self.engage, ending)))
        self.back.append(Back(tried, ending, one.for_caller))

    def _record(self, which: Portion, ending: Ending, works: list[int | None]) -> None:
        """Those who come too late change nothing."""
        some = taken_out(self.back, which)
        late = [each.tried.item.pk for each in some if not self.model.still_holds(each.tried.item)]
        before = {row["id"]: row for row in Item.objects.filter(pk__in=late).values()}
        record([each.tried for each in some if not each.for_caller])
        for each in some:
            if each.for_caller:
                record([each.tried], decide=live._decide_for_a_caller)
        for row in Item.objects.filter(pk__in=late).values():
            assert row == before[row["id"]], "who came too late changed an item"
        for each in some:
            if each.tried.item.pk not in late:
                self._recorded(each)

    def _recorded(self, each: Back) -> None:
        pk = each.tried.item.pk
        stored = Item.objects.get(pk=pk)
        assert stored.state != State.SENDING, "what came back is recorded"
        if each.ending in COSTS_NO_TRY:
            self._no_try_is_lost(each.tried.item)
        if stored.state == State.CANCELLED:
            assert each.for_caller
            assert each.ending not in TAKES_EFFECT or each.tried.item.kind == Use.kind
            self.model.refused.add(pk)
        del self.model.leases[pk]

    def _no_try_is_lost(self, item: Item) -> None:
        stored = Item.objects.get(pk=item.pk)
        assert stored.tries == self.model.leases[item.pk].tries_before, "it was not called and lost a try"
        assert stored.state in {State.PENDING, State.IN_DOUBT}

    # --- in bulk ---

    def _many_wait(self) -> bool:
        free = self.model.may_go()
        return any(self.model.rows[pk].kind in {Birth.kind, Change.kind} for pk in free)

    def _send_in_bulk(self, which: Portion, ending: Ending, works: list[int | None]) -> None:
        """Each row is worked in at once, later or never."""
        (rows,) = taken_out(self.bulk_ready, (which[0], 1))
        if not all(_is_in_time(entry.item) for entry in rows.entries):
            return
        queued = [
            Row(entry.item.pk, entry.item.subject_id, dict(entry.row.body.get("values", {})), soon(after))
            for entry, after in zip(rows.entries, works, strict=False)
            if after is not None
        ]
        first = rows.entries[0]
        call = handler_for(rows.kind).bulk_call(rows.group, queued)
        tried = run(
            Ready(first.item, first.subject, call, is_look=False),
            lambda call: call(Through(self.engage, ending)),
        )
        self.engage.work_in()
        self.bulk_back.append(Rows(rows.kind, rows.group, rows.entries, tried))

    def _record_bulk(self, which: Portion, ending: Ending, works: list[int | None]) -> None:
        (rows,) = taken_out(self.bulk_back, (which[0], 1))
        assert rows.tried is not None
        record([bulk._for_one(rows.tried, entry) for entry in rows.entries], decide=bulk._decide_about_a_row)

    # --- lost workers ---

    def _release_expired(self) -> None:
        now = clock.now()
        lost = {
            pk
            for pk, item in self.model.rows.items()
            if item.state == State.SENDING and item.lease_until < now
        }
        assert claims.release_expired() == len(lost)
        doubtful = Item.objects.filter(pk__in=lost, state=State.IN_DOUBT, looks_first=True)
        assert doubtful.count() == len(lost), "what was lost may have taken effect"


def _is_in_time(item: Item) -> bool:
    return item.lease_until is not None and clock.now() < item.lease_until


def taken_out(held: list[Any], which: Portion) -> list[Any]:
    """Take a few out of a list."""
    first, most = which[0] % len(held), which[1]
    some = held[first : first + most]
    del held[first : first + most]
    return some
