"""The wake-ups: each may be lost, run twice, or run at the same time as another."""

from uuid import uuid4

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django_q.models import Schedule

from engage_portal.core import clock
from engage_portal.outbox import schedule as schedules
from engage_portal.outbox import tasks
from engage_portal.outbox.models import Heartbeat
from engage_portal.outbox.schedule import ensure_schedules, register_schedule, run_at_start
from engage_portal.outbox.states import State
from tests.outbox.building import delivered, fresh, receipt_posted

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("task", [tasks.deliver_due, tasks.sweep, lambda: tasks.tick(str(uuid4()))])
def test_each_of_them_delivers_what_is_due(engage, task):
    made = receipt_posted("101-1")
    assert task() == 1
    assert fresh(made).state == State.ACCEPTED
    assert task() == 0
    assert engage.engage.posted("101-1") == 1


def test_a_lost_wake_up_is_made_good_by_the_sweep(engage):
    """Nobody was woken here: within a test's transaction nothing is ever committed."""
    made = receipt_posted("101-1")
    tasks.sweep()
    assert fresh(made).state == State.ACCEPTED


def test_a_tick_is_answered_with_a_pulse_and_may_be_asked_again(engage, monkeypatch):
    supervisor = uuid4()
    monkeypatch.setenv(tasks.SUPERVISOR, str(supervisor))
    cache.add(tasks.tick_flag(str(supervisor)), 1, 20)
    began = clock.now()
    tasks.tick(str(supervisor))
    first = Heartbeat.objects.get(pk=supervisor)
    assert first.beat_at >= began
    assert first.host
    assert cache.get(tasks.tick_flag(str(supervisor))) is None
    tasks.tick(str(supervisor))
    assert Heartbeat.objects.get().beat_at > first.beat_at


def test_a_pulse_is_not_kept_waiting_by_the_delivery(engage, monkeypatch):
    supervisor = uuid4()
    monkeypatch.setenv(tasks.SUPERVISOR, str(supervisor))
    seen = []
    monkeypatch.setattr(tasks, "deliver", lambda *, seconds: seen.append(Heartbeat.objects.count()) or 0)
    tasks.deliver_due()
    assert seen == [1]


def test_without_a_supervisor_there_is_no_pulse(engage, monkeypatch):
    monkeypatch.delenv(tasks.SUPERVISOR, raising=False)
    tasks.deliver_due()
    assert not Heartbeat.objects.exists()


def test_a_task_ends_long_before_django_q_would_end_it(settings):
    longest = tasks.SLICE_SECONDS + settings.ENGAGE_READ_TIMEOUT
    assert longest * 2 < settings.Q_CLUSTER["timeout"]
    assert settings.Q_CLUSTER["max_attempts"] == 1


def test_nothing_is_delivered_twice_by_two_sweeps(engage):
    receipt_posted("101-1")
    tasks.sweep()
    tasks.sweep()
    delivered()
    assert engage.engage.posted("101-1") == 1


# ── Schedules ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_migrated_database_has_its_schedules_once():
    ensure_schedules()
    ensure_schedules()
    found = dict(Schedule.objects.filter(name__startswith="outbox").values_list("name", "func"))
    assert found == {
        "outbox sweep": "engage_portal.outbox.tasks.sweep",
        "outbox purge": "engage_portal.outbox.tasks.purge",
    }
    sweep = Schedule.objects.get(name="outbox sweep")
    assert (sweep.schedule_type, sweep.minutes, sweep.repeats) == (Schedule.MINUTES, 1, -1)


def test_a_schedule_that_somebody_changed_or_removed_comes_back_with_the_next_migration():
    Schedule.objects.filter(name="outbox sweep").delete()
    Schedule.objects.filter(name="outbox purge").update(func="os.getcwd", repeats=0)
    call_command("migrate", verbosity=0)
    assert Schedule.objects.get(name="outbox sweep").minutes == 1
    assert Schedule.objects.get(name="outbox purge").func == "engage_portal.outbox.tasks.purge"


def test_a_schedule_that_a_setting_switched_off_ends_and_somebody_elses_stays():
    Schedule.objects.create(name="contacts old", func="contacts.following.tasks.gone")
    Schedule.objects.create(name="theirs", func="somebody.else.runs")
    ensure_schedules()
    assert not Schedule.objects.filter(func="contacts.following.tasks.gone").exists()
    assert Schedule.objects.filter(name="theirs").exists()


@pytest.mark.parametrize("rhythm", [{}, {"daily": True, "minutes": 5}])
def test_a_schedule_has_one_rhythm(rhythm):
    with pytest.raises(ValueError, match="either daily or every"):
        register_schedule("x", "os.getcwd", **rhythm)


def test_what_pages_show_is_read_by_a_worker_that_starts(monkeypatch):
    queued = []
    monkeypatch.setattr(schedules, "async_task", lambda func, **named: queued.append(func))
    run_at_start()
    assert queued == ["contacts.tasks.read_consents", "receipts.tasks.read_stores"]


def test_every_scheduled_function_exists():
    from importlib import import_module

    ensure_schedules()
    for schedule in Schedule.objects.all():
        module, _, name = schedule.func.rpartition(".")
        assert callable(getattr(import_module(module), name)), schedule.func
