"""`pause` and `resume`."""

import pytest

from engage_portal.outbox import pauses
from engage_portal.outbox.models import Pause
from tests.outbox.building import fresh, item
from tests.outbox_commands.running import outbox

pytestmark = pytest.mark.django_db
REASON = ("--reason", "wrong prices")


def running() -> list[tuple[str, str]]:
    return [(pause.kind, pause.store) for pause in pauses.running()]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ((), "Everything"),
        (("--kind", "receipt.post"), "Every receipt"),
        (("--store", "101"), "Everything of store 101"),
        (("--kind", "receipt.post", "--store", "101"), "Every receipt of store 101"),
    ],
)
def test_a_part_is_paused_once_and_goes_on_again(part, words):
    assert outbox("pause", *part, *REASON).out == f"{words} is paused.\n"
    assert len(running()) == 1

    again = outbox("pause", *part, *REASON)
    assert (again.code, again.err) == (1, f"It is paused already: e{words[1:]}.")

    assert outbox("resume", *part, "--by", "anna").out == f"{words}: the pause is over.\n"
    assert running() == []
    assert Pause.objects.get().ended_by == "anna"


def test_the_document_names_who_and_why():
    told = outbox("pause", "--store", "101", *REASON, "--by", "anna", "--json").document
    assert (told["kind"], told["store"], told["startedBy"], told["reason"]) == (
        "",
        "101",
        "anna",
        "wrong prices",
    )
    ended = outbox("resume", "--all", "--json").document
    assert ended["resumed"] == 1
    assert [each["id"] for each in ended["pauses"]] == [told["id"]]


def test_what_a_pause_held_back_is_free_after_it():
    held = item(is_parked=True)
    outbox("pause", *REASON)
    outbox("resume")
    assert not fresh(held).is_parked


@pytest.mark.parametrize("arguments", [(), ("--reason", ""), ("--kind", "no.kind", *REASON)])
def test_a_pause_that_makes_no_sense_is_refused(arguments):
    assert outbox("pause", *arguments).code
    assert running() == []


def test_an_unknown_kind_is_answered_with_those_that_there_are():
    for action in (("pause", *REASON), ("resume",)):
        said = outbox(*action, "--kind", "no.kind")
        assert said.code == 2
        assert said.err.startswith("--kind: there is no kind “no.kind”; choose from ")


def test_resuming_what_is_not_paused_says_what_is():
    outbox("pause", "--kind", "receipt.post", *REASON)
    said = outbox("resume")
    assert said.code == 1
    assert said.err == "There is no pause of everything. Paused is: every receipt (--kind receipt.post)."
    assert running() == [("receipt.post", "")]


def test_resuming_where_nothing_is_paused_says_so():
    assert outbox("resume", "--all").err == "Nothing is paused."
    assert outbox("resume").err == "There is no pause of everything. Paused is: nothing."


def test_all_pauses_end_together_and_all_goes_with_nothing_else():
    outbox("pause", *REASON)
    outbox("pause", "--store", "101", *REASON)
    said = outbox("resume", "--all", "--store", "101")
    assert said.code == 2
    assert len(running()) == 2
    assert outbox("resume", "--all").out == (
        "Everything: the pause is over.\nEverything of store 101: the pause is over.\n"
    )
    assert running() == []
