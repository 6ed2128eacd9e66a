from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import OperationalError, transaction
from django_q.models import OrmQ
from redis.exceptions import ConnectionError as NoRedis

from contacts.models import Contact
from engage_portal.outbox import tasks, waking
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import enqueue, enqueue_update, supersede
from engage_portal.outbox.states import State
from tests.outbox.building import fresh, item, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def flag(monkeypatch):
    """A flag of this test's own: other test processes may share the cache. It is down."""
    name = f"outbox:woken:{uuid4()}"
    monkeypatch.setattr(waking, "_FLAG", name)
    yield name
    cache.delete(name)


@pytest.fixture
def wake_ups(monkeypatch):
    """The tasks that were queued."""
    queued = []
    monkeypatch.setattr(waking, "async_task", lambda func, *args, **_: queued.append((func, args)))
    return queued


def put(stream: str = "contact:1", **more) -> Item:
    return enqueue(kind="receipt.post", subject_id=uuid4(), stream=stream, **more)


def test_it_needs_a_transaction(wake_ups):
    with pytest.raises(RuntimeError, match="transaction of the change"):
        put()
    assert not Item.objects.exists()
    assert wake_ups == []


def test_an_item_is_a_reference_with_its_history(wake_ups):
    with transaction.atomic():
        made = put(reference="101-1", store="101", actor="till-1", fields=["b", "a"])
    assert (made.state, made.priority, made.tries, made.fields) == (State.PENDING, 40, 0, ["a", "b"])
    assert (made.reference, made.store) == ("101-1", "101")
    assert told(made) == ["queued"]
    assert made.events.get().actor == "till-1"


def test_a_burst_wakes_once_and_only_after_its_commit(wake_ups):
    with transaction.atomic():
        for _ in range(20):
            put()
        assert wake_ups == []
    assert wake_ups == [("engage_portal.outbox.tasks.deliver_due", ())]


def test_several_transactions_of_one_burst_wake_once(wake_ups):
    for _ in range(5):
        with transaction.atomic():
            put()
    assert len(wake_ups) == 1


def test_the_next_burst_wakes_again_once_the_worker_has_begun(wake_ups, monkeypatch):
    with transaction.atomic():
        put()
    monkeypatch.setattr(tasks, "deliver", lambda *, seconds: 0)
    tasks.deliver_due()
    with transaction.atomic():
        put()
    assert len(wake_ups) == 2


def test_what_comes_in_while_the_worker_delivers_wakes_again(wake_ups, monkeypatch):
    """The flag goes down before the pass begins: else an item of its last moment would wait for the sweep."""

    def meanwhile(*, seconds):
        with transaction.atomic():
            put()
        return 0

    monkeypatch.setattr(tasks, "deliver", meanwhile)
    with transaction.atomic():
        put()
    tasks.deliver_due()
    assert len(wake_ups) == 2


def test_a_rollback_loses_both_the_change_and_the_item(wake_ups):
    def change() -> None:
        with transaction.atomic():
            Contact.objects.create(email="erik@example.com")
            put()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert not Contact.objects.exists()
    assert not Item.objects.exists()
    assert wake_ups == []


@pytest.mark.parametrize("fault", [OperationalError("locked"), NoRedis("refused"), OSError("gone")])
def test_a_broker_that_is_gone_does_not_break_the_caller(monkeypatch, fault):

    def broken(*_args, **_more):
        raise fault

    monkeypatch.setattr(waking, "async_task", broken)
    with transaction.atomic():
        made = put()
    assert fresh(made).state == State.PENDING


def test_a_cache_that_is_gone_does_not_break_the_caller(monkeypatch):
    def broken(*_args, **_more):
        raise NoRedis("refused")

    monkeypatch.setattr(waking.cache, "add", broken)
    with transaction.atomic():
        made = put()
    assert fresh(made).state == State.PENDING


def test_a_wake_up_is_a_task_without_personal_arguments(settings):
    if not settings.Q_CLUSTER.get("orm"):
        pytest.skip("wake-ups are in Redis in this set")
    OrmQ.objects.all().delete()
    with transaction.atomic():
        put()
    task = OrmQ.objects.get().task
    assert (task["func"], task["args"], task["kwargs"]) == ("engage_portal.outbox.tasks.deliver_due", (), {})


# ── Merging ──────────────────────────────────────────────────────────────────────────────────────────────────────


def change(subject, *fields, stream="contact:1"):
    with transaction.atomic():
        return enqueue_update(
            kind="contact.update", subject_id=subject, stream=stream, fields=fields, actor="till"
        )


def test_an_update_that_still_waits_takes_in_the_next_one(wake_ups):
    subject = uuid4()
    first = change(subject, "firstName", "city")
    second = change(subject, "city", "street")
    assert second.pk == first.pk
    assert fresh(first).fields == ["city", "firstName", "street"]
    assert told(first) == ["queued", "merged"]


@pytest.mark.parametrize(
    "state", [State.SENDING, State.IN_DOUBT, State.ATTENTION, State.DELIVERED, State.SUPERSEDED]
)
def test_an_update_that_waits_no_longer_takes_in_nothing(wake_ups, state):
    earlier = item(state=state, kind="contact.update", stream="contact:1", fields=["city"])
    made = change(earlier.subject_id, "street")
    assert made.pk != earlier.pk
    assert fresh(earlier).fields == ["city"]


@pytest.mark.parametrize(
    "other", [{"kind": "contact.create"}, {"stream": "contact:2"}, {"subject_id": uuid4()}]
)
def test_an_update_joins_only_its_like(wake_ups, other):
    subject = uuid4()
    waiting = item(
        **{"kind": "contact.update", "stream": "contact:1", "subject_id": subject, "fields": ["a"], **other}
    )
    assert change(subject, "b").pk != waiting.pk


# ── Taking back ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_waiting_item_can_be_taken_back():
    made = item()
    assert supersede(item=made, reason="Changed back.")
    stored = fresh(made)
    assert (stored.state, stored.reason, told(made)) == (State.SUPERSEDED, "Changed back.", ["superseded"])
    assert stored.finished_at is not None


@pytest.mark.parametrize("state", sorted(set(State.values) - {"pending"}))
def test_what_may_have_left_cannot_be_taken_back(state):
    made = item(state=State(state))
    assert not supersede(item=made, reason="Changed back.")
    assert fresh(made).state == state
    assert told(made) == []
