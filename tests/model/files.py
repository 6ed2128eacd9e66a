"""The other ways of an item: into a file that Engage takes or that is withdrawn, and being read back."""

from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from engage_portal.outbox import spooling
from engage_portal.outbox.delivery import read_back
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import ReadBack, kinds
from engage_portal.outbox.states import State
from tests.model.facts import STORES
from tests.model.kinds import Birth, Change, Note, Subject, Through
from tests.model.promises import holds
from tests.model.tiny_engage import Ending
from tests.model.workers import Workers, taken_out


class Files(Workers):
    """What is in a file takes effect when Engage takes the file, and the portal hears of that later."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[UUID] = []
        self.taken_files: list[UUID] = []
        self.looks: list[ReadBack] = []

    @rule(which=st.tuples(st.integers(0, 8), st.integers(1, 6)))
    @precondition(lambda self: self._could_be_spooled())
    def spool(self, which: tuple[int, int]) -> None:
        wanted = taken_out(list(self.model.rows), which)
        file = uuid4()
        owned = {item.pk for item in spooling.spool(pks=wanted, spool_file=file)}
        assert owned == self._goes_with(set(wanted))
        if owned:
            self.files.append(file)

    @rule(place=st.integers(0, 2), is_withdrawn=st.booleans())
    @precondition(lambda self: self.files)
    def move_file(self, place: int, is_withdrawn: bool) -> None:
        (file,) = taken_out(self.files, (place, 1))
        if is_withdrawn:
            self._withdraw(file)
            return
        for item in self._inside(file):
            self._take_from_file(item)
        self.taken_files.append(file)

    @rule()
    @precondition(lambda self: self.taken_files)
    def picked_up(self) -> None:
        self._picked_up(self.taken_files.pop(0))

    @rule(which=st.tuples(st.integers(0, 8), st.integers(1, 6)), is_withdrawn=st.booleans())
    @precondition(lambda self: self._could_be_spooled())
    def a_file_goes(self, which: tuple[int, int], is_withdrawn: bool) -> None:
        """All of a file's life, while a worker finds out what has to wait for it."""
        self.spool(which)
        self.model.compare()
        for file in self.files[-1:]:
            behind = Subject(self._inside(file)[0].stream)
            self.world[behind.id] = behind
            self._enqueue(Note.kind, behind, store=STORES[0])
        self.model.compare()
        self.claim(4)
        self.model.compare()
        if self.files:
            self.move_file(len(self.files) - 1, is_withdrawn)
            self.model.compare()
        if self.taken_files:
            self.picked_up()

    @rule(ending=st.sampled_from([Ending.DONE, Ending.DONE, Ending.LOST, Ending.REFUSED]))
    @precondition(lambda self: self.looks or self._accepted())
    def read_back(self, ending: Ending) -> None:
        """Asks, or keeps what was answered: in between the item may have been settled otherwise."""
        if self.looks:
            read_back._keep([self._looked(self.looks.pop(0), ending)])
        else:
            self.looks += read_back._due(kinds())

    def _looked(self, back: ReadBack, ending: Ending):
        return read_back._look(back, lambda call: call(Through(self.engage, ending)))

    def _withdraw(self, file: UUID) -> None:
        inside = self._inside(file)
        assert spooling.withdraw(spool_file=file) == len(inside)
        assert spooling.withdraw(spool_file=file) == 0

    def _picked_up(self, file: UUID) -> None:
        inside = self._inside(file)
        assert spooling.picked_up(spool_file=file) == len(inside)
        assert spooling.picked_up(spool_file=file) == 0

    def _take_from_file(self, item: Item) -> None:
        subject = self.world[item.subject_id]
        if item.kind == Change.kind:
            values = {name: subject.changes[name] for name in item.fields if name in subject.changes}
            self.engage.change(item.pk, subject.id, values)
            return
        if subject.id in self.engage.have and (item.was_in_doubt or not item.looks_first):
            self.engage.wrongs.append(f"item {item.pk} was in a file although Engage has it")
        self.engage.take(item.pk, subject.id)

    def _inside(self, file: UUID) -> list[Item]:
        rows = self.model.rows.values()
        return [item for item in rows if item.state == State.SPOOLED and item.spool_file == file]

    def _accepted(self) -> bool:
        return any(item.state == State.ACCEPTED for item in self.model.rows.values())

    def _goes_with(self, wanted: set[int]) -> set[int]:
        """What a file gets of what it wants: nothing may stay behind that goes before it."""
        rows, owned = self.model.rows, set[int]()
        for pk in sorted(wanted & self._waiting()):
            earlier = [
                each for each in rows.values()
                if each.stream == rows[pk].stream and each.pk < pk and holds(each)
            ]  # fmt: skip
            if all(
                each.kind != Birth.kind and (each.state == State.SPOOLED or each.pk in owned)
                for each in earlier
            ):
                owned.add(pk)
        return owned

    def _waiting(self) -> set[int]:
        return {
            pk
            for pk, item in self.model.rows.items()
            if (item.state == State.PENDING or (item.state == State.IN_DOUBT and item.kind == Change.kind))
            and not self.model.is_paused(item)
        }

    def _could_be_spooled(self) -> set[int]:
        return self._goes_with(self._waiting())
