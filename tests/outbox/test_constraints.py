"""What the database itself refuses, whichever code asks for it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from engage_portal.core import clock
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import OPEN, State
from tests.outbox.building import fresh, item

pytestmark = pytest.mark.django_db
LEASE = {"lease_token": uuid4(), "lease_until": clock.now() + timedelta(minutes=1)}


def refused(made: Item, constraint: str, **changes) -> None:
    before = fresh(made)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Item.objects.filter(pk=made.pk).update(**changes)
    assert fresh(made).state == before.state


def test_a_state_has_to_be_known():
    refused(item(state=State.ACCEPTED), "outbox_item_", state="lost")


@pytest.mark.parametrize("missing", ["lease_token", "lease_until"])
def test_sending_needs_a_whole_lease(missing):
    refused(item(), "outbox_item_lease_only_while_sending", state=State.SENDING, **{**LEASE, missing: None})


@pytest.mark.parametrize("state", sorted(set(State.values) - {"sending"}))
@pytest.mark.parametrize("part", ["lease_token", "lease_until"])
def test_nobody_else_holds_a_lease(state, part):
    refused(item(state=State(state)), "outbox_item_lease_only_while_sending", **{part: LEASE[part]})


def test_attention_has_a_reason():
    refused(item(), "outbox_item_attention_has_a_reason", state=State.ATTENTION, reason="")


@pytest.mark.parametrize("state", sorted(OPEN))
def test_an_open_item_is_not_finished(state):
    refused(item(state=State(state)), "outbox_item_open_xor_finished", finished_at=clock.now())


@pytest.mark.parametrize("state", sorted(set(State.values) - set(OPEN)))
def test_a_settled_item_says_when_it_was_finished(state):
    refused(item(state=State(state)), "outbox_item_open_xor_finished", finished_at=None)
