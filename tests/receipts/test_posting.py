"""`POST /api/v3/receipts`: 202 at once, once per uniqueReceiptId, whatever Engage does."""

import json

import pytest
from django.utils.timezone import localtime

from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from receipts.models import Receipt
from tests.api.talking import ID, OUTBOX, RECEIPTS, bring_up, code_of, deliver_all, items, take_down
from tests.conftest import client_with

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("mode", ["up", "down", "hang", "500", "html503", "429"])
def test_the_answer_is_202_without_a_body_and_asks_nobody(engage, till, receipt_body, mode):
    engage.engage.faults.set(mode)
    till.post(RECEIPTS, receipt_body("warm"))
    answer = till.post(RECEIPTS, receipt_body("101-1"))
    assert (answer.status_code, answer.content) == (202, b"")
    assert "Content-Type" not in answer.headers
    assert not engage.engage.requests  # the one that hangs would never have let it answer
    engage.engage.faults.clear()


def test_the_same_receipt_gets_the_same_answer_and_is_sent_once(engage, till, receipt_body):
    body = receipt_body("101-1")
    shuffled = dict(reversed(body.items()))
    for each in (body, body, shuffled, {**body, "totalGrossPrice": 200}):
        answer = till.post(RECEIPTS, each)
        assert (answer.status_code, answer.content) == (202, b"")
    assert Receipt.objects.count() == 1
    assert len(items()) == 1
    deliver_all()
    assert till.post(RECEIPTS, body).status_code == 202
    deliver_all()
    assert engage.engage.posted("101-1") == 1


def test_the_order_of_members_and_blanks_do_not_make_another_receipt(engage, till, receipt_body):
    body = receipt_body("101-1")
    raw = json.dumps(dict(reversed(body.items())), indent=4)
    assert till.post(RECEIPTS, body).status_code == 202
    assert (
        till.generic("POST", RECEIPTS, raw, content_type="application/json; charset=utf-8").status_code == 202
    )
    assert Receipt.objects.count() == 1


def test_a_receipt_that_staff_gave_up_is_409_and_not_a_202_that_sends_nothing(engage, till, receipt_body):
    take_down(engage)
    till.post(RECEIPTS, receipt_body("101-1"))
    (item,) = items()
    till.post(f"{OUTBOX}/{item.pk}/cancel", {"reason": "rung up twice"})
    answer = till.post(RECEIPTS, receipt_body("101-1"))
    assert (answer.status_code, code_of(answer)) == (409, "ReceiptGivenUp")
    Item.objects.all().delete()  # as the queue does in the end with what is settled
    assert till.post(RECEIPTS, receipt_body("101-1")).status_code == 409
    assert till.post(RECEIPTS, receipt_body("101-2")).status_code == 202
    bring_up(engage)
    assert (engage.engage.posted("101-1"), engage.engage.posted("101-2")) == (0, 1)


def test_other_content_under_a_known_id_is_409_with_store_and_time(engage, till, receipt_body):
    till.post(RECEIPTS, receipt_body("101-1"))
    for other in (receipt_body("101-1", article="A-2"), receipt_body("101-1", receiptNumber="x")):
        answer = till.post(RECEIPTS, other)
        assert (answer.status_code, code_of(answer)) == (409, "ReceiptIdTaken")
        recorded = Receipt.objects.get().recorded_at
        assert "store 101" in answer.json()["message"]
        assert f"{localtime(recorded):%Y-%m-%d at %H:%M}" in answer.json()["message"]
    assert len(items()) == 1
    deliver_all()
    assert engage.engage.posted("101-1") == 1
    assert till.post(RECEIPTS, receipt_body("101-1", article="A-2")).status_code == 409


def test_a_key_of_one_store_cannot_post_for_another(engage, till, api_key, receipt_body):
    answer = till.post(RECEIPTS, receipt_body("102-1", storeExternalId="102"))
    assert (answer.status_code, code_of(answer)) == (403, "PermissionDenied")
    assert "store 101" in answer.json()["message"]
    assert not Receipt.objects.exists()
    assert not items()
    shop = client_with(api_key(name="shop", store=""))
    assert shop.post(RECEIPTS, receipt_body("102-1", storeExternalId="102")).status_code == 202


def test_receipts_arrive_once_and_in_order_after_an_outage(engage, till, receipt_body):
    take_down(engage)
    ids = [f"101-{number}" for number in range(1, 8)]
    for unique in ids:
        assert till.post(RECEIPTS, receipt_body(unique)).status_code == 202
    bring_up(engage)
    assert list(engage.engage.received) == ids
    assert {engage.engage.posted(unique) for unique in ids} == {1}
    assert {item.state for item in items()} == {State.ACCEPTED}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", " ANNA@example.com"),
        ("mobilePhone", "0735654321"),
        ("memberNumber", seeds.ANNA_MEMBER_NUMBER),
    ],
)
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_a_personal_key_becomes_the_contact_id_and_from_level_3_the_copy_knows_it(
    wire, till, receipt_body, settings, kind, value, level
):
    till.get(f"/api/v3/contacts/{seeds.ANNA_ID}")
    settings.ENGAGE_LEVEL = level
    till.post(RECEIPTS, receipt_body("101-1", contact={"matchKey": value, "matchKeyType": kind}))
    assert not wire.of("GET", ID)
    deliver_all()
    (sent,) = wire.of("POST", RECEIPTS)
    assert sent.json["contact"] == {"matchKey": seeds.ANNA_ID, "matchKeyType": "contactId"}
    assert len(wire.of("GET", ID)) == (0 if level >= 3 else 1)
    kept = Receipt.objects.get().body
    assert value.strip() not in kept
    assert '"matchKeyType":"contactId"' in kept


def test_a_key_that_two_people_have_is_left_to_engage(wire, till, receipt_body):
    for contact_id in (seeds.DANA_MEMBER_ID, seeds.DANA_CONTACT_ID):
        till.get(f"/api/v3/contacts/{contact_id}")
    tag = {"matchKey": seeds.DANA_EMAIL, "matchKeyType": "email"}
    till.post(RECEIPTS, receipt_body("101-1", contact=tag))
    till.post(RECEIPTS, receipt_body("101-2", contact={**tag, "contactType": "Contact"}))
    deliver_all()
    tagged = {sent.json["uniqueReceiptId"]: sent.json["contact"] for sent in wire.of("POST", RECEIPTS)}
    assert tagged == {
        "101-1": {"matchKey": seeds.DANA_MEMBER_ID, "matchKeyType": "contactId"},
        "101-2": {"matchKey": seeds.DANA_CONTACT_ID, "matchKeyType": "contactId"},
    }


def test_a_refused_receipt_stands_under_attention_with_engages_reason(engage, till, receipt_body):
    till.post(RECEIPTS, receipt_body("101-1", article="REFUSE"))
    till.post(RECEIPTS, receipt_body("101-2"))
    deliver_all()
    refused, taken = items()
    assert (refused.state, refused.reason_code) == (State.ATTENTION, "ValidationError")
    assert "REFUSE" in refused.reason
    assert taken.state == State.ACCEPTED
