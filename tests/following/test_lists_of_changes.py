"""The copy follows Engage's lists of changed contacts."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from contacts.following import reading
from contacts.following.reading import MARGIN, OVERLAP, follow
from contacts.following.tasks import follow_changes, refresh_noted
from contacts.models import Contact, Feed, ToRefresh
from engage_portal.core import clock
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Item
from tests.api.talking import ANNA as ANNA_PATH
from tests.api.talking import take_down
from tests.following.at_engage import (
    ANNA,
    BENGT,
    CHANGES,
    age_changes,
    an_hour_passes,
    catch_up,
    change,
    create,
    follow_now,
    gets,
    known,
    noted,
    refresh_now,
)

pytestmark = pytest.mark.django_db


def city(contact_id=ANNA) -> str:
    return Contact.objects.get(engage_contact_id=contact_id).snapshot["city"]


class TestWhatChanged:
    def test_in_engage_reaches_the_copy(self, engage):
        known(engage)
        change(engage, city="Lund")
        catch_up()
        assert city() == "Lund"
        assert noted() == set()

    def test_elsewhere_brings_people_whom_nobody_here_has_met(self, engage):
        ebba = create(engage, "ebba@example.com")
        catch_up()
        assert Contact.objects.get(engage_contact_id=ebba).email == "ebba@example.com"

    @pytest.mark.parametrize("level", [1, 2])
    def test_below_level_three_brings_nobody_new(self, engage, settings, level):
        settings.ENGAGE_LEVEL = level
        known(engage)
        create(engage, "ebba@example.com")
        change(engage, city="Lund")
        catch_up()
        assert Contact.objects.count() == 1
        assert city() == "Lund"

    def test_twice_is_fetched_once(self, engage):
        known(engage)
        for name in ("Lund", "Ystad"):
            change(engage, city=name)
        catch_up()
        assert (city(), gets(engage)) == ("Ystad", 1)

    def test_is_not_fetched_where_the_copy_is_newer_than_the_window(self, engage):
        change(engage, city="Lund")
        age_changes(engage)
        known(engage, as_of=clock.now())
        follow(until=clock.now() - timedelta(minutes=30))
        assert noted() == set()

    def test_late_in_the_list_is_not_missed(self, engage):
        """A change that Engage lists only after we had read up to its time."""
        known(engage)
        follow_now()
        change(engage, city="Lund")
        age_changes(engage, MARGIN + OVERLAP / 2)
        catch_up()
        assert city() == "Lund"


class TestOurOwnChange:
    def test_costs_one_get_and_queues_nothing(self, engage, till):
        known(engage, as_of=clock.now())
        assert till.patch(ANNA_PATH, {"city": "Lund"}).status_code == 200
        queued, asked = Item.objects.count(), gets(engage)
        for _ in range(3):
            follow_changes()
            refresh_now()
            an_hour_passes()
            age_changes(engage)
        assert Item.objects.count() == queued
        assert gets(engage) - asked <= 1
        assert not Contact.objects.get().journal.filter(what="conflict").exists()

    def test_that_waits_wins_and_the_clash_is_written_down(self, engage, till):
        known(engage, as_of=clock.now())
        take_down(engage)
        assert till.patch(ANNA_PATH, {"city": "Lund"}).status_code == 202
        engage.engage.faults.clear()
        breaker.report([None])
        change(engage, city="Ystad")
        Item.objects.update(not_before=clock.now() + timedelta(hours=1))
        catch_up()
        contact = Contact.objects.get()
        assert (contact.snapshot["city"], contact.data["city"]) == ("Ystad", "Lund")
        (event,) = contact.journal.filter(what="conflict")
        assert (event.field, event.old, event.new) == ("city", "Lund", "Ystad")


class TestWindows:
    def test_go_on_where_the_last_one_ended(self, engage, wire):
        known(engage)
        follow_now()
        first = Feed.objects.get(pk="Updated").read_until
        assert abs(clock.now() - MARGIN - first) < timedelta(seconds=20)
        age_changes(engage)
        change(engage, city="Lund")
        assert follow_now().noted == 1

    def test_begin_a_week_ago(self, engage):
        known(engage)
        change(engage, city="Lund")
        age_changes(engage, reading.FIRST - timedelta(hours=1))
        catch_up()
        assert city() == "Lund"

    def test_speak_the_tenants_wall_clock(self, engage, wire):
        follow(until=datetime(2025, 10, 17, 22, 30, tzinfo=UTC))
        (asked, *_) = wire.of("GET", CHANGES)
        assert parse_qs(asked.query)["toDate"] == ["2025-10-18 00:30:00.001"]

    def test_that_name_too_many_are_halved(self, engage):
        for number in range(6):
            create(engage, f"e{number}@example.com")
        with engage.engage.lock:
            for number, record in list(engage.engage.store.all("change").items()):
                at = clock.now() - timedelta(days=1, hours=int(number))
                engage.engage.store.put("change", number, {**record, "at": at.isoformat()})
        engage.engage.configure(changes_limit=2)
        done = follow_now()
        assert (done.noted, done.problem, done.trouble) == (6, "", "")
        assert Feed.objects.get(pk="Created").read_until > clock.now() - timedelta(minutes=2)

    def test_that_stay_too_full_are_a_persons_business(self, engage):
        create(engage, "ebba@example.com")
        engage.engage.configure(changes_limit=0)
        done = follow_now()
        assert "--since" in done.problem
        assert Feed.objects.get(pk="Created").problem == done.problem
        # What could be read before it is read, and what comes after waits.
        engage.engage.configure(changes_limit=10)
        assert follow_now().noted == 1
        assert Feed.objects.get(pk="Created").problem == ""


class TestAnOutage:
    def test_loses_nothing_and_the_window_grows(self, engage):
        known(engage)
        follow_now()
        an_hour_passes()
        before = Feed.objects.get(pk="Updated").read_until
        take_down(engage)
        change(engage, city="Lund")
        done = catch_up()
        assert done.trouble
        assert not done.problem
        assert Feed.objects.get(pk="Updated").read_until == before
        engage.engage.faults.clear()
        catch_up()
        assert city() == "Lund"

    def test_halfway_keeps_what_was_read(self, engage):
        known(engage)
        change(engage, city="Lund")
        engage.engage.faults.set("500", endpoint="GET /api/v3/contacts/{contactId}", times=1)
        follow_now()
        assert refresh_now().failed == 1
        row = ToRefresh.objects.get()
        assert row.tries == 1
        assert row.not_before > clock.now()
        ToRefresh.objects.update(not_before=clock.now())
        refresh_now()
        assert city() == "Lund"


@pytest.mark.parametrize("status", [403, 404])
class TestAListThatIsNotSwitchedOn:
    @pytest.fixture(autouse=True)
    def off(self, engage, status):
        engage.engage.configure(changes_status=status)

    def test_is_said_once_and_remembered(self, engage, status, monkeypatch):
        said = []
        monkeypatch.setattr(reading.log, "error", lambda *_, **more: said.append(more))
        for _ in range(3):
            done = follow_now()
            assert f"({status})" in done.problem
        assert len(said) == 1
        since = {feed.problem_since for feed in Feed.objects.all()}
        assert len(since) == 1
        assert {feed.problem for feed in Feed.objects.all()} == {done.problem}

    def test_stops_nothing_else(self, engage, status, till):
        for _ in range(5):
            follow_now()
        assert breaker.is_closed()
        assert till.patch(ANNA_PATH, {"city": "Lund"}).status_code == 200

    def test_is_followed_as_soon_as_it_is(self, engage, status):
        known(engage)
        follow_now()
        change(engage, city="Lund")
        engage.engage.configure(changes_status=200)
        catch_up()
        assert city() == "Lund"
        assert {(feed.problem, feed.problem_since) for feed in Feed.objects.all()} == {("", None)}


class TestTheSchedule:
    def test_runs_one_at_a_time(self, engage):
        from contacts.following.waking import READING, alone

        known(engage)
        change(engage, city="Lund")
        age_changes(engage, timedelta(minutes=5))
        with alone(READING) as lease:
            assert lease is not None
            assert follow_changes() == 0
        assert follow_changes() == 1

    def test_goes_on_in_another_task_where_time_is_up(self, engage, monkeypatch):
        from contacts.following import tasks

        queued = []
        monkeypatch.setattr(tasks, "async_task", lambda name, **_: queued.append(name))
        monkeypatch.setattr(tasks, "SLICE_SECONDS", 0)
        read = []
        for _ in range(4):
            follow_changes()
            read.append(Feed.objects.filter(read_until__isnull=False).count())
        assert read == [1, 2, 3, 3]
        assert queued == ["contacts.following.tasks.follow_changes"] * 2

    def test_never_runs_where_it_is_switched_off(self, engage, settings):
        settings.ENGAGE_SYNC_MINUTES = 0
        assert follow_changes() == 0
        assert engage.engage.count_requests("GET", CHANGES) == 0

    def test_fetches_once_a_minute_what_is_noted(self, engage):
        known(engage)
        change(engage, city="Lund")
        follow_now()
        assert refresh_noted() == 1
        assert city() == "Lund"

    def test_is_written(self):
        from django_q.models import Schedule

        from engage_portal.outbox.schedule import ensure_schedules

        ensure_schedules()
        found = dict(Schedule.objects.filter(name__startswith="contacts").values_list("func", "minutes"))
        assert found["contacts.following.tasks.follow_changes"] == 15
        assert found["contacts.following.tasks.refresh_noted"] == 1


def test_two_people_stay_two(engage):
    known(engage)
    known(engage, BENGT)
    change(engage, city="Lund")
    catch_up()
    assert (city(), gets(engage, BENGT)) == ("Lund", 0)
