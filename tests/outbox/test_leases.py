"""Workers that get lost, and workers that come back late."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from engage_portal.engage import Rejected, Unavailable
from engage_portal.outbox.delivery import claims
from engage_portal.outbox.delivery.recording import record, record_unsent
from engage_portal.outbox.delivery.verdicts import Decision
from engage_portal.outbox.models import Attempt, Item
from engage_portal.outbox.states import State
from tests.outbox.building import delivered, fresh, item, outcomes_of, told, tried

pytestmark = pytest.mark.django_db


def lost(made: Item) -> Item:
    """The item as a worker held it whose lease has run out since."""
    (mine,) = [each for each in claims.claim(50) if each.pk == made.pk]
    Item.objects.filter(pk=made.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    return mine


def test_a_lease_lasts_longer_than_any_request_can(settings):
    assert claims.lease_time().total_seconds() > 2 * settings.ENGAGE_READ_TIMEOUT


def test_an_expired_lease_leaves_the_item_in_doubt_with_its_story():
    made = item()
    lost(made)
    assert claims.release_expired() == 1
    stored = fresh(made)
    assert (stored.state, stored.looks_first, stored.was_in_doubt) == (State.IN_DOUBT, True, True)
    assert (stored.reason_code, stored.tries, stored.lease_token) == ("LeaseLost", 1, None)
    assert (outcomes_of(made), told(made)) == (["lease_lost"], ["in doubt"])
    assert stored.not_before <= clock.now()


def test_a_lease_that_still_runs_is_left_alone():
    made = item()
    claims.claim(1)
    assert claims.release_expired() == 0
    assert fresh(made).state == State.SENDING
    assert outcomes_of(made) == []


def test_releasing_twice_tells_it_once():
    made = item()
    lost(made)
    assert [claims.release_expired(), claims.release_expired()] == [1, 0]
    assert outcomes_of(made) == ["lease_lost"]


def test_a_pass_releases_what_was_lost_and_looks_before_it_sends(engage, parcel):
    asked = []
    kind = parcel(look=lambda _client: asked.append("look"))
    made = item(kind="test.parcel")
    lost(made)
    delivered()
    assert asked == ["look"]
    assert kind.sent == [made.subject_id]
    assert outcomes_of(made) == ["lease_lost", "not_found", "done"]
    assert fresh(made).state == State.DELIVERED


def test_what_was_released_is_not_touched_by_the_worker_that_comes_back(parcel):
    kind = parcel()
    made = item(kind="test.parcel")
    late = lost(made)
    claims.release_expired()
    before = fresh(made)
    assert record([tried(late, answer="sent", subject=made.subject_id)]) == []
    stored = fresh(made)
    assert (stored.state, stored.looks_first, stored.finished_at) == (State.IN_DOUBT, True, None)
    assert stored.not_before == before.not_before
    assert kind.settled == []
    assert outcomes_of(made) == ["lease_lost", "done"]
    assert told(made) == ["in doubt"]


@pytest.mark.parametrize(
    "error", [None, Unavailable("x", may_have_taken_effect=True), Rejected("no", status=422)]
)
def test_a_late_outcome_does_not_disturb_whoever_has_the_item_now(parcel, error):
    kind = parcel()
    made = item(kind="test.parcel")
    late = lost(made)
    claims.release_expired()
    (now,) = claims.claim(1)
    assert now.lease_token != late.lease_token
    assert record([tried(late, answer="sent", error=error, subject=made.subject_id)]) == []
    stored = fresh(made)
    assert (stored.state, stored.lease_token, kind.settled) == (State.SENDING, now.lease_token, [])
    record([tried(now, answer="sent", subject=made.subject_id)])
    assert fresh(made).state == State.DELIVERED
    assert len(outcomes_of(made)) == 3


def test_what_was_never_sent_does_not_disturb_whoever_has_the_item_now():
    made = item()
    late = lost(made)
    claims.release_expired()
    claims.claim(1)
    record_unsent([(late, Decision(State.ATTENTION, outcome="not_sent", code="X", reason="Late."))])
    assert fresh(made).state == State.SENDING
    assert "attention" not in told(made)


def test_one_late_outcome_does_not_keep_the_others_of_its_batch_from_being_written(parcel):
    parcel()
    made, other = item(kind="test.parcel"), item(kind="test.parcel")
    mine, others = claims.claim(2)
    Item.objects.filter(pk=made.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    claims.release_expired()
    record(
        [tried(mine, answer=1, subject=mine.subject_id), tried(others, answer=1, subject=others.subject_id)]
    )
    assert (fresh(made).state, fresh(other).state) == (State.IN_DOUBT, State.DELIVERED)
    assert Attempt.objects.count() == 3


def test_more_lost_items_than_one_go_are_all_released():
    for _ in range(510):
        item(state=State.SENDING, lease_until=clock.now() - timedelta(seconds=5))
    assert claims.release_expired() + claims.release_expired() == 510
    assert not Item.objects.filter(state=State.SENDING).exists()
