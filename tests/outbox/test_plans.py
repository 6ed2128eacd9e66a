"""What runs again and again reads an index that holds only what it wants, however long the history is."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from engage_portal.core import clock
from engage_portal.outbox import streams
from engage_portal.outbox.delivery import claims
from engage_portal.outbox.line import outages
from engage_portal.outbox.models import Item, Outage
from engage_portal.outbox.states import State
from tests.bench import plans
from tests.outbox.building import unsaved

pytestmark = pytest.mark.django_db

HISTORY = 3000
"""How many items settled, one a minute."""


@pytest.fixture(autouse=True)
def a_long_history():
    """Much that settled, some of everything else: enough that an index of too much would cost more."""
    now = clock.now()
    Item.objects.bulk_create(
        Item(
            kind="receipt.post",
            subject_id=uuid4(),
            stream=f"contact:{number}",
            state=State.DELIVERED,
            holds=False,
            finished_at=now - timedelta(minutes=number),
        )
        for number in range(HISTORY)
    )
    Item.objects.bulk_create(unsaved(state=state) for state in State for _ in range(100))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Indexes are as big as other tests left them, and PostgreSQL goes by size.
            cursor.execute("REINDEX TABLE outbox_item")
            cursor.execute("ANALYZE outbox_item")


def plan_of(rows) -> str:
    """How the database would read these rows."""
    return rows.explain()


def test_a_claim():
    plans.check(plans.claim_plan())


def test_a_claim_sorts_nothing():
    free = claims.due(clock.now()).filter(priority=40).order_by("not_before", "pk")
    plan = plan_of(free.values_list("pk", streams.held_back())[:24])
    assert "outbox_item_due" in plan, plan
    assert "outbox_item_holds" in plan, plan
    assert "TEMP B-TREE" not in plan, plan


def test_the_next_priority_is_an_index_probe():
    waiting = Item.objects.claimable().filter(is_parked=False)
    assert "outbox_item_due" in plan_of(waiting.filter(priority__gt=20).order_by("priority")[:1])


def test_the_looks_that_are_due():
    due = Item.objects.filter(
        state=State.ACCEPTED, priority=40, not_before__lte=clock.now(), kind="receipt.post"
    )
    plan = plan_of(due.order_by("not_before", "pk")[:200])
    assert "outbox_item_accepted" in plan, plan
    assert "TEMP B-TREE" not in plan, plan


def test_the_oldest_that_waits():
    assert "outbox_item_waiting" in plan_of(Item.objects.moving_oldest_first()[:1])


def test_what_goes_before_in_a_stream():
    before = Item.objects.filter(holds=True, stream="contact:1", pk__lt=10**9).order_by("pk")
    assert "outbox_item_holds" in plan_of(before[:1])


def test_letting_go_of_a_stream():
    heads = Item.objects.filter(holds=True, stream__in=["contact:1", "contact:2"])
    assert "outbox_item_holds" in plan_of(heads)


def test_an_update_that_still_waits():
    waiting = Item.objects.waiting_in("contact:1").filter(kind="contact.update")
    assert "outbox_item_holds" in plan_of(waiting.order_by("-pk")[:1])


def test_what_settled_long_ago():
    """Few of many, as each purge finds it: of a fifth of a small table, a planner may as well read all."""
    old = Item.objects.filter(finished_at__lt=clock.now() - timedelta(minutes=HISTORY - 50))
    assert "outbox_item_finished" in plan_of(old.order_by("finished_at")[:1000])


def test_the_held_back_are_found_without_reading_everything():
    assert "outbox_item_holds" in plan_of(Item.objects.filter(pk=1).exclude(streams.held_back()))


def test_what_was_kept_in_an_outage():
    """A span of the primary key, however many items there are before it and behind it."""
    now = clock.now()
    last = Item.objects.order_by("-pk").values_list("pk", flat=True)[0]
    outage = Outage(began_at=now, ended_at=now, first_item=last - 20, last_item=last - 10)
    plan = plan_of(outages.items_of(outage))
    assert re.search(r"outbox_item_pkey|PRIMARY KEY \(rowid>\? AND rowid<\?\)", plan), plan
