"""Sending again by hand: staff, the API and commands all come through here."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from engage_portal.outbox import control, pauses, services, waking
from engage_portal.outbox.control import Retried, retry
from engage_portal.outbox.delivery import claims
from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.services import forget_finished
from engage_portal.outbox.states import State
from tests.outbox.building import fresh, item, told

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def wakes(monkeypatch):
    """How often a worker was woken."""
    woken = []
    monkeypatch.setattr(control, "wake_on_commit", lambda: woken.append(1))
    return woken


def again(of: Item | None = None, *, by: str = "sam") -> Retried:
    return retry(items=Item.objects.filter(pk=of.pk) if of else Item.objects.all(), by=by)


def test_attention_is_due_now_as_if_it_were_new():
    made = item(state=State.ATTENTION, tries=7, due_in=900, first_due_at=clock.now() - timedelta(days=20))
    assert again(made) == Retried(queued=1, already_sending=0, gone=0)
    stored = fresh(made)
    assert (stored.state, stored.tries, stored.reason, stored.reason_code) == (State.PENDING, 0, "", "")
    assert stored.not_before <= clock.now()
    assert clock.now() - stored.first_due_at < timedelta(minutes=1)
    assert [each.pk for each in claims.claim(5)] == [made.pk]


def test_attention_with_a_doubt_is_looked_up_first():
    made = item(state=State.ATTENTION, looks_first=True, was_in_doubt=True)
    again(made)
    assert fresh(made).state == State.IN_DOUBT


@pytest.mark.parametrize("state", [State.PENDING, State.IN_DOUBT])
def test_what_waits_for_a_later_moment_is_due_now_and_keeps_its_count(state):
    made = item(state=state, due_in=3000, tries=4, reason_code="NoAnswer", reason="Engage did not answer.")
    before = fresh(made)
    assert again(made).queued == 1
    stored = fresh(made)
    assert (stored.state, stored.tries, stored.looks_first) == (state, 4, before.looks_first)
    assert stored.not_before <= clock.now()
    assert stored.first_due_at == before.first_due_at


def test_the_history_says_who_did_it():
    made = item(state=State.ATTENTION)
    again(made, by="sam")
    event = Event.objects.get(item=made)
    assert (event.what, event.actor) == ("sent again by hand", "sam")


def test_what_is_being_sent_is_left_alone():
    made = item(state=State.SENDING)
    before = fresh(made)
    assert again(made) == Retried(queued=0, already_sending=1, gone=0)
    after = fresh(made)
    assert (after.lease_token, after.lease_until, after.state) == (
        before.lease_token,
        before.lease_until,
        State.SENDING,
    )
    assert told(made) == []


@pytest.mark.parametrize(
    "state", [State.ACCEPTED, State.DELIVERED, State.CANCELLED, State.SUPERSEDED, State.SPOOLED]
)
def test_what_has_left_the_queue_or_sits_in_a_file_is_left_alone(state):
    made = item(state=state)
    assert again(made) == Retried(queued=0, already_sending=0, gone=1)
    assert fresh(made).state == state
    assert told(made) == []


def test_a_mixed_selection_is_counted_in_words(wakes):
    for state in (
        State.ATTENTION,
        State.ATTENTION,
        State.PENDING,
        State.IN_DOUBT,
        State.SENDING,
        State.DELIVERED,
    ):
        item(state=state)
    done = again()
    assert done == Retried(queued=4, already_sending=1, gone=1)
    assert str(done) == "4 queued, 1 already being sent, 1 already settled."


def test_those_that_are_paused_are_not_promised(monkeypatch):
    monkeypatch.setattr(control, "_BATCH", 2)
    for state in (State.ATTENTION, State.PENDING, State.IN_DOUBT, State.SENDING, State.DELIVERED):
        item(state=state, store="7")
    item(store="8")
    pauses.pause(by="anna", reason="moving", store="7")
    done = again()
    assert done == Retried(queued=4, already_sending=1, gone=1, paused=3)
    assert str(done).endswith(" settled. 3 of them are paused and go when the pause is over.")


def test_one_that_is_paused_is_one():
    pauses.pause(by="anna", reason="moving")
    assert str(again(item())).endswith(" settled. 1 of them is paused and goes when the pause is over.")


def test_twice_is_harmless():
    made = item(state=State.ATTENTION)
    first, second = again(made), again(made)
    assert (first.queued, second.queued) == (1, 1)
    assert told(made) == ["sent again by hand"]
    assert fresh(made).state == State.PENDING


def test_what_is_due_anyway_gets_no_event():
    made = item(due_in=-5)
    assert again(made).queued == 1
    assert told(made) == []


@pytest.mark.django_db(transaction=True)
def test_one_wake_up_is_enough_and_none_without_work(wakes):
    for _ in range(5):
        item(state=State.ATTENTION)
    again()
    assert wakes == [1]
    Item.objects.all().delete()
    item(state=State.DELIVERED)
    again()
    assert wakes == [1]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_gone_does_not_lose_the_wish(monkeypatch):
    def broken(*_args, **_more):
        raise OSError

    monkeypatch.setattr(waking, "async_task", broken)
    made = item(state=State.ATTENTION)
    assert again(made).queued == 1
    assert fresh(made).state == State.PENDING


def test_a_filter_that_the_change_itself_empties_still_reaches_all(monkeypatch):
    """The staff's usual selection is 'everything in attention', which shrinks while it is worked through."""
    monkeypatch.setattr(control, "_BATCH", 3)
    for _ in range(8):
        item(state=State.ATTENTION)
    done = retry(items=Item.objects.filter(state=State.ATTENTION), by="sam")
    assert done == Retried(queued=8, already_sending=0, gone=0)
    assert not Item.objects.filter(state=State.ATTENTION).exists()


def test_a_thousand_items_take_a_few_queries(django_assert_max_num_queries):
    now = clock.now()
    Item.objects.bulk_create(
        Item(
            kind="receipt.post",
            subject_id="430d3329-7eef-45c0-87f9-ae9300a0dace",
            stream=f"contact:{number}",
            state=State.ATTENTION,
            reason="Refused.",
            not_before=now,
        )
        for number in range(1000)
    )
    with django_assert_max_num_queries(60):
        assert again().queued == 1000
    assert Event.objects.count() == 1000


def test_many_items_do_not_share_one_long_transaction(monkeypatch):
    sizes = []
    some = control._retry_some
    monkeypatch.setattr(control, "_BATCH", 100)
    monkeypatch.setattr(control, "_retry_some", lambda pks, by: sizes.append(len(pks)) or some(pks, by))
    for _ in range(250):
        item(state=State.ATTENTION)
    again()
    assert sizes == [100, 100, 50]


# ── Forgetting ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", [State.ACCEPTED, State.DELIVERED, State.CANCELLED, State.SUPERSEDED])
def test_what_settled_long_ago_goes_with_its_history(state):
    made = item(state=state, finished_at=clock.now() - timedelta(days=91))
    recent = item(state=state)
    Event.objects.create(item=made, what="queued")
    assert forget_finished(before_days=90) == 1
    assert list(Item.objects.all()) == [recent]
    assert not Event.objects.exists()
    assert forget_finished(before_days=90) == 0


@pytest.mark.parametrize(
    "state", sorted(set(State.values) - {"accepted", "delivered", "cancelled", "superseded"})
)
def test_what_has_not_settled_never_goes(state):
    long_ago = clock.now() - timedelta(days=999)
    made = item(state=State(state), created_at=long_ago)
    assert forget_finished(before_days=90) == 0
    assert fresh(made).state == state


def test_a_busy_day_is_forgotten_completely(monkeypatch):
    from engage_portal.outbox import tasks

    monkeypatch.setattr(services, "_FORGET_BATCH", 4)
    for _ in range(10):
        item(state=State.DELIVERED, finished_at=clock.now() - timedelta(days=91))
    assert tasks.purge() == 10
    assert not Item.objects.exists()
