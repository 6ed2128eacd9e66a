"""What people are told about an item and a pause: the screens, the API and commands all say it in these words."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from engage_portal.outbox.models import Item, Pause
from engage_portal.outbox.pauses import Pauses
from engage_portal.outbox.states import CLAIMABLE, Channel, State
from engage_portal.outbox.words import kind_label, next_step, pause_over, scope, scope_inside

FIRST = Item(pk=7)
DOUBT = "An earlier try may have arrived. The portal looks in Engage first and sends what is missing."
IN_BULK = "It went in a bulk call. It counts as delivered once it is seen in Engage."


def said(state: str = State.PENDING, *, channel: str = Channel.API, due_in: float = -1, **more) -> str:
    made = Item(state=state, channel=channel, not_before=clock.now() + timedelta(seconds=due_in))
    return next_step(
        made, **{"pause": None, "waits_for": None, "is_line_up": True, "has_worker": True, **more}
    )


@pytest.mark.parametrize("state", State.values)
def test_every_state_has_a_sentence_about_what_is_next(state):
    assert said(state).endswith(".")


def test_what_engage_accepted_says_how_long_engage_takes():
    assert "usually within a quarter of an hour, sometimes an hour" in said(State.ACCEPTED)


@pytest.mark.parametrize(
    ("hindrance", "sentence"),
    [
        ({}, "It goes in a moment."),
        ({"has_worker": False}, "It is due, but no worker is running."),
        ({"due_in": 60}, "It waits a while before the next try."),
        ({"due_in": 60, "is_line_up": False}, "It goes as soon as Engage answers again. Nothing is lost."),
        (
            {"is_line_up": False, "waits_for": FIRST},
            "It goes after number 7, which is about the same contact.",
        ),
        (
            {"waits_for": FIRST, "pause": Pause(kind="receipt.post", store="101")},
            "It waits: every receipt of store 101 is paused. It goes on by itself once the pause is over.",
        ),
    ],
)
def test_what_waits_says_what_keeps_it_from_going(hindrance, sentence):
    assert said(**hindrance) == sentence


@pytest.mark.parametrize(("channel", "note"), [(Channel.API, DOUBT), (Channel.BULK, IN_BULK)])
def test_what_is_in_doubt_says_so_and_what_keeps_it(channel, note):
    for hindrance, sentence in (
        ({}, ""),
        ({"due_in": 60}, " It waits a while before the next look."),
        ({"is_line_up": False}, " It goes on as soon as Engage answers again. Nothing is lost."),
        ({"waits_for": FIRST}, " It goes on after number 7, which is about the same contact."),
        ({"has_worker": False}, " It is due, but no worker is running."),
    ):
        assert said(State.IN_DOUBT, channel=channel, **hindrance) == f"{note}{sentence}"


def test_a_worker_and_a_pause_do_not_matter_to_what_does_not_wait():
    delivered = said(State.DELIVERED)
    assert said(State.DELIVERED, has_worker=False, is_line_up=False) == delivered


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({}, "Everything"),
        ({"kind": "receipt.post"}, "Every receipt"),
        ({"store": "101"}, "Everything of store 101"),
        ({"kind": "contact.create", "store": "Åre"}, "Every new contact of store Åre"),
        ({"kind": "gone.kind"}, "Every gone.kind"),
    ],
)
def test_a_pause_is_named_by_what_it_holds(part, words):
    assert scope(Pause(**part)) == words
    assert scope_inside(Pause(**part)) == f"e{words[1:]}"


def test_a_kind_that_nobody_knows_any_more_is_its_own_name():
    assert (kind_label("receipt.post"), kind_label("gone.kind")) == ("Receipt", "gone.kind")


@pytest.mark.parametrize("state", State.values)
def test_the_oldest_pause_over_what_would_go_is_found(state):
    other, first, second = Pause(store="102"), Pause(store="101"), Pause()
    found = pause_over(Item(state=state, kind="receipt.post", store="101"), Pauses((other, first, second)))
    assert found is (first if state in CLAIMABLE else None)
