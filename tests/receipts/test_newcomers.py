"""A sale with contact data attached: on reconnect the person is looked up; found, the sale is tagged; not found, created first."""

import pytest

from contacts.models import Answer, Contact
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from receipts.models import Receipt
from tests.api.talking import (
    CONTACTS,
    RECEIPTS,
    bring_up,
    code_of,
    deliver_all,
    items,
    new_contact,
    take_down,
)

pytestmark = pytest.mark.django_db
FRIDA = {"firstName": "Frida", "lastName": "Falk", "countryCode": "SE", "preferences": {"acceptsEmail": True}}


def sale(receipt_body, number: str = "101-1", *, key="frida@example.com", kind="email", person=FRIDA) -> dict:
    return receipt_body(number, contact={"matchKey": key, "matchKeyType": kind, "person": person})


def of(engage, email: str = "frida@example.com") -> list[dict]:
    return engage.engage.with_key("email", email)


def tagged_to(engage, number: str) -> str:
    return engage.engage.received[number]["body"]["contact"]["matchKey"]


@pytest.mark.parametrize("is_down", [True, False])
def test_somebody_new_is_created_first_and_gets_the_sale(engage, till, receipt_body, is_down):
    if is_down:
        take_down(engage)
    assert till.post(RECEIPTS, sale(receipt_body)).status_code == 202
    assert [item.kind for item in items()] == ["contact.create", "receipt.post"]
    bring_up(engage)
    bring_up(engage)
    (there,) = of(engage)
    assert there["attributes"]["firstName"] == "Frida"
    assert there["preferences"]["acceptsEmail"] is True
    assert tagged_to(engage, "101-1") == there["id"]
    assert Answer.objects.get().channel == "POS"


@pytest.mark.parametrize("kind", ["email", "mobilePhone"])
def test_a_phone_number_is_as_long_as_its_digits_however_it_was_written(engage, till, receipt_body, kind):
    phone, email = "+46 (0) 73 - 565 43 99 ", "frida@example.com"
    key, other = (phone, {"email": email}) if kind == "mobilePhone" else (email, {"mobilePhone": phone})
    body = sale(receipt_body, key=key, kind=kind, person=FRIDA | other)
    assert till.post(RECEIPTS, body).status_code == 202
    bring_up(engage)
    bring_up(engage)
    (there,) = of(engage)
    assert there["attributes"]["mobilePhone"] == "+46735654399"
    assert tagged_to(engage, "101-1") == there["id"]


def test_somebody_whom_engage_knows_is_only_tagged(engage, till, receipt_body):
    take_down(engage)
    body = sale(receipt_body, key=seeds.BENGT_EMAIL, person={"firstName": "Bertil", "careOf": "Berlucci"})
    assert till.post(RECEIPTS, body).status_code == 202
    bring_up(engage)
    bring_up(engage)
    there = engage.engage.contacts[seeds.BENGT_ID]["attributes"]
    assert (there["firstName"], there["careOf"]) == ("Bengt", "Berlucci")  # only what Engage lacked
    assert tagged_to(engage, "101-1") == seeds.BENGT_ID
    assert len(of(engage, seeds.BENGT_EMAIL)) == 1


def test_somebody_who_is_in_the_copy_is_tagged_at_once(engage, till, receipt_body):
    till.get(f"{CONTACTS}/{seeds.ANNA_ID}")
    take_down(engage)
    assert till.post(RECEIPTS, sale(receipt_body, key=seeds.ANNA_EMAIL)).status_code == 202
    assert [item.kind for item in items()] == ["receipt.post"]
    bring_up(engage)
    assert engage.engage.contacts[seeds.ANNA_ID]["attributes"]["firstName"] == "Anna"
    assert tagged_to(engage, "101-1") == seeds.ANNA_ID


def test_several_sales_in_one_outage_are_one_person(engage, till, receipt_body):
    take_down(engage)
    for number in range(3):
        assert till.post(RECEIPTS, sale(receipt_body, f"101-{number}")).status_code == 202
    assert till.post(CONTACTS, new_contact(email="frida@example.com")).status_code == 409
    bring_up(engage)
    bring_up(engage)
    (there,) = of(engage)
    assert {tagged_to(engage, f"101-{number}") for number in range(3)} == {there["id"]}
    assert {item.state for item in items(kind="contact.create")} == {State.DELIVERED}


def test_the_same_sale_again_is_one_sale_and_one_person(engage, till, receipt_body):
    take_down(engage)
    for _ in range(3):
        assert till.post(RECEIPTS, sale(receipt_body)).status_code == 202
    assert (Receipt.objects.count(), Contact.objects.count(), len(items())) == (1, 1, 2)


def test_a_sale_that_clashes_leaves_nobody_behind(engage, till, receipt_body):
    take_down(engage)
    till.post(RECEIPTS, receipt_body("101-1"))
    assert till.post(RECEIPTS, sale(receipt_body)).status_code == 409
    assert not Contact.objects.filter(email="frida@example.com").exists()


def test_what_the_till_knows_of_the_person_is_not_kept_with_the_receipt(engage, till, receipt_body):
    take_down(engage)
    till.post(RECEIPTS, sale(receipt_body))
    assert "Falk" not in Receipt.objects.get().body
    bring_up(engage)
    deliver_all()
    assert "Falk" not in str(engage.engage.received)


def test_below_level_4_nobody_is_registered_while_engage_is_away_and_the_sale_is_kept(
    engage, till, receipt_body, settings
):
    settings.ENGAGE_LEVEL = 3
    take_down(engage)
    answer = till.post(RECEIPTS, sale(receipt_body))
    assert answer.status_code == 202
    assert [each["field"] for each in answer.json()["warnings"]] == ["contact.person"]
    assert not Contact.objects.exists()
    assert [item.kind for item in items()] == ["receipt.post"]


@pytest.mark.parametrize(
    ("contact", "field"),
    [
        (
            {"matchKey": "frida@example.com", "matchKeyType": "email", "person": {"firstName": 7}},
            "contact.person.firstName",
        ),
        ({"matchKey": "nonsense", "matchKeyType": "email", "person": {"firstName": "F"}}, "contact.matchKey"),
        (
            {"matchKey": seeds.ANNA_ID, "matchKeyType": "contactId", "person": {"firstName": "F"}},
            "contact.person",
        ),
        (
            {"matchKey": "a@b.se", "matchKeyType": "email", "person": {"contactType": "Member"}},
            "contact.person.contactType",
        ),
        ({"matchKey": "a@b.se", "matchKeyType": "email", "person": "Frida"}, "contact.person"),
    ],
)
def test_what_is_wrong_with_the_person_is_named(engage, till, receipt_body, contact, field):
    answer = till.post(RECEIPTS, receipt_body("101-1", contact=contact))
    assert (answer.status_code, code_of(answer)) == (422, "ValidationError")
    assert [each["field"] for each in answer.json()["validationErrors"]] == [field]
    assert not Receipt.objects.exists()
    assert not Contact.objects.exists()
