"""`drain`: delivers to the sandbox, and says why it ended."""

import os
import signal
from datetime import timedelta
from uuid import uuid4

import pytest

from engage_portal.core import clock
from engage_portal.outbox import pauses
from engage_portal.outbox.commands import draining
from engage_portal.outbox.models import EngageLine, Item
from engage_portal.outbox.states import State
from tests.outbox.building import engage_is_away, fresh, item, probe_is_due, receipt_posted
from tests.outbox_commands.running import outbox

pytestmark = pytest.mark.django_db(transaction=True)


def receipts(count: int) -> None:
    for number in range(count):
        receipt_posted(f"101-{number}", contact={"matchKey": str(uuid4()), "matchKeyType": "contactId"})


def test_everything_that_is_due_arrives_and_it_ends_with_0(engage):
    receipts(5)
    said = outbox("drain")
    assert (said.code, said.out) == (0, "5 items reached Engage, nothing is left.\n")
    assert len(engage.engage.received) == 5


def test_an_empty_queue_is_drained(engage):
    told = outbox("drain", "--json").document
    assert (told["reachedEngage"], told["left"], told["message"]) == (0, 0, "")


def test_engage_that_is_down_ends_it_at_once(engage):
    engage_is_away()
    receipts(2)
    said = outbox("drain", "--json")
    assert said.code == 1
    assert said.err.startswith("Engage is down since ")
    assert said.err.endswith("; 2 items left.")
    assert said.document["left"] == 2
    assert said.document["message"] == said.err
    assert not engage.engage.received


def test_engage_that_came_back_is_found_out_without_a_worker(engage):
    engage_is_away()
    probe_is_due()
    receipts(2)
    assert outbox("drain").code == 0
    assert len(engage.engage.received) == 2


def test_engage_that_goes_down_meanwhile_ends_it(engage):
    engage.engage.faults.set("down")
    receipts(2)
    assert outbox("drain").err.startswith("Engage is down since ")
    assert EngageLine.objects.get().breaker_state == "open"


def test_it_says_what_every_item_that_is_left_waits_for(engage):
    item(state=State.ATTENTION)
    item(state=State.SPOOLED)
    item(store="7")
    held = item(stream="s", due_in=3600)
    item(stream="s", due_in=1800)
    pauses.pause(by="anna", reason="moving", store="7")
    said = outbox("drain", "--json")
    assert said.code == 1
    assert said.err.startswith(
        "5 items left: 1 in attention, 1 paused, 1 behind an earlier one of the same contact, "
        "1 in a file, 1 waiting until "
    )
    assert said.document["nextAt"] == fresh(held).not_before.isoformat()


def test_what_is_parked_for_no_reason_is_found_without_a_worker(engage):
    receipts(1)
    Item.objects.update(is_parked=True)
    assert outbox("drain").code == 0
    assert len(engage.engage.received) == 1


def test_what_another_process_is_sending_is_waited_for(engage):
    item(state=State.SENDING)
    said = outbox("drain", "--seconds", 1)
    assert (said.code, said.err) == (1, "The time is up; 1 item left.")


def test_what_a_lost_process_held_is_delivered(engage):
    receipts(1)
    made = item(state=State.SENDING)
    Item.objects.filter(pk=made.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    outbox("drain", "--seconds", 1)
    assert fresh(made).state != State.SENDING
    assert len(engage.engage.received) == 1


def test_ctrl_c_lets_what_is_under_way_finish(engage, monkeypatch):
    deliver = draining.deliver

    def interrupted(*, seconds: float) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return deliver(seconds=seconds)

    monkeypatch.setattr(draining, "deliver", interrupted)
    receipts(2)
    item(due_in=3600)
    before = signal.getsignal(signal.SIGINT)
    said = outbox("--force-color", "drain")
    assert said.code == 1
    assert "Ending; Ctrl-C again ends at once" in said.err
    assert said.err.endswith("Ended on request; 1 item left.")
    assert len(engage.engage.received) == 2
    assert not Item.objects.filter(state=State.SENDING)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_terminal_sees_a_bar_and_stdout_does_not(engage):
    receipts(3)
    said = outbox("--force-color", "drain")
    assert said.code == 0
    assert "Delivering" in said.err
    assert "3 left" in said.err
    assert said.out == "3 items reached Engage, nothing is left.\n"
