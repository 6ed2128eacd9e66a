"""A sale by a personal key: Engage is asked whose it is before it gets the sale, for it would drop what is nobody's."""

from datetime import timedelta
from uuid import UUID

import pytest

from contacts.models import Contact
from contacts.services.forgetting import contact_gone
from engage_portal.core import clock
from engage_portal.engage import AuthFailed, EngageClient, NotFound
from engage_portal.outbox.delivery.passes import deliver
from engage_portal.outbox.line import breaker, door
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from engage_portal.sandbox.contacts import create
from receipts.models import Receipt
from tests.api.talking import ANNA, ID, RECEIPTS, bring_up, deliver_all, items, know_the_offers, take_down

pytestmark = pytest.mark.django_db
ANNAS = {"matchKey": seeds.ANNA_ID, "matchKeyType": "contactId"}
BENGTS = {"matchKey": seeds.BENGT_ID, "matchKeyType": "contactId"}


def sell(till, receipt_body, key: str, kind: str = "email", **more) -> None:
    body = receipt_body("101-1", contact={"matchKey": key, "matchKeyType": kind, **more})
    assert till.post(RECEIPTS, body).status_code == 202


def sent_to(wire) -> list:
    return [sent.json["contact"] for sent in wire.of("POST", RECEIPTS)]


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (seeds.BENGT_EMAIL, "email"),
        (f" {seeds.BENGT_EMAIL.upper()}", "email"),
    ],
)
def test_whom_only_engage_knows_is_found_when_it_is_sent_and_no_till_waits(
    wire, till, receipt_body, key, kind
):
    sell(till, receipt_body, key, kind)
    assert not wire.sent
    deliver_all()
    assert [each.method for each in wire.sent] == ["GET", "POST"]
    assert sent_to(wire) == [BENGTS]
    sale = Receipt.objects.get()
    assert str(sale.contact.engage_contact_id) == seeds.BENGT_ID
    assert seeds.BENGT_EMAIL not in sale.body
    assert [item.state for item in items()] == [State.ACCEPTED]


@pytest.mark.parametrize("written", ["073-565 43 21", "0735654321", "0046735654321", "+46 73 565 43 21"])
def test_a_phone_number_is_asked_for_as_engage_keeps_it(wire, till, receipt_body, written):
    sell(till, receipt_body, written, "mobilePhone")
    deliver_all()
    assert sent_to(wire) == [ANNAS]


@pytest.mark.parametrize("key", ["nobody@example.com", seeds.CECILIA_EMAIL])
def test_what_is_nobodys_needs_a_person_before_engage_has_seen_it(wire, till, receipt_body, key):
    sell(till, receipt_body, key)
    deliver_all()
    assert not wire.of("POST", RECEIPTS)
    assert [(item.state, item.reason_code) for item in items()] == [(State.ATTENTION, "ContactNotFound")]
    assert key in Receipt.objects.get().body
    assert key not in items()[0].reason


def test_what_is_several_peoples_needs_a_person_too(wire, till, receipt_body):
    bengt = wire.engage.contacts[seeds.BENGT_ID]
    bengt["attributes"]["email"] = seeds.ANNA_EMAIL
    wire.engage.store.put("contact", seeds.BENGT_ID, bengt)
    sell(till, receipt_body, seeds.ANNA_EMAIL)
    deliver_all()
    assert not wire.of("POST", RECEIPTS)
    assert [(item.state, item.reason_code) for item in items()] == [(State.ATTENTION, "MultipleMatches")]


def test_it_is_looked_for_inside_its_type(wire, till, receipt_body):
    sell(till, receipt_body, seeds.CECILIA_EMAIL, contactType="Contact")
    deliver_all()
    assert sent_to(wire) == [{"matchKey": seeds.CECILIA_ID, "matchKeyType": "contactId"}]


def test_a_key_that_engage_can_not_be_asked_for_goes_with_its_type(wire, till, receipt_body):
    sell(till, receipt_body, "4711", "cardId")
    deliver_all()
    assert sent_to(wire) == [{"matchKey": "4711", "matchKeyType": "cardId", "contactType": "Member"}]


def test_a_look_up_without_an_answer_is_made_again(wire, till, receipt_body):
    wire.engage.faults.set("500", endpoint="GET /api/v3/contacts/id", times=1)
    sell(till, receipt_body, seeds.BENGT_EMAIL)
    deliver_all()
    assert sent_to(wire) == [BENGTS]


def test_the_same_sale_is_the_same_after_its_key_was_found_and_forgotten(wire, till, receipt_body):
    for _ in range(2):
        sell(till, receipt_body, "073-565 43 21", "mobilePhone")
        deliver_all()
    assert len(sent_to(wire)) == 1


@pytest.fixture
def moved_phone(wire, till):
    """Our copy says that a number is Anna's; in Engage it is Bengt's by now."""
    till.get(ANNA)
    phone = seeds.ANNA_PHONE
    door.client().update_contact(seeds.ANNA_ID, changes={"mobilePhone": "+46700000001"})
    door.client().update_contact(seeds.BENGT_ID, changes={"mobilePhone": phone})
    wire.sent.clear()
    return phone


def grow_old(**age: int) -> None:
    then = clock.now() - timedelta(**age)
    Contact.objects.update(fetched_at=then, as_of=then, created_at=then)


def test_an_old_copy_is_not_taken_at_its_word_while_engage_answers(wire, till, receipt_body, moved_phone):
    grow_old(days=90)
    sell(till, receipt_body, moved_phone, "mobilePhone")
    deliver_all()
    assert sent_to(wire) == [BENGTS]
    assert str(Receipt.objects.get().contact.engage_contact_id) == seeds.BENGT_ID


def test_a_copy_of_this_week_costs_no_look_up(wire, till, receipt_body):
    till.get(ANNA)
    grow_old(days=6)
    sell(till, receipt_body, seeds.ANNA_EMAIL)
    deliver_all()
    assert not wire.of("GET", ID)
    assert sent_to(wire) == [ANNAS]


def test_a_sale_of_an_outage_is_asked_about_when_it_is_over(wire, till, receipt_body, moved_phone):
    grow_old(days=90)
    take_down(wire)
    sell(till, receipt_body, moved_phone, "mobilePhone")
    assert str(Receipt.objects.get().contact.engage_contact_id) == seeds.ANNA_ID
    bring_up(wire)
    assert sent_to(wire)[-1] == BENGTS


@pytest.mark.parametrize(
    "phone", ["+46 (0)73 - 565 43 21", "0046 (0) 73 565 43 21", " (073) - 565 - 43 - 21  "]
)
def test_a_phone_is_read_however_a_person_wrote_it(wire, till, receipt_body, phone):
    till.get(ANNA)
    sell(till, receipt_body, phone, "mobilePhone")
    assert str(Receipt.objects.get().contact.engage_contact_id) == seeds.ANNA_ID


@pytest.mark.parametrize(("kind", "longer"), [("memberNumber", 41), ("externalId", 61), ("email", 300)])
def test_a_key_that_is_longer_than_any_kept_here_is_taken_for_engage_to_read(
    wire, till, receipt_body, kind, longer
):
    key = "x" * longer if kind != "email" else f"{'x' * longer}@example.com"
    sell(till, receipt_body, key, kind)
    assert Receipt.objects.get().contact is None


def test_a_sale_to_a_deleted_contact_is_kept_with_a_warning_and_does_not_leave(wire, till, receipt_body):
    till.get(ANNA)
    contact_gone(engage_contact_id=UUID(seeds.ANNA_ID))
    answer = till.post(RECEIPTS, receipt_body("101-1"))
    assert (answer.status_code, [each["field"] for each in answer.json()["warnings"]]) == (
        202,
        ["contact.matchKey"],
    )
    deliver_all()
    assert not wire.of("POST", RECEIPTS)
    (item,) = items(kind="receipt.post")
    assert (item.state, item.reason_code) == (State.ATTENTION, "ContactNotFound")


def test_a_sale_from_before_the_deletion_still_goes(wire, till, receipt_body):
    till.get(ANNA)
    take_down(wire)
    assert till.post(RECEIPTS, receipt_body("101-1")).content == b""
    contact_gone(engage_contact_id=UUID(seeds.ANNA_ID))
    bring_up(wire)
    assert {sent.json["uniqueReceiptId"] for sent in wire.of("POST", RECEIPTS)} == {"101-1"}


def test_who_signs_up_elsewhere_at_that_moment_gets_the_sale(wire, till, receipt_body):
    sell(till, receipt_body, "new@example.com")
    deliver(seconds=30)
    assert [item.state for item in items()] == [State.PENDING]
    born = create(wire.engage, {"email": "new@example.com"}, "Member", store=None, is_approved=True)
    deliver_all()
    assert sent_to(wire) == [{"matchKey": born["id"], "matchKeyType": "contactId"}]


@pytest.mark.parametrize("custom_keys", [("memberNumber",), ("externalId",), ("memberNumber", "externalId")])
def test_a_number_is_never_taken_for_another_kind_of_number(wire, till, receipt_body, custom_keys):
    """Engage reads a custom key as the one that the tenant chose: Bengt's external id is Anna's member number here."""
    bengt = wire.engage.contacts[seeds.BENGT_ID]
    bengt["attributes"]["externalId"] = seeds.ANNA_MEMBER_NUMBER
    wire.engage.store.put("contact", seeds.BENGT_ID, bengt)
    wire.engage.configure(custom_keys=custom_keys)
    sell(till, receipt_body, seeds.ANNA_MEMBER_NUMBER, "memberNumber")
    deliver_all()
    by_key = {"matchKey": seeds.ANNA_MEMBER_NUMBER, "matchKeyType": "memberNumber", "contactType": "Member"}
    assert sent_to(wire) == [ANNAS if custom_keys == ("memberNumber",) else by_key]


@pytest.mark.parametrize(
    "refused", [AuthFailed("", status=403), NotFound("", status=404)], ids=["forbidden", "no such address"]
)
def test_where_nobody_may_ask_it_goes_by_its_key(wire, till, receipt_body, monkeypatch, refused):
    def find(*_: object, **__: object) -> None:
        raise refused

    monkeypatch.setattr(EngageClient, "find_contact_id", find)
    sell(till, receipt_body, seeds.BENGT_EMAIL)
    deliver_all()
    assert sent_to(wire) == [
        {"matchKey": seeds.BENGT_EMAIL, "matchKeyType": "email", "contactType": "Member"}
    ]
    assert breaker.is_closed()


def test_what_was_used_is_not_named_after_somebody_else(wire, till, receipt_body, moved_phone):
    """The copy knows an offer of Anna's; the sale turns out to be Bengt's."""
    know_the_offers(till)
    grow_old(days=90)
    used = [{"promotionId": seeds.PERCENT_TEMPLATE_ID}]
    contact = {"matchKey": moved_phone, "matchKeyType": "mobilePhone"}
    assert till.post(RECEIPTS, receipt_body("101-1", contact=contact, usedPromotions=used)).status_code == 202
    wire.sent.clear()
    deliver_all()
    (sent,) = wire.of("POST", RECEIPTS)
    assert (sent.json["contact"], sent.json["usedPromotions"]) == (BENGTS, used)
