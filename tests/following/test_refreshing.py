"""Fetching what was noted: after everybody else, once per change, and never lost."""

from datetime import timedelta
from threading import Event
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from django.db import DataError, IntegrityError, OperationalError

from contacts.following import keeping, noting
from contacts.following.tasks import refresh_noted
from contacts.models import Contact, ToRefresh
from engage_portal.core import clock
from engage_portal.engage import EngageClient, Rejected
from engage_portal.outbox.line import breaker, pace
from engage_portal.outbox.models import Item
from tests.api.talking import CONTACTS, bring_up, new_contact, take_down
from tests.following.at_engage import ANNA, BENGT, change, create, gets, known, noted, refresh_now
from tests.outbox.building import item
from tests.together import at_the_same_moment

pytestmark = pytest.mark.django_db


def note(*ids: UUID) -> None:
    noting.note(ids or [ANNA], reason=noting.CHANGES)


def all_due() -> None:
    ToRefresh.objects.update(not_before=clock.now())


class TestItsTurn:
    def test_comes_after_what_waits_in_the_queue(self, engage):
        note()
        waiting = item()
        refresh_now(seconds=0.6)
        assert gets(engage) == 0
        assert noted() == {ANNA}
        Item.objects.filter(pk=waiting.pk).delete()
        assert refresh_now().kept == 1

    def test_does_not_wait_for_what_waits_for_later(self, engage):
        note()
        item(due_in=3600)
        assert refresh_now().kept == 1

    def test_never_comes_while_engage_is_down(self, engage):
        take_down(engage)
        note()
        assert refresh_now(seconds=0.5).total == 0
        assert gets(engage) == 0
        row = ToRefresh.objects.get()
        assert (row.tries, row.not_before <= clock.now()) == (0, True)

    def test_takes_only_calls_that_nobody_else_wants(self, engage, monkeypatch):
        lanes = []
        reserve = pace.reserve
        monkeypatch.setattr(pace, "reserve", lambda lane, *more: lanes.append(lane) or reserve(lane, *more))
        note()
        refresh_now()
        assert set(lanes) == {pace.Lane.SPARE}

    def test_ends_with_an_outage_and_keeps_the_rest(self, engage):
        note(*[uuid4() for _ in range(40)])
        engage.engage.faults.set("down")
        done = refresh_now()
        assert not breaker.is_closed()
        assert done.failed < 40
        assert ToRefresh.objects.count() == 40
        assert ToRefresh.objects.filter(tries=0, not_before__lte=clock.now()).count() == 40 - done.failed


class TestARow:
    def test_that_was_noted_again_meanwhile_stays(self, engage, monkeypatch):
        note()
        get_contact = EngageClient.get_contact
        asked = Event()

        def slow(client, contact_id):
            answer = get_contact(client, contact_id)
            asked.set()
            return answer

        monkeypatch.setattr(EngageClient, "get_contact", slow)
        keep = keeping.copy_keep

        def keep_late(fetched, answer):
            if asked.is_set():
                asked.clear()
                noting.note([ANNA], reason=noting.WEBHOOK)
            return keep(fetched, answer)

        from contacts.following import refreshing

        monkeypatch.setattr(refreshing, "copy_keep", keep_late)
        end = iter([False, False, True])
        refreshing.refresh_due(is_over=lambda: next(end, True))
        assert noted() == {ANNA}

    def test_that_failed_waits_ever_longer(self, engage, monkeypatch):
        note()
        waits = []

        def broken(*_):
            raise RuntimeError("what is this?")

        monkeypatch.setattr(EngageClient, "get_contact", broken)
        for _ in range(4):
            all_due()
            assert refresh_now().failed == 1
            waits.append(ToRefresh.objects.get().not_before - clock.now())
        assert waits == sorted(waits)
        assert waits[-1] > 4 * waits[0]
        assert ToRefresh.objects.get().tries == 4

    def test_that_fails_does_not_stop_the_others(self, engage, monkeypatch):
        keep = keeping.copy_keep

        def one_breaks(fetched, answer):
            if fetched.engage_id == ANNA:
                raise RuntimeError("what is this?")
            return keep(fetched, answer)

        from contacts.following import refreshing

        monkeypatch.setattr(refreshing, "copy_keep", one_breaks)
        note(ANNA, BENGT)
        done = refresh_now()
        assert (done.kept, done.failed) == (1, 1)
        assert noted() == {ANNA}

    @pytest.mark.parametrize("fault", [DataError, IntegrityError, OperationalError])
    def test_that_no_database_can_keep_does_not_stop_the_others(self, engage, monkeypatch, fault):
        keep = keeping.copy_keep

        def one_breaks(fetched, answer):
            if fetched.engage_id == ANNA:
                raise fault("no")
            return keep(fetched, answer)

        from contacts.following import refreshing

        monkeypatch.setattr(refreshing, "copy_keep", one_breaks)
        note(ANNA, BENGT)
        done = refresh_now()
        assert (done.kept, done.failed) == (1, 1)
        assert ToRefresh.objects.get().not_before > clock.now()

    def test_whose_id_engage_refuses_goes(self, engage, monkeypatch):
        def refuses(*_):
            raise Rejected("no", status=400, error_code="InvalidContactId")

        monkeypatch.setattr(EngageClient, "get_contact", refuses)
        note()
        assert refresh_now().skipped == 1
        assert noted() == set()

    def test_noted_twice_is_one_row_that_is_due(self):
        note()
        ToRefresh.objects.update(not_before=clock.now() + timedelta(hours=1), tries=3)
        note()
        row = ToRefresh.objects.get()
        assert row.not_before <= clock.now()
        assert row.tries == 3

    def test_a_dead_process_held_falls_due_again(self):
        note()
        assert len(noting.take(10)) == 1
        assert noting.take(10) == []
        assert ToRefresh.objects.get().not_before < clock.now() + timedelta(minutes=5)

    def test_of_many_costs_few_statements(self, django_assert_max_num_queries):
        ids = [uuid4() for _ in range(5000)]
        with django_assert_max_num_queries(120):
            note(*ids, *ids)
        assert ToRefresh.objects.count() == 5000


class TestSomebodyWhoIsArriving:
    def test_does_not_become_two(self, engage, till):
        take_down(engage)
        born = till.post(CONTACTS, new_contact()).json()["id"]
        engage.engage.faults.clear()
        breaker.report([None])
        Item.objects.update(not_before=clock.now() + timedelta(hours=1))
        note(create(engage, "erik@example.com"))
        assert refresh_now().failed == 1
        assert Contact.objects.count() == 1
        bring_up(engage)
        all_due()
        assert refresh_now().kept == 1
        assert Contact.objects.count() == 1
        assert str(Contact.objects.get().pk) == born


class TestTheChosenFields:
    def test_are_all_that_is_kept_of_people_whom_nobody_asked_for(self, engage, settings):
        settings.ENGAGE_COPY_FIELDS = ["firstName"]
        note()
        refresh_now()
        contact = Contact.objects.get()
        assert set(contact.snapshot) <= {"firstName", "email", "mobilePhone", "memberNumber", "externalId"}
        assert contact.email == "anna@example.com"
        assert contact.fetched_at is None
        assert contact.as_of is not None

    def test_may_be_the_keys_alone_or_a_whole_part(self, engage, settings):
        settings.ENGAGE_COPY_FIELDS = ["keys"]
        note()
        refresh_now()
        assert "firstName" not in Contact.objects.get().snapshot
        settings.ENGAGE_COPY_FIELDS = ["preferences"]
        note()
        refresh_now()
        assert "preferences.acceptsEmail" in Contact.objects.get().snapshot

    def test_leave_whole_copies_whole(self, engage, settings):
        settings.ENGAGE_COPY_FIELDS = ["keys"]
        known(engage)
        change(engage, city="Lund")
        note()
        refresh_now()
        assert Contact.objects.get().snapshot["city"] == "Lund"

    def test_forget_what_engage_no_longer_has(self, engage, settings):
        settings.ENGAGE_COPY_FIELDS = ["firstName"]
        note()
        refresh_now()
        change(engage, mobilePhone="", firstName="")
        note()
        refresh_now()
        contact = Contact.objects.get()
        assert (contact.mobile_phone, contact.snapshot.get("firstName")) == ("", None)


class TestTheTask:
    def test_goes_on_in_another_where_time_is_up(self, engage, monkeypatch):
        from contacts.following import tasks

        woken = []

        class Slice:
            """Its time is up when ten were asked for."""

            is_past = property(lambda _: len(engage.engage.requests) >= 10)

        monkeypatch.setattr(tasks, "wake", lambda: woken.append(1))
        monkeypatch.setattr(tasks, "Deadline", SimpleNamespace(after=lambda _seconds: Slice()))
        monkeypatch.setattr(pace, "calls_within", lambda _: 1)
        note(*[uuid4() for _ in range(60)])
        assert 0 < refresh_noted() < 60
        assert woken == [1]

    def test_does_nothing_where_nothing_is_due(self, engage, django_assert_max_num_queries):
        with django_assert_max_num_queries(6):
            assert refresh_noted() == 0


@pytest.mark.django_db(transaction=True)
class TestAtTheSameTime:
    def test_a_row_goes_to_one_of_two_processes(self):
        note(*[uuid4() for _ in range(30)])

        def all_of_them() -> list:
            mine = []
            while rows := noting.take(4):
                mine += [row.pk for row in rows]
            return mine

        one, other = at_the_same_moment(all_of_them, all_of_them)
        assert not set(one) & set(other)
        assert len(one) + len(other) == 30

    def test_many_note_the_same_contacts_without_waiting_for_ever(self):
        ids = [uuid4() for _ in range(600)]

        def forth():
            note(*ids)

        def back():
            note(*reversed(ids))

        at_the_same_moment(forth, back, forth, back)
        assert ToRefresh.objects.count() == 600

    def test_noting_while_it_is_fetched_loses_nothing(self, engage):
        known(engage)
        note()

        def work():
            return refresh_now(seconds=3)

        def more():
            for number in range(20):
                change(engage, city=f"City {number}")
                noting.note([ANNA], reason=noting.WEBHOOK, goes_first=True)

        at_the_same_moment(work, more, work)
        all_due()
        refresh_now()
        assert Contact.objects.get().snapshot["city"] == "City 19"
        assert noted() == set()
