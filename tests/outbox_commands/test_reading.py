"""`stats`, `list` and `show`."""

import re
from datetime import timedelta

import pytest

from engage_portal.core import clock
from engage_portal.outbox import pauses
from engage_portal.outbox.models import Heartbeat, Outcome
from engage_portal.outbox.states import Channel, State
from tests.outbox.building import engage_is_away, item, receipt_posted
from tests.outbox_commands.running import outbox

pytestmark = pytest.mark.django_db


def numbers(*arguments: object) -> list[int]:
    return [each["id"] for each in outbox("list", *arguments, "--json").document["items"]]


def test_stats_of_an_empty_portal_say_that_all_is_quiet():
    said = outbox("stats")
    assert said.code == 0
    assert said.rows[0] == ["0 waiting · 0 in attention"]
    assert ["Engage", "up, no answer yet"] in said.rows
    assert ["Worker", "not running, seen never"] in said.rows


def test_stats_tell_of_an_outage_of_pauses_of_the_worker_and_of_what_waits():
    engage_is_away()
    pauses.pause(by="anna", reason="wrong prices", kind="receipt.post", store="101")
    Heartbeat.objects.create(host="a")
    oldest = item(created_at=clock.now() - timedelta(minutes=5))
    item(state=State.ATTENTION, kind="contact.create")

    said, told = outbox("stats"), outbox("stats", "--json").document
    assert "down since" in said.out
    assert "Every receipt of store 101, since" in said.out
    assert "by anna: wrong prices" in said.out
    assert f"#{oldest.pk} receipt.post, 5 minutes ago" in said.out
    assert "alive, seen 0 s ago" in said.out
    assert ["contact.create", "0", "1"] in said.rows
    assert told["engage"]["isUp"] is False
    assert told["engage"]["downSince"]
    assert told["engage"]["nextTryAt"]
    assert told["worker"]["isAlive"] is True
    assert [(each["kind"], each["store"], each["startedBy"]) for each in told["pauses"]] == [
        ("receipt.post", "101", "anna")
    ]
    assert told["outbox"]["waiting"] == told["outbox"]["attention"] == 1
    assert told["outbox"]["states"]["pending"] == 1
    assert told["oldestWaiting"]["id"] == oldest.pk


def test_list_shows_the_newest_first_a_page_at_a_time_and_says_how_many_more_there_are():
    made = [item().pk for _ in range(5)]
    said = outbox("list", "--limit", 2, "--offset", 1)
    assert [row[0] for row in said.rows] == ["Number", str(made[3]), str(made[2])]
    assert "2 more: --offset 3" in said.err
    assert "more" not in outbox("list", "--offset", 3).err
    assert numbers("--limit", 2, "--offset", 1) == [made[3], made[2]]
    assert outbox("list", "--limit", 1, "--json").document["totalCount"] == 5


def test_list_says_that_nothing_is_like_that():
    assert outbox("list").err == "No item is like that.\n"
    item()
    assert outbox("list", "--offset", 7).err == "There are only 1.\n"


def test_list_takes_the_filters_of_the_screen_and_numbers():
    one = item(state=State.ATTENTION, store="101", reference="R-1")
    two = item(state=State.IN_DOUBT, kind="contact.create", store="102")
    three = item(store="101")
    assert numbers("--state", "attention", "--state", "in_doubt") == [two.pk, one.pk]
    assert numbers("--kind", "contact.create") == [two.pk]
    assert numbers("--store", "101") == [three.pk, one.pk]
    assert numbers("--text", "R-") == [one.pk]
    assert numbers(one.pk, three.pk) == [three.pk, one.pk]
    assert numbers(one.pk, three.pk, "--state", "pending") == [three.pk]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--state", "lost"), "--state: there is no state “lost”; choose from pending, sending, "),
        (("--kind", "no.kind"), "--kind: there is no kind “no.kind”; choose from "),
    ],
)
def test_a_filter_that_makes_no_sense_is_one_sentence_with_the_choices(arguments, words):
    said = outbox("list", *arguments)
    assert said.code == 2
    assert said.err.startswith(words)
    assert "\n" not in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--store", ""),
        ("--text", " "),
        ("--store", "a\nb"),
        ("--store", "s" * 101),
        ("--limit", "0"),
        ("--limit", "501"),
        ("--offset", "-1"),
        ("٣",),
        ("9" * 30,),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(arguments):
    item()
    said = outbox("list", *arguments)
    assert said.code
    assert said.out == ""


def test_too_many_numbers_are_refused():
    assert "at most 1000 numbers" in outbox("list", *range(1, 1002)).err


def test_what_came_from_outside_cannot_steer_a_terminal():
    item(state=State.ATTENTION, reference="\x1b[2Jgone", reason="[red]a\tb\nc\x07")
    (_, row) = outbox("list").rows
    assert row[4] == " [2Jgone"
    assert row[6] == "[red]a b c "


def test_show_tells_the_story_with_the_names_of_the_api():
    made = receipt_posted("101-1")
    said, told = outbox("show", made.pk), outbox("show", made.pk, "--json").document
    assert said.rows[0] == [f"#{made.pk} receipt.post · pending"]
    assert ["Reference", "101-1"] in said.rows
    assert said.rows[-1][2] == "Queued by till"
    assert told["id"] == made.pk
    assert told["reference"] == "101-1"
    assert [entry["title"] for entry in told["timeline"]] == ["Queued by till"]
    assert told["waitsFor"] is None


def test_the_story_says_where_something_went_in_a_bulk_call():
    made = item(state=State.IN_DOUBT, channel=Channel.BULK)
    made.attempts.create(
        started_at=clock.now(),
        duration_ms=7,
        operation="POST /bulk",
        outcome=Outcome.TAKEN_IN,
        channel=Channel.BULK,
        batch_id="b-1",
    )
    assert outbox("show", made.pk).rows[-1][1:3] == [
        "7 ms",
        "POST /bulk: taken in (Bulk API, Engage’s batch b-1)",
    ]


def test_show_says_what_an_item_waits_for():
    def why(pk: int) -> str:
        return outbox("show", pk, "--json").document["nextStep"]

    first, later = item(stream="s"), item(stream="s", store="7")
    soon = item(due_in=3600)
    assert why(first.pk) == "It is due, but no worker is running."
    assert why(later.pk) == f"It goes after number {first.pk}, which is about the same contact."
    assert why(soon.pk) == "It waits a while before the next try."
    assert any(row[0] == "Next try" for row in outbox("show", soon.pk).rows)
    Heartbeat.objects.create(host="a")
    assert why(first.pk) == "It goes in a moment."
    engage_is_away()
    assert why(first.pk) == "It goes as soon as Engage answers again. Nothing is lost."
    pauses.pause(by="anna", reason="moving", store="7")
    assert why(later.pk).startswith("It waits: everything of store 7 is paused.")
    (paused,) = [row[1] for row in outbox("show", later.pk).rows if row[0] == "Paused"]
    assert paused.startswith("Everything of store 7, since ")
    assert paused.endswith("by anna: moving")
    assert outbox("show", later.pk, "--json").document["waitsFor"] == first.pk


@pytest.mark.parametrize("state", [state for state in State if state not in {State.PENDING, State.IN_DOUBT}])
def test_show_has_words_for_every_other_state(state):
    made = item(state=state)
    assert outbox("show", made.pk, "--json").document["nextStep"]


def test_show_of_a_number_that_does_not_exist_is_refused():
    said = outbox("show", 4711, "--json")
    assert (said.out, said.err, said.code) == ("", "There is no item 4711.", 1)


def test_on_a_terminal_there_are_tables_in_colour(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    made = item(state=State.ATTENTION, reason="Article X is blocked in Engage, as it was yesterday")
    listed = outbox("--force-color", "list").out
    assert "\x1b[1;31mattention" in listed
    assert "…" in listed
    assert "\t" not in listed
    assert "─" in outbox("--force-color", "stats").out
    shown = outbox("--force-color", "show", made.pk).out
    assert f"#{made.pk}" in shown
    assert "yesterday" in shown


@pytest.mark.parametrize("columns", [60, 80])
def test_on_a_narrow_terminal_the_reason_stands_whole_below_its_item(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    reason = "Article X is blocked in Engage, as it was yesterday"
    item(state=State.ATTENTION, kind="promotion.redeem", store="Göteborg-12", reference="R-1", reason=reason)
    listed = re.sub(r"\x1b\[[0-9;]*m", "", outbox("--force-color", "list").out)
    assert max(map(len, listed.splitlines())) <= columns
    assert "attention  promotion.redeem  Göteborg-12" in listed
    assert f"R-1 {reason}" in " ".join(listed.split())
    assert "…" not in listed
