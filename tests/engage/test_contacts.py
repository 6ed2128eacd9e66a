"""One contact: read, create, update, change type, delete."""

import json
from datetime import datetime
from decimal import Decimal

import pytest

from engage_portal.engage import Conflict, Contact, Unavailable
from tests.engage.answering import CONTACT_ID, HTML, captured


def test_the_envelope_is_read(engage, client):
    engage.answer((200, captured("contact")))
    contact = client.get_contact(CONTACT_ID)
    assert engage.line == f"GET /api/v3/contacts/{CONTACT_ID}"
    assert contact.id == CONTACT_ID
    assert contact.contact_type == "Member"
    assert contact.attributes["firstName"] == "Anna"
    assert contact.preferences == {"acceptsEmail": True, "acceptsSms": False, "acceptsPostal": False}
    (consent,) = contact.consents
    assert (consent.id, consent.value, consent.source) == ("memberConsent", True, "Ecom")
    assert consent.date == datetime.fromisoformat("2023-05-04T11:05:00+02:00")
    assert contact.raw["somethingNew"] == {"we": "ignore"}


def test_an_attribute_without_a_value_is_the_same_as_none(engage, client):
    engage.answer((200, captured("contact")))
    assert "careOf" not in client.get_contact(CONTACT_ID).attributes


def test_preferences_are_read_whatever_their_case_and_ending():
    raw = {"AcceptsEmails": True, "ACCEPTSSMS": "false", "acceptspostal": None, "acceptsPush": True, "odd": 3}
    contact = Contact.read({"id": CONTACT_ID, "preferences": raw})
    assert contact.preferences == {"acceptsEmail": True, "acceptsSms": False, "acceptsPush": True}


def test_a_bare_envelope_is_enough():
    contact = Contact.read({"ID": CONTACT_ID.upper(), "attributes": [], "preferences": 1, "consents": "no"})
    assert (contact.id, contact.contact_type, contact.attributes) == (CONTACT_ID, "", {})
    assert (contact.preferences, contact.consents) == ({}, ())


def test_a_contact_keeps_its_person_out_of_its_repr(engage, client):
    engage.answer((200, captured("contact")))
    assert "Anna" not in repr(client.get_contact(CONTACT_ID))


@pytest.mark.parametrize("body", [b"", HTML, b"[]", b'{"attributes": {}}', b'{"id": null}', b"{"])
def test_a_fetched_contact_without_an_id_is_no_answer(engage, client, body):
    engage.answer((200, body))
    with pytest.raises(Unavailable):
        client.get_contact(CONTACT_ID)


def test_creation_sends_the_flat_form_and_its_parameters_in_the_query(engage, client):
    engage.answer((201, captured("contact")))
    attributes = {"contactType": "Member", "email": "anna@example.com", "shoeSize": Decimal("38.50")}
    contact = client.create_contact(attributes, source="Web shop", store_external_id="3/21", unapproved=True)
    assert engage.line == (
        "POST /api/v3/contacts?source=Web%20shop&storeExternalId=3%2F21&createAsUnapproved=true"
    )
    assert json.loads(engage.last.content, parse_float=Decimal) == attributes
    assert contact.id == CONTACT_ID


def test_parameters_without_a_value_are_left_out_of_a_creation(engage, client):
    engage.answer((200, captured("contact")))
    client.create_contact({"email": "a@b.se"}, source="", store_external_id="")
    assert engage.line == "POST /api/v3/contacts"


def test_a_creation_may_answer_the_bare_id_of_an_existing_contact(engage, client):
    engage.answer((200, f'"{CONTACT_ID.upper()}"'.encode()))
    contact = client.create_contact({}, source="", store_external_id="")
    assert (contact.id, contact.contact_type, contact.attributes) == (CONTACT_ID, "", {})


def test_a_creation_with_an_unreadable_answer_may_have_happened(engage, client):
    engage.answer((201, HTML))
    with pytest.raises(Unavailable) as caught:
        client.create_contact({}, source="", store_external_id="")
    assert caught.value.may_have_taken_effect


@pytest.mark.parametrize("code", ["ApprovedContactWithKeyExists", "ContactWithKeyIsBeingCreated"])
def test_a_taken_key_is_a_conflict(engage, client, code):
    engage.answer((409, json.dumps({"errorCode": code}).encode()))
    with pytest.raises(Conflict) as caught:
        client.create_contact({}, source="", store_external_id="")
    assert caught.value.error_code == code
    assert caught.value.candidates == ()


def test_an_update_sends_only_the_changes(engage, client):
    engage.answer((200, captured("contact")))
    contact = client.update_contact(CONTACT_ID, changes={"city": None, "preferences": {"acceptsSms": True}})
    assert engage.line == f"PATCH /api/v3/contacts/{CONTACT_ID}"
    assert json.loads(engage.last.content) == {"city": None, "preferences": {"acceptsSms": True}}
    assert contact is not None
    assert contact.id == CONTACT_ID


@pytest.mark.parametrize(
    ("status", "body"), [(202, b""), (200, b"null"), (204, b""), (202, HTML), (202, b'"ok"')]
)
def test_any_2xx_is_a_successful_update(engage, client, status, body):
    engage.answer((status, body))
    assert client.update_contact(CONTACT_ID, changes={"city": "Oslo"}) is None


def test_the_type_changes_through_its_own_address(engage, client):
    engage.answer((200, captured("contact")))
    contact = client.update_contact_type(CONTACT_ID, contact_type="Member")
    assert engage.line == f"POST /api/v3/contacts/{CONTACT_ID}/updateContactType?contactTypeId=Member"
    assert engage.last.content == b""
    assert contact is not None
    assert contact.contact_type == "Member"


def test_a_change_of_type_may_answer_nothing(engage, client):
    engage.answer((200, b""))
    assert client.update_contact_type(CONTACT_ID, contact_type="Member") is None


@pytest.mark.parametrize(("source", "query"), [("", ""), ("Web", "?source=Web")])
def test_a_contact_is_deleted(engage, client, source, query):
    engage.answer((200, b""))
    client.delete_contact(CONTACT_ID, source=source)
    assert engage.line == f"DELETE /api/v3/contacts/{CONTACT_ID}{query}"


@pytest.mark.parametrize("body", [b"18234", b'"18234"', b" 18234\n"])
def test_contacts_are_counted(engage, client, body):
    engage.answer((200, body))
    assert client.count_contacts() == 18234
    assert engage.line == "GET /api/v2/contacts/count"


@pytest.mark.parametrize("body", [b"{}", b'"many"', HTML, b""])
def test_a_count_that_is_no_number_is_no_answer(engage, client, body):
    engage.answer((200, body))
    with pytest.raises(Unavailable):
        client.count_contacts()
