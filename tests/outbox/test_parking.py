"""What cannot go costs a claim nothing, and goes as soon as it can."""

import pytest

from engage_portal.outbox import control, streams
from engage_portal.outbox.delivery import claims
from engage_portal.outbox.delivery.recording import record
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.outbox.building import fresh, item, tried

pytestmark = pytest.mark.django_db


def taken(limit: int = 24) -> list[int]:
    return [mine.pk for mine in claims.claim(limit)]


def test_what_waits_for_its_stream_is_parked_and_let_go_in_order():
    made = [item(stream="contact:1") for _ in range(4)]
    for expected in made:
        (mine,) = claims.claim(24)
        assert mine.pk == expected.pk
        assert claims.claim(24) == []
        record([tried(mine)])
    assert Item.objects.filter(is_parked=True).count() == 0


def test_ten_thousand_items_behind_a_stuck_one_are_looked_at_once(django_assert_max_num_queries):
    item(stream="contact:1", kind="contact.create", state=State.ATTENTION)
    Item.objects.bulk_create(
        Item(kind="receipt.post", subject_id="430d3329-7eef-45c0-87f9-ae9300a0dace", stream="contact:1")
        for _ in range(2000)
    )
    for _ in range(3):
        claims.claim(24)
    assert Item.objects.filter(is_parked=False, state=State.PENDING).count() == 0
    free = item(stream="contact:2")
    with django_assert_max_num_queries(8):
        assert taken() == [free.pk]


def test_cancelling_the_stuck_one_lets_the_next_go():
    stuck = item(stream="contact:1", kind="contact.create", state=State.ATTENTION)
    behind = item(stream="contact:1")
    assert taken() == []
    control.cancel(items=Item.objects.filter(pk=stuck.pk), by="sam", reason="A test person.")
    assert taken() == [behind.pk]


def test_a_flag_that_was_forgotten_is_no_licence():
    """Un-parked by mistake: the claim asks the stream again."""
    item(stream="contact:1", due_in=600)
    behind = item(stream="contact:1", is_parked=False)
    assert taken() == []
    assert fresh(behind).is_parked


def test_let_go_frees_only_the_first():
    made = [item(stream="contact:1", is_parked=True) for _ in range(3)]
    streams.let_go(["contact:1"])
    assert [fresh(each).is_parked for each in made] == [False, True, True]


# ── Priorities ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_flood_of_urgent_items_does_not_starve_the_others():
    urgent = {item(priority=10).pk for _ in range(60)}
    receipts = {item(priority=40).pk for _ in range(10)}
    first = set(taken(24))
    assert len(first & receipts) == 2
    assert len(first & urgent) == 22


def test_a_priority_that_has_little_leaves_its_share_to_the_others():
    item(priority=40)
    urgent = {item(priority=10).pk for _ in range(60)}
    assert len(set(taken(24)) & urgent) == 23
