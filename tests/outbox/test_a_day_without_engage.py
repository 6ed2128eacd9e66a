"""An outage of many hours costs almost nothing: a probe per interval, and no table grows."""

from datetime import timedelta

import pytest
import time_machine
from django.apps import apps
from django_q.models import Task

from engage_portal.core import clock
from engage_portal.outbox import tasks
from engage_portal.outbox.models import Attempt, EngageLine, Event, Item
from engage_portal.outbox.states import State
from tests.outbox.building import (
    anna,
    by_id,
    contact_created,
    engage_is_away,
    fresh,
    item,
    item_of,
    receipt_posted,
)

pytestmark = pytest.mark.django_db

_TICKS = 180
_TICK = timedelta(seconds=5)


def rows() -> dict[str, int]:
    """How many rows each table of ours holds."""
    return {
        model._meta.db_table: model.objects.count() for model in apps.get_app_config("outbox").get_models()
    }


def test_a_quarter_of_an_hour_of_ticks_asks_once_per_interval_and_writes_nothing_new(engage, settings):
    settings.ENGAGE_PROBE_SECONDS = 60
    engage.engage.faults.set("down")
    contact_created(email="born@example.com", firstName="Born")
    for number in range(30):
        receipt_posted(f"r-{number}", contact=by_id(anna()))
    with time_machine.travel(clock.now(), tick=False) as hand:
        tasks.deliver_due()  # finds out that Engage is down
        engage_is_away()
        before, asked = rows(), len(engage.engage.requests)
        for _ in range(_TICKS):
            hand.shift(_TICK)
            tasks.deliver_due()
        after = rows()
    assert len(engage.engage.requests) - asked <= _TICKS * 5 / 60 + 1
    assert after | {"outbox_tally": 0} == before | {"outbox_tally": 0}
    assert after["outbox_tally"] < 40
    assert set(Item.objects.values_list("state", flat=True)) <= {State.PENDING, State.IN_DOUBT}


def test_waiting_for_days_for_something_else_tells_its_story_once(engage):
    """A receipt whose contact cannot be sent yet is looked at again and again, but that is no news."""
    engage_is_away()
    contact = contact_created(email="born@example.com", firstName="Born").contact
    waiting = receipt_posted("r-1", contact=by_id(contact))
    Item.objects.filter(pk=waiting.pk).update(stream="receipt:alone")
    Item.objects.filter(pk=item_of(contact).pk).update(not_before=clock.now() + timedelta(days=9))
    EngageLine.objects.all().delete()
    with time_machine.travel(clock.now(), tick=False) as hand:
        tasks.deliver_due()
        told = Event.objects.count()
        for _ in range(15):
            hand.shift(timedelta(seconds=20))
            tasks.deliver_due()
    assert (Event.objects.count(), Attempt.objects.count()) == (told, 0)
    assert (fresh(waiting).state, fresh(waiting).reason_code, fresh(waiting).tries) == (
        "pending",
        "NotReady",
        0,
    )


def test_broken_tasks_are_forgotten_after_a_week():
    for number, days in enumerate((1, 8)):
        moment = clock.now() - timedelta(days=days)
        Task.objects.create(id=f"t{number}", name=f"t{number}", func="x", started=moment, stopped=moment)
    item(state=State.DELIVERED)
    tasks.purge()
    assert [task.id for task in Task.objects.all()] == ["t0"]
