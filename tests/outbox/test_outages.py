"""Each outage is a row: when it began and ended, why, what was kept because of it, and when all of that had gone."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.db.models import F

from engage_portal.core import clock
from engage_portal.engage import AuthFailed, Misconfigured, Unavailable
from engage_portal.outbox import control, tasks
from engage_portal.outbox.delivery import passes
from engage_portal.outbox.line import breaker, outages, probe
from engage_portal.outbox.models import EngageLine, Item, Outage
from engage_portal.outbox.states import State
from tests.outbox.building import delivered, engage_is_away, item, receipt_posted
from tests.outbox.test_claim_races import together

pytestmark = pytest.mark.django_db
GONE = Unavailable("no answer", operation="POST /api/v3/receipts", may_have_taken_effect=True)


@pytest.fixture
def clock_hand():
    """The time, which only moves when told to."""
    with time_machine.travel(clock.now(), tick=False) as hand:
        yield hand


def goes_away() -> Outage:
    """Engage stops answering."""
    breaker.report([GONE] * 3)
    found = outages.running()
    assert found is not None
    return found


def comes_back(clock_hand) -> None:
    """A probe finds that Engage is there again."""
    clock_hand.shift(11)
    assert breaker.report([None])


def the_one() -> Outage:
    """The only outage that is remembered."""
    return Outage.objects.get()


# ── Beginning ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_kept_while_engage_answers():
    breaker.report([None, GONE, GONE])
    breaker.report([None])
    assert not Outage.objects.exists()


def test_the_row_says_when_engage_answered_last_when_it_failed_first_and_when_the_breaker_opened(clock_hand):
    breaker.report([None])
    answered = clock.now()
    clock_hand.shift(30)
    breaker.report([GONE])
    failed = clock.now()
    clock_hand.shift(4)
    breaker.report([GONE, GONE])
    found = the_one()
    assert (found.last_answer_at, found.began_at, found.opened_at) == (answered, failed, clock.now())
    assert (found.is_running, found.ended_at, found.kept) == (True, None, None)
    assert found.error == "POST /api/v3/receipts: no answer"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (GONE, "Engage did not answer"),
        (Unavailable("", status=503), "Engage answered with errors of its own"),
        (AuthFailed("", status=401), "Engage refused the portal’s key"),
        (Misconfigured("", status=500), "Engage’s set-up is not complete"),
    ],
    ids=["no answer", "503", "401", "InvalidSystemConfiguration"],
)
def test_the_row_says_why(error, words):
    breaker.report([error] * 3)
    assert the_one().get_cause_display() == words


def test_nothing_personal_is_in_it():
    breaker.report([Unavailable("cannot reach anna@example.com or +46735654321", operation="GET /x")] * 3)
    assert the_one().error
    assert "example.com" not in the_one().error
    assert "4673" not in the_one().error


def test_probes_that_fail_make_no_other_outage(engage, clock_hand):
    engage.engage.faults.set("down")
    first = goes_away()
    for _ in range(5):
        clock_hand.shift(11)
        assert not probe.engage_is_up()
    assert the_one() == first
    assert the_one().began_at == first.began_at


def test_an_outage_in_whose_middle_the_portal_was_updated_is_kept_from_the_next_probe_on(engage, clock_hand):
    engage.engage.faults.set("down")
    engage_is_away(since=clock.now() - timedelta(hours=2))
    EngageLine.objects.update(opened_at=clock.now() - timedelta(minutes=1))
    assert not probe.engage_is_up()
    assert the_one().began_at == clock.now() - timedelta(hours=2)


def test_an_outage_and_the_breaker_are_one_fact(monkeypatch):
    def breaks(*_args, **_named):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(outages, "_begin", breaks)
    with pytest.raises(RuntimeError):
        breaker.report([GONE] * 3)
    assert breaker.is_closed()
    assert not Outage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_several_who_open_the_breaker_at_once_make_one_outage():
    for _ in range(5):
        Outage.objects.all().delete()
        EngageLine.objects.all().delete()
        together(lambda: breaker.report([GONE] * 3))
        assert outages.running() == the_one()


@pytest.mark.django_db(transaction=True)
def test_several_who_close_it_at_once_end_it_once():
    goes_away()
    EngageLine.objects.update(opened_at=F("opened_at") - timedelta(minutes=1))
    assert sorted(together(lambda: breaker.report([None]))) == [False, False, False, True]
    assert not the_one().is_running
    assert the_one().returns == 0


def test_the_database_refuses_a_second_outage_at_a_time():
    first = goes_away()
    with pytest.raises(IntegrityError, match=r"outbox_outage_once|outbox_outage\.line"), transaction.atomic():
        Outage.objects.create(
            cause=first.cause, began_at=clock.now(), opened_at=clock.now(), first_item=first.first_item
        )


# ── Ending ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_ends_when_engage_answers_again(clock_hand):
    goes_away()
    comes_back(clock_hand)
    assert the_one().ended_at == clock.now()
    assert outages.running() is None


def test_a_new_one_within_a_minute_is_the_same_one(clock_hand):
    began = goes_away().began_at
    comes_back(clock_hand)
    outages.settle()
    clock_hand.shift(59)
    again = goes_away()
    assert (again, again.began_at, again.returns) == (the_one(), began, 1)
    assert (again.ended_at, again.last_item, again.kept, again.emptied_at) == (None, None, None, None)
    comes_back(clock_hand)
    assert not the_one().is_running


def test_a_new_one_later_is_another_one(clock_hand):
    first = goes_away()
    comes_back(clock_hand)
    clock_hand.shift(61)
    second = goes_away()
    assert list(outages.newest()) == [second, first]
    assert second.returns == 0


# ── What was kept ────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_kept_is_counted_by_kind_and_state_from_what_could_not_go_to_the_last_before_its_end(
    clock_hand,
):
    item(state=State.DELIVERED)
    item(created_at=clock.now() - timedelta(hours=1))  # waits for something else
    breaker.report([None])
    unlucky = item(state=State.IN_DOUBT)
    found = goes_away()
    assert found.first_item == unlucky.pk
    item(kind="contact.create")
    item(state=State.ATTENTION)
    comes_back(clock_hand)
    item()
    kept = outages.kept_in(the_one())
    assert kept.counts == {
        "contact.create": {State.PENDING: 1},
        "receipt.post": {State.IN_DOUBT: 1, State.ATTENTION: 1},
    }
    assert (kept.total, kept.on_its_way) == (3, 2)


def test_what_had_arrived_before_is_not_counted(clock_hand):
    breaker.report([None])
    slow = item()
    item(state=State.DELIVERED)
    clock_hand.shift(5)
    assert goes_away().first_item == slow.pk
    assert outages.kept_in(the_one()).counts == {"receipt.post": {State.PENDING: 1}}


def test_in_an_empty_queue_the_next_item_is_the_first():
    done = item(state=State.DELIVERED, created_at=clock.now() - timedelta(hours=1))
    assert goes_away().first_item == done.pk + 1
    assert outages.kept_in(the_one()).total == 0


def test_the_sweep_writes_down_what_was_kept_and_when_all_of_it_had_gone(engage, clock_hand):
    engage.engage.faults.set("down")
    receipt_posted("101-1")
    passes.deliver(seconds=30)
    receipt_posted("101-2")
    assert outages.running() == the_one()
    tasks.sweep()
    assert the_one().kept is None

    engage.engage.faults.clear()
    clock_hand.shift(11)
    assert probe.engage_is_up()
    outages.settle()
    assert the_one().kept == {"receipt.post": 2}
    assert the_one().emptied_at is None

    clock_hand.shift(20)
    delivered()
    arrived = clock.now()
    assert set(Item.objects.values_list("state", flat=True)) == {State.ACCEPTED}
    clock_hand.shift(40)
    tasks.sweep()
    assert the_one().emptied_at == arrived


def test_the_queue_is_empty_again_although_something_needs_a_person(clock_hand):
    goes_away()
    item(state=State.ATTENTION)
    comes_back(clock_hand)
    outages.settle()
    assert the_one().emptied_at == the_one().ended_at


def test_what_is_settled_is_not_counted_again(clock_hand, django_assert_num_queries):
    goes_away()
    comes_back(clock_hand)
    outages.settle()
    with django_assert_num_queries(1):
        outages.settle()


def test_while_something_is_on_its_way_a_sweep_only_looks_whether_it_is(
    clock_hand, django_assert_num_queries
):
    goes_away()
    item()
    comes_back(clock_hand)
    outages.settle()
    with django_assert_num_queries(1):
        outages.settle()


def test_however_many_still_have_something_on_its_way_a_new_one_is_counted_and_settled(
    clock_hand, monkeypatch
):
    monkeypatch.setattr(outages, "_AT_ONCE", 2)
    for _ in range(3):
        clock_hand.shift(120)
        goes_away()
        parked = item()
        clock_hand.shift(120)
        comes_back(clock_hand)
    for _ in range(2):
        outages.settle()
    assert not Outage.objects.filter(kept=None).exists()

    Item.objects.filter(pk=parked.pk).update(state=State.DELIVERED, holds=False, finished_at=clock.now())
    outages.settle()
    assert [outage.emptied_at for outage in outages.newest()] == [clock.now(), None, None]


def test_what_is_sent_again_afterwards_is_on_its_way(clock_hand):
    goes_away()
    stopped = item(state=State.ATTENTION)
    comes_back(clock_hand)
    outages.settle()
    emptied_at = the_one().emptied_at
    assert outages.emptied_at(the_one(), outages.kept_in(the_one())) == emptied_at

    control.retry(items=Item.objects.filter(pk=stopped.pk), by="sam")
    assert outages.emptied_at(the_one(), outages.kept_in(the_one())) is None
    outages.settle()
    assert the_one().emptied_at == emptied_at, "when it was empty for the first time"


def test_an_outage_that_goes_on_meanwhile_is_not_settled(clock_hand, monkeypatch):
    goes_away()
    comes_back(clock_hand)
    counted = outages.kept_in

    def and_engage_goes_away_again(outage):
        goes_away()
        return counted(outage)

    monkeypatch.setattr(outages, "kept_in", and_engage_goes_away_again)
    outages.settle()
    assert the_one().is_running
    assert the_one().kept is None


def test_an_outage_is_forgotten_with_its_items_and_a_running_one_is_not(clock_hand):
    goes_away()
    comes_back(clock_hand)
    clock_hand.shift(timedelta(days=89))
    tasks.purge()
    assert Outage.objects.count() == 1
    clock_hand.shift(timedelta(days=2))
    running = goes_away()
    clock_hand.shift(timedelta(days=100))
    tasks.purge()
    assert the_one() == running
