"""Somebody has the line's row and was stopped with it: a till is answered in time, from what is known here."""

import pytest
from django.db import connection

from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.api.talking import ANNA, ASSIGNMENTS, CHECKOUT, RECEIPTS, items, new_contact, redeem_path
from tests.api.talking import CONTACTS as CONTACTS_PATH
from tests.outbox.holding import held_by_another, meanwhile

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite",
        reason="one writer at a time: nothing of ours holds the file for so long",
    ),
]


@pytest.fixture(autouse=True)
def known(engage, till, settings):
    """Anna and her offers were seen before; whoever waits now does so for a moment."""
    assert till.get(ANNA).status_code == 200
    assert till.get(ASSIGNMENTS, {"contactId": seeds.ANNA_ID}).status_code == 200
    engage.engage.requests.clear()
    settings.PORTAL_TIME_BUDGET = 0.6


def test_the_checkout_has_the_copy(engage, till):
    with held_by_another():
        answer = meanwhile(lambda: till.post(CHECKOUT, {"contactId": seeds.ANNA_ID, "channel": "POS"}))
    assert (answer.status_code, answer.json()["contact"]["firstName"]) == (200, "Anna")
    assert seeds.ANNA_MONEY_ID in [offer["id"] for offer in answer.json()["offers"]]
    assert not engage.engage.requests


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (redeem_path(seeds.ANNA_MONEY_ID), {"redemptionChannel": "POS"}),
        (CONTACTS_PATH, new_contact()),
    ],
    ids=["redemption", "sign-up"],
)
def test_what_would_be_live_is_kept(engage, till, path, body):
    with held_by_another():
        assert meanwhile(lambda: till.post(path, body)).status_code == 202
    assert [item.state for item in items()] == [State.PENDING]
    assert not engage.engage.requests


def test_a_sale_is_taken(engage, till, receipt_body):
    with held_by_another():
        assert meanwhile(lambda: till.post(RECEIPTS, receipt_body("held-1"))).status_code == 202
    assert [item.state for item in items()] == [State.PENDING]
