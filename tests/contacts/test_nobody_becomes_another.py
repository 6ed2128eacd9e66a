"""A phone number that somebody gave must never make them the person who has it."""

import pytest

from contacts.models import Contact
from engage_portal.accounts.access import Visit
from engage_portal.accounts.models import User
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from receipts.models import Receipt
from tests.api.talking import ANNA, CONTACTS, ID, RECEIPTS, bring_up, items, take_down

pytestmark = pytest.mark.django_db
_MALLORY = {"firstName": "Mallory", "email": "mallory@example.com", "mobilePhone": seeds.ANNA_PHONE}


def test_a_sign_up_with_anothers_phone_number_waits_for_a_person(wire, till):
    take_down(wire)
    born = till.post(CONTACTS, _MALLORY).json()["id"]
    bring_up(wire)
    item = Item.objects.get()
    assert (item.state, item.reason_code) == ("attention", "KeyOfAnotherContact")
    assert Contact.objects.get(pk=born).same_as is None
    assert till.get(f"{CONTACTS}/{born}").json()["attributes"]["firstName"] == "Mallory"


def test_an_open_session_never_moves_to_somebody_with_another_address(db):
    from django.core.exceptions import PermissionDenied

    anna = Contact.objects.create(email=seeds.ANNA_EMAIL, engage_contact_id=seeds.ANNA_ID)
    mallory = Contact.objects.create(same_as=anna)
    user = User.objects.create(username="m", email="mallory@example.com", contact=mallory)
    with pytest.raises(PermissionDenied):
        Visit(user)


def test_an_open_session_goes_on_as_the_member_whose_address_it_proved(db):
    anna = Contact.objects.create(email=seeds.ANNA_EMAIL, engage_contact_id=seeds.ANNA_ID)
    before = Contact.objects.create(same_as=anna)
    user = User.objects.create(username="a", email=seeds.ANNA_EMAIL, contact=before)
    assert Visit(user).contact == anna


def test_a_change_made_before_a_known_member_was_recognised_still_reaches_engage(wire, engage, till):
    take_down(wire)
    born = till.post(CONTACTS, {"email": seeds.BENGT_EMAIL, "firstName": "B"}).json()["id"]
    change = {"city": "Kiruna", "preferences": {"acceptsEmail": False}}
    assert till.patch(f"{CONTACTS}/{born}", change).status_code == 202
    bring_up(wire)
    bengt = engage.engage.contacts[seeds.BENGT_ID]
    assert (bengt["attributes"]["city"], bengt["preferences"]["acceptsEmail"]) == ("Kiruna", False)
    assert bengt["attributes"]["firstName"] == "Bengt"


def test_a_code_only_goes_to_an_address_that_engage_still_has(engage, till):
    from contacts.services import contact_for_sign_in
    from engage_portal.core.clock import Deadline

    till.get(f"{CONTACTS}/{seeds.CECILIA_ID}")
    assert contact_for_sign_in(email=seeds.CECILIA_EMAIL, deadline=Deadline.after(20)) is not None
    import httpx
    from django.conf import settings

    headers = {"apikey": "x", "User-Agent": "test/1", "Content-Type": "application/json"}
    changed = httpx.patch(
        f"{settings.ENGAGE_BASE_URL}/api/v3/contacts/{seeds.CECILIA_ID}",
        headers=headers,
        json={"email": "cecilia.new@example.com"},
    )
    assert changed.status_code in {200, 202}
    assert contact_for_sign_in(email=seeds.CECILIA_EMAIL, deadline=Deadline.after(20)) is None
    found = contact_for_sign_in(email="cecilia.new@example.com", deadline=Deadline.after(20))
    assert str(found.engage_contact_id) == seeds.CECILIA_ID


def test_a_key_that_engage_refused_to_give_finds_its_owner(engage, till, receipt_body):
    till.get(ANNA)
    take_down(engage)
    assert till.patch(ANNA, {"email": seeds.BENGT_EMAIL}).status_code == 202
    bring_up(engage)
    assert [item.state for item in items()] == [State.ATTENTION]
    assert till.get(ID, {"email": seeds.BENGT_EMAIL}).json() == seeds.BENGT_ID
    body = receipt_body("bengts-1") | {"contact": {"matchKey": seeds.BENGT_EMAIL, "matchKeyType": "email"}}
    assert till.post(RECEIPTS, body).status_code == 202
    assert str(Receipt.objects.get().contact.engage_contact_id) == seeds.BENGT_ID


def test_a_sale_by_a_key_that_somebody_only_wants_to_have_is_not_theirs(wire, till, receipt_body):
    till.get(ANNA)
    take_down(wire)
    assert till.patch(ANNA, {"email": seeds.BENGT_EMAIL}).status_code == 202
    body = {**receipt_body("101-1"), "contact": {"matchKey": seeds.BENGT_EMAIL, "matchKeyType": "email"}}
    assert till.post(RECEIPTS, body).status_code == 202
    sale = Receipt.objects.get()
    assert sale.contact is None
    bring_up(wire)
    sale.refresh_from_db()
    assert seeds.ANNA_ID not in sale.body


def test_a_sale_by_a_new_key_goes_out_after_the_change_that_brings_it(wire, engage, till, receipt_body):
    till.get(ANNA)
    take_down(wire)
    assert till.patch(ANNA, {"email": "anna.new@example.com"}).status_code == 202
    body = {**receipt_body("101-1"), "contact": {"matchKey": "anna.new@example.com", "matchKeyType": "email"}}
    assert till.post(RECEIPTS, body).status_code == 202
    bring_up(wire)
    assert {item.state for item in items()} <= {State.DELIVERED, State.ACCEPTED}
    assert engage.engage.posted("101-1") == 1
