"""Stopping everything, a kind or a store: nothing of it is sent, everything else goes on, and it is kept who and why."""

import pytest

from engage_portal.outbox import pauses, streams
from engage_portal.outbox.delivery import claims
from engage_portal.outbox.models import Pause
from engage_portal.outbox.pauses import AlreadyPausedError, PauseRefusedError
from engage_portal.outbox.states import State
from tests.outbox.building import anna, by_id, delivered, fresh, item, receipt_posted

pytestmark = pytest.mark.django_db


def stopped(**part) -> Pause:
    return pauses.pause(by="sam", reason="The new till sends nonsense.", **part)


@pytest.mark.parametrize(
    "part", [{}, {"kind": "receipt.post"}, {"store": "101"}, {"kind": "receipt.post", "store": "101"}]
)
def test_what_is_paused_is_not_claimed_and_goes_when_it_is_resumed(part):
    made = item(kind="receipt.post", store="101")
    running = stopped(**part)
    assert claims.claim(24) == []
    assert claims.claim_one(made.pk) is None
    assert fresh(made).state == State.PENDING
    assert pauses.resume(by="kim", pauses=[running]) == 1
    assert [mine.pk for mine in claims.claim(24)] == [made.pk]


@pytest.mark.parametrize(
    "part", [{"kind": "contact.create"}, {"store": "102"}, {"kind": "receipt.post", "store": "102"}]
)
def test_everything_else_goes_on(part):
    made = item(kind="receipt.post", store="101")
    stopped(**part)
    assert [mine.pk for mine in claims.claim(24)] == [made.pk]


def test_what_was_parked_by_a_pause_goes_after_it_however_much_it_was():
    made = {item(kind="receipt.post", store="101").pk for _ in range(150)}
    others = {item(kind="receipt.post", store="102").pk for _ in range(3)}
    running = stopped(store="101")
    assert {mine.pk for mine in claims.claim(24)} == others
    assert claims.claim(24) == []
    pauses.resume(by="kim", pauses=[running])
    taken = {mine.pk for _ in range(10) for mine in claims.claim(24)}
    assert taken == made


def test_two_pauses_that_overlap_both_have_to_end():
    made = item(kind="receipt.post", store="101")
    by_kind, by_store = stopped(kind="receipt.post"), stopped(store="101")
    pauses.resume(by="kim", pauses=[by_kind])
    assert claims.claim(24) == []
    pauses.resume(by="kim", pauses=[by_store])
    assert [mine.pk for mine in claims.claim(24)] == [made.pk]


def test_who_and_why_is_kept_after_it_ended():
    running = stopped(kind="receipt.post")
    pauses.resume(by="kim", pauses=[running])
    (past,) = pauses.past()
    assert (past.started_by, past.reason, past.ended_by) == ("sam", "The new till sends nonsense.", "kim")
    assert past.ended_at >= past.started_at
    assert not pauses.running().exists()
    assert pauses.resume(by="kim", pauses=[running]) == 0


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_pause_needs_a_reason(reason):
    with pytest.raises(PauseRefusedError, match="reason"):
        pauses.pause(by="sam", reason=reason)
    assert not Pause.objects.exists()


def test_a_kind_that_does_not_exist_is_refused():
    with pytest.raises(PauseRefusedError, match=r"no kind receipt\.past"):
        pauses.pause(by="sam", reason="Because.", kind="receipt.past")


def test_the_same_part_is_paused_once():
    stopped(store="101")
    with pytest.raises(AlreadyPausedError):
        stopped(store="101")
    stopped(store="102")
    assert pauses.running().count() == 2


def test_a_sale_is_kept_while_everything_is_paused_and_arrives_afterwards(engage):
    running = stopped()
    made = receipt_posted("r-1", contact=by_id(anna()))
    assert delivered() == 0
    assert engage.engage.posted("r-1") == 0
    pauses.resume(by="kim", pauses=[running])
    delivered()
    assert (fresh(made).state, engage.engage.posted("r-1")) == (State.ACCEPTED, 1)


def test_the_sweep_lets_go_of_what_was_forgotten():
    """A process that died between two steps must not leave anything parked for ever."""
    made = item(kind="receipt.post", is_parked=True)
    held = item(kind="receipt.post", stream=made.stream, is_parked=True)
    assert streams.repair(pauses.current()) == 1
    assert (fresh(made).is_parked, fresh(held).is_parked) == (False, True)
