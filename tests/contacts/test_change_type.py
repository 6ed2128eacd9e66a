"""`POST /api/v3/contacts/{id}/updateContactType`: the only way to another type, after the data that it needs."""

import pytest

from contacts.models import Contact
from engage_portal.accounts.services import customer_user
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.api.talking import CONTACTS, bring_up, code_of, items, new_contact, take_down

pytestmark = pytest.mark.django_db
CECILIA = f"{CONTACTS}/{seeds.CECILIA_ID}"
UPGRADE = f"{CECILIA}/updateContactType?contactTypeId=Member"


def type_in_engage(engage, contact_id=seeds.CECILIA_ID) -> str:
    return engage.engage.contacts[contact_id]["contactType"]


def test_somebody_becomes_a_member_at_once(engage, till):
    answer = till.post(UPGRADE)
    assert (answer.status_code, answer.json()["meta"]) == (200, {"contactType": "Member"})
    assert type_in_engage(engage) == "Member"
    assert till.get(CECILIA).json()["attributes"]["memberNumber"]
    assert till.post(UPGRADE).status_code == 200
    assert engage.engage.count_requests("POST", f"{CECILIA}/updateContactType") == 1


def test_while_engage_is_down_it_waits_behind_the_data_that_it_needs(engage, till):
    till.get(CECILIA)
    take_down(engage)
    assert till.patch(CECILIA, {"lastName": "Carlsdotter"}).status_code == 202
    answer = till.post(UPGRADE)
    assert (answer.status_code, answer.json()["meta"]) == (202, {"contactType": "Contact"})
    assert till.post(UPGRADE).status_code == 202
    assert [item.kind for item in items()] == ["contact.update", "contact.change_type"]
    bring_up(engage)
    assert type_in_engage(engage) == "Member"
    assert {item.state for item in items()} == {State.DELIVERED}
    assert till.get(CECILIA).json()["meta"] == {"contactType": "Member"}


def test_somebody_born_during_the_outage_changes_type_after_the_creation(engage, till):
    take_down(engage)
    born = till.post(CONTACTS, new_contact(contactType="Contact")).json()["id"]
    assert till.post(f"{CONTACTS}/{born}/updateContactType?contactTypeId=member").status_code == 202
    bring_up(engage)
    bring_up(engage)
    known = Contact.objects.get(pk=born)
    assert type_in_engage(engage, str(known.engage_contact_id)) == "Member"
    assert known.contact_type == "Member"


def test_a_key_that_a_member_has_already_is_409(engage, till):
    path = f"{CONTACTS}/{seeds.DANA_CONTACT_ID}/updateContactType?contactTypeId=Member"
    answer = till.post(path)
    assert (answer.status_code, code_of(answer)) == (409, "ApprovedContactWithKeyExists")
    assert type_in_engage(engage, seeds.DANA_CONTACT_ID) == "Contact"
    assert [item.state for item in items()] == [State.CANCELLED]


@pytest.mark.parametrize("query", ["", "?contactTypeId=", "?contactTypeId=Wizard"])
def test_a_type_that_is_none_is_refused(engage, till, query):
    answer = till.post(f"{CECILIA}/updateContactType{query}")
    assert answer.status_code in {400, 422}
    assert type_in_engage(engage) == "Contact"


@pytest.mark.parametrize("is_on", [True, False])
def test_the_first_sign_in_makes_a_member_where_that_is_set(engage, till, settings, is_on):
    settings.ENGAGE_UPGRADE_ON_SIGN_IN = is_on
    till.get(CECILIA)
    contact = Contact.objects.get()
    for _ in range(2):
        customer_user(contact=contact)
    bring_up(engage)
    assert type_in_engage(engage) == ("Member" if is_on else "Contact")
    assert len(items()) == (1 if is_on else 0)
