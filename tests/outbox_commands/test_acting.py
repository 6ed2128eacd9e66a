"""`retry` and `cancel`."""

import getpass

import pytest

from engage_portal.outbox import pauses
from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.states import State
from tests.outbox.building import fresh, item
from tests.outbox_commands.running import Keyboard, outbox

pytestmark = pytest.mark.django_db
REASON = ("--reason", "sold twice")
BOTH = pytest.mark.parametrize("action", [("retry",), ("cancel", *REASON)])


def types(monkeypatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard(text))


def states() -> set[str]:
    return set(Item.objects.values_list("state", flat=True))


def test_one_item_is_sent_again_without_a_question_and_the_operator_is_kept():
    made = item(state=State.ATTENTION)
    said = outbox("retry", made.pk)
    assert said.code == 0
    assert said.out == "1 queued, 0 already being sent, 0 already settled.\n"
    assert fresh(made).state == State.PENDING
    assert Event.objects.get(item=made).actor == f"{getpass.getuser()} (command line)"


def test_the_operator_may_be_named():
    made = item(state=State.ATTENTION)
    outbox("retry", made.pk, "--by", "anna")
    assert Event.objects.get(item=made).actor == "anna"


def test_an_operator_without_a_name_in_the_system_has_a_number(monkeypatch):
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nobody)
    made = item(state=State.ATTENTION)
    outbox("retry", made.pk)
    assert Event.objects.get(item=made).actor.startswith("user ")


def test_it_tells_what_was_queued_is_being_sent_and_is_gone():
    made = [item(state=state).pk for state in (State.ATTENTION, State.SENDING, State.DELIVERED)]
    said = outbox("retry", *made, "--yes", "--json")
    assert said.document == {
        "queued": 1,
        "alreadySending": 1,
        "gone": 1,
        "paused": 0,
        "message": "1 queued, 1 already being sent, 1 already settled.",
    }


def test_it_tells_what_stays_because_of_a_pause():
    made = item(state=State.ATTENTION, store="7")
    pauses.pause(by="anna", reason="moving", store="7")
    told = outbox("retry", made.pk, "--json").document
    assert told["paused"] == 1
    assert told["message"].endswith(" 1 of them is paused and goes when the pause is over.")


def test_cancelling_keeps_the_reason_and_leaves_alone_what_may_have_arrived():
    waiting, doubtful = item(), item(state=State.IN_DOUBT)
    said = outbox("cancel", waiting.pk, doubtful.pk, "--yes", "--json", *REASON)
    assert said.document["cancelled"] == said.document["onTheirWay"] == 1
    assert fresh(waiting).state == State.CANCELLED
    assert fresh(waiting).reason == "sold twice"
    assert fresh(doubtful).state == State.IN_DOUBT


def test_cancelling_needs_a_reason():
    made = item()
    for arguments in ((), ("--reason", " ")):
        assert outbox("cancel", made.pk, *arguments).code
    assert fresh(made).state == State.PENDING


def test_several_are_counted_and_asked_about(monkeypatch):
    for _ in range(3):
        item(state=State.ATTENTION)
    item(state=State.DELIVERED)
    types(monkeypatch, "y\n")
    said = outbox("retry", "--all")
    assert said.code == 0
    assert said.err == "Send 3 items again? [y/N] "
    assert said.out == "3 queued, 0 already being sent, 0 already settled.\n"


@BOTH
@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yess\n"])
def test_anything_but_yes_changes_nothing(action, answer, monkeypatch):
    item(state=State.ATTENTION), item(state=State.ATTENTION)
    types(monkeypatch, answer)
    said = outbox(*action, "--all")
    assert said.code == 1
    assert said.err.endswith("Nothing was changed.")
    assert said.out == ""
    assert states() == {State.ATTENTION}


def test_ctrl_c_at_the_question_changes_nothing(monkeypatch):
    class Impatient(Keyboard):
        def readline(self, *_):
            raise KeyboardInterrupt

    item(state=State.ATTENTION), item(state=State.ATTENTION)
    monkeypatch.setattr("sys.stdin", Impatient())
    assert outbox("retry", "--all").code == 1
    assert states() == {State.ATTENTION}


@BOTH
def test_where_nobody_can_be_asked_it_refuses(action):
    item(state=State.ATTENTION), item(state=State.ATTENTION)
    said = outbox(*action, "--state", "attention")
    assert said.code == 1
    assert "2 items" in said.err
    assert "add --yes" in said.err
    assert states() == {State.ATTENTION}


@BOTH
def test_without_a_number_or_a_filter_it_refuses(action):
    made = item(state=State.ATTENTION)
    said = outbox(*action, "--yes")
    assert said.code == 1
    assert "--all" in said.err
    assert fresh(made).state == State.ATTENTION


@BOTH
def test_a_number_that_does_not_exist_refuses_all_of_it(action):
    made = item(state=State.ATTENTION)
    said = outbox(*action, made.pk, 4711, 4712, "--yes")
    assert said.code == 1
    assert said.err == "There is no item 4711, 4712. Nothing was changed."
    assert fresh(made).state == State.ATTENTION


@BOTH
def test_a_filter_means_only_what_can_be_moved(action):
    wanted, other = item(state=State.ATTENTION, store="101"), item(state=State.ATTENTION, store="102")
    item(state=State.DELIVERED, store="101")
    assert outbox(*action, "--store", "101").code == 0
    assert fresh(wanted).state != State.ATTENTION
    assert fresh(other).state == State.ATTENTION


def test_nothing_to_do_is_done():
    said = outbox("retry", "--state", "attention")
    assert (said.code, said.out) == (0, "0 queued, 0 already being sent, 0 already settled.\n")


def test_what_comes_in_while_the_question_stands_is_left_alone(monkeypatch):
    class Slow(Keyboard):
        def readline(self, *arguments):
            item(state=State.ATTENTION, reference="late")
            return super().readline(*arguments)

    item(state=State.ATTENTION), item(state=State.ATTENTION)
    monkeypatch.setattr("sys.stdin", Slow("yes\n"))
    assert outbox("retry", "--all").code == 0
    assert [each.reference for each in Item.objects.filter(state=State.ATTENTION)] == ["late"]
