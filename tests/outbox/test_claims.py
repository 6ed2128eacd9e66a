"""What may be taken, in which order, and by whom."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from engage_portal.outbox.control import retry
from engage_portal.outbox.delivery import claims
from engage_portal.outbox.delivery.recording import record
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import Channel, State
from tests.outbox.building import fresh, item, tried

pytestmark = pytest.mark.django_db


def taken(limit: int = 50) -> list[int]:
    return [each.pk for each in claims.claim(limit)]


def test_a_claim_leases_the_item_and_counts_the_try_before_any_work():
    made = item()
    (mine,) = claims.claim(5)
    stored = fresh(made)
    assert (mine.pk, stored.state, stored.tries) == (made.pk, State.SENDING, 1)
    assert stored.lease_token == mine.lease_token is not None
    assert stored.lease_until > clock.now() + timedelta(seconds=30)


@pytest.mark.parametrize("state", sorted(set(State.values) - {"pending", "in_doubt"}))
def test_nothing_else_is_taken(state):
    item(state=State(state))
    assert taken() == []


def test_what_is_in_doubt_is_taken_too():
    made = item(state=State.IN_DOUBT)
    assert taken() == [made.pk]


def test_what_is_leased_cannot_be_taken_again():
    made = item()
    assert taken() == [made.pk]
    assert taken() == []
    assert claims.claim_one(made.pk) is None


@pytest.mark.parametrize("state", sorted(set(State.values) - {"pending", "in_doubt"}))
def test_whoever_saw_it_due_and_comes_second_gets_nothing(state):
    """Between looking and taking another worker may have had it: the condition of the update decides."""
    made = item(state=State(state))
    before = fresh(made)
    assert claims._take([made.pk], clock.now(), Channel.API) == []
    after = fresh(made)
    assert (after.state, after.lease_token, after.tries) == (before.state, before.lease_token, before.tries)


def test_an_item_waits_for_its_moment():
    later, now = item(due_in=30), item(due_in=0)
    assert taken() == [now.pk]
    assert claims.claim_one(later.pk) is None


def test_no_more_are_taken_than_were_asked_for():
    made = [item() for _ in range(5)]
    assert len(taken(2)) == 2
    assert Item.objects.filter(state=State.SENDING).count() == 2
    assert len(taken(10)) == len(made) - 2


def test_urgent_kinds_go_first_and_then_whoever_is_due_longest():
    receipt, contact = item(priority=40, due_in=-99), item(priority=30, due_in=-1)
    redemption, older = item(priority=20, due_in=-1), item(priority=20, due_in=-9)
    assert taken() == [older.pk, redemption.pk, contact.pk, receipt.pk]


# ── Order within a stream ────────────────────────────────────────────────────────────────────────────────────────


def test_only_the_head_of_a_stream_is_taken():
    first, second = item(stream="contact:1"), item(stream="contact:1")
    other = item(stream="contact:2")
    assert sorted(taken()) == [first.pk, other.pk]
    assert claims.claim_one(second.pk) is None


def test_a_more_urgent_item_does_not_overtake_its_own_stream():
    first = item(stream="contact:1", priority=40)
    item(stream="contact:1", priority=20)
    assert taken() == [first.pk]


@pytest.mark.parametrize("state", [State.SENDING, State.IN_DOUBT, State.SPOOLED, State.PENDING])
def test_whatever_still_moves_holds_back_its_stream(state):
    item(state=state, stream="contact:1", due_in=60)
    behind = item(stream="contact:1")
    assert taken() == []
    assert claims.claim_one(behind.pk) is None


@pytest.mark.parametrize("state", [State.ACCEPTED, State.DELIVERED, State.CANCELLED, State.SUPERSEDED])
def test_whatever_has_settled_holds_back_nothing(state):
    item(state=state, stream="contact:1")
    behind = item(stream="contact:1")
    assert taken() == [behind.pk]


@pytest.mark.parametrize("kind", ["receipt.post", "contact.update", "promotion.redeem"])
def test_attention_holds_back_nothing_where_nothing_depends_on_it(kind):
    item(state=State.ATTENTION, kind=kind, stream="contact:1")
    behind = item(stream="contact:1")
    assert taken() == [behind.pk]


def test_a_creation_in_attention_holds_back_its_own_stream_only():
    item(state=State.ATTENTION, kind="contact.create", stream="contact:1")
    behind, other = item(stream="contact:1"), item(stream="contact:2")
    assert taken() == [other.pk]
    assert claims.claim_one(behind.pk) is None


def test_a_stream_goes_on_once_its_head_has_settled():
    first, second = item(stream="contact:1"), item(stream="contact:1")
    assert taken() == [first.pk]
    record([tried(of=fresh(first))])
    assert taken() == [second.pk]


def test_an_item_that_came_earlier_but_was_sent_again_goes_first():
    first = item(state=State.ATTENTION, stream="contact:1")
    second = item(stream="contact:1")
    retry(items=Item.objects.filter(pk=first.pk), by="sam")
    assert taken() == [first.pk]
    assert fresh(second).state == State.PENDING


def test_claiming_takes_a_bounded_number_of_queries(django_assert_max_num_queries):
    for number in range(40):
        item(stream=f"contact:{number}")
    with django_assert_max_num_queries(9):
        assert len(taken(24)) == 24
