"""Nothing lost, nothing twice, in order: whatever happens, in whatever order it happens."""

import sys

import pytest

from engage_portal.outbox.control import retry
from engage_portal.outbox.delivery import claims, read_back
from engage_portal.outbox.delivery.recording import record
from engage_portal.outbox.delivery.sending import prepare, run
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import kinds
from engage_portal.outbox.states import State
from tests.model.files import Files
from tests.model.kinds import Note, Through
from tests.model.profiles import explore
from tests.model.tiny_engage import Ending

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(0)]
_ROUNDS = 40


class Ledger(Files):
    """The whole machine. When a story ends, everything is healed and what was promised has to come true."""

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self._heal()
        finally:
            self.stack.close()

    def _heal(self) -> None:
        """All workers are gone, Engage is well, nothing is paused; in the end a person sends again what waits for him."""
        self.resume(every=True)
        for subject in self.world.values():
            subject.is_ready, subject.faults_left = True, 0
        self.model.compare()
        for file in self.taken_files:
            self._picked_up(file)
        for file in self.files:
            self._withdraw(file)
        self.model.compare()
        self._until_quiet()
        self.model.nothing_is_lost()
        retry(items=Item.objects.filter(state=State.ATTENTION), by="sam")
        self.model.compare()
        self._until_quiet()
        self.model.nothing_is_lost()
        self.model.compare_stories()
        left = [pk for pk, item in self.model.rows.items() if item.state == State.ATTENTION]
        assert not left, f"{left} need a person although all is well"

    def _until_quiet(self) -> None:
        for _ in range(_ROUNDS):
            self._wait(7200)
            claims.release_expired()
            self.model.compare()
            busy = self._deliver()
            read_back._keep([self._looked(back, Ending.DONE) for back in read_back._due(kinds())])
            self.model.compare()
            if not busy and not self._is_unseen():
                return
        raise AssertionError("it never becomes quiet")

    def _is_unseen(self) -> bool:
        """Engage said yes and has not shown it: a person hears of that after a day."""
        accepted = [item for item in self.model.rows.values() if item.state == State.ACCEPTED]
        return any(item.kind == Note.kind and item.subject_id not in self.engage.have for item in accepted)

    def _deliver(self) -> bool:
        items = claims.claim(50)
        self.model.leased(items)
        self.model.compare()
        ready = prepare(items)
        record([run(each, lambda call: call(Through(self.engage, Ending.DONE))) for each in ready])
        return bool(items)


def test_whatever_happens_the_ledger_keeps_its_promises() -> None:
    explore(Ledger)
