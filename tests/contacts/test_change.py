"""`PATCH /api/v3/contacts/{contactId}`: only what changed reaches Engage, now or later."""

from datetime import timedelta

import pytest

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.outbox.models import EngageLine
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.api.talking import (
    ANNA,
    CONTACTS,
    UNKNOWN,
    bring_up,
    code_of,
    deliver_all,
    items,
    new_contact,
    take_down,
)

pytestmark = pytest.mark.django_db


def anna(engage) -> dict:
    return engage.engage.contacts[seeds.ANNA_ID]["attributes"]


def patched(wire) -> list:
    return [sent.json for sent in wire.of("PATCH", CONTACTS)]


def test_only_what_differs_is_sent(wire, till):
    body = {
        "firstName": "Anna",
        "lastName": "Arkberg",
        "city": "Malmö",
        "zipCode": "111 22",
        "email": "ANNA@example.com",
    }
    answer = till.patch(ANNA, body)
    assert answer.status_code == 200
    assert answer.json()["attributes"]["city"] == "Malmö"
    assert patched(wire) == [{"city": "Malmö"}]
    assert Contact.objects.get().changes == {}


def test_preferences_and_consents_are_sent_by_their_parts(wire, till):
    given = {
        "preferences": {"acceptsEmail": True, "acceptsSms": True},
        "consents": [{"id": "memberConsent", "value": True}, {"id": "profilingConsent", "value": False}],
    }
    answer = till.patch(ANNA, given)
    assert answer.status_code == 200
    (sent,) = patched(wire)
    assert sent["consents"][0].pop("date")
    assert sent == {
        "preferences": {"acceptsSms": True},
        "consents": [{"id": "profilingConsent", "value": False}],
    }
    read = answer.json()
    assert read["preferences"] == {"acceptsEmail": True, "acceptsSms": True, "acceptsPostal": False}
    assert {each["id"]: each["value"] for each in read["consents"]} == {
        "memberConsent": True,
        "profilingConsent": False,
    }
    assert read["consents"][0]["comment"] == "My Pages"


@pytest.mark.parametrize(
    "body", [{"city": "Stockholm"}, {"contactType": "Contact"}, {"careOf": None}, {"careOf": ""}]
)
def test_what_changes_nothing_sends_nothing(wire, till, body):
    till.get(ANNA)
    answer = till.patch(ANNA, body)
    assert answer.status_code == 200
    assert answer.json()["meta"] == {"contactType": "Member"}
    assert not patched(wire)
    assert not items()


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_clears_deliberately(wire, till, nothing):
    answer = till.patch(ANNA, {"street": nothing})
    assert answer.status_code == 200
    assert patched(wire) == [{"street": nothing}]
    assert not anna(wire)["street"]
    assert not answer.json()["attributes"].get("street")
    assert till.patch(ANNA, {"street": None}).status_code == 200
    assert len(patched(wire)) == 1


def test_202_from_engage_is_success_too(engage, till):
    engage.engage.configure(patch_status=202)
    answer = till.patch(ANNA, {"city": "Malmö"})
    assert answer.status_code == 200
    assert answer.json()["attributes"]["city"] == "Malmö"
    assert anna(engage)["city"] == "Malmö"


def test_what_differs_is_judged_by_engages_present_data(wire, till):
    till.get(ANNA)
    with wire.engage.lock:
        record = wire.engage.store.get("contact", seeds.ANNA_ID)
        moved = {**record, "attributes": {**record["attributes"], "city": "Lund"}}
        wire.engage.store.put("contact", seeds.ANNA_ID, moved)
        wire.engage.store.commit()
    Contact.objects.update(fetched_at=clock.now() - timedelta(hours=1))
    assert till.patch(ANNA, {"city": "Stockholm"}).status_code == 200
    assert patched(wire) == [{"city": "Stockholm"}]


def test_a_refusal_leaves_the_contact_as_it_was(engage, till):
    before = till.get(ANNA).json()
    for body in (
        {"birthDay": "12 April", "careOf": None},
        {"email": seeds.BENGT_EMAIL},
        {"countryCode": "Sweden", "city": "Ystad"},
    ):
        answer = till.patch(ANNA, body)
        assert answer.status_code in {409, 422}, body
        assert till.get(ANNA).json() == before
        assert Contact.objects.get(pk=seeds.ANNA_ID).changes == {}
    assert {item.state for item in items()} == {State.CANCELLED}
    assert Contact.objects.get(pk=seeds.ANNA_ID).email == seeds.ANNA_EMAIL
    deliver_all()
    assert anna(engage)["city"] == "Stockholm"


def test_a_refusal_names_the_field(engage, till):
    answer = till.patch(ANNA, {"birthDay": "12 April"})
    assert (answer.status_code, code_of(answer)) == (422, "ValidationError")
    assert "birthDay" in answer.json()["validationErrors"][0]["errorDescription"]


@pytest.mark.parametrize("knows", [True, False])
def test_while_engage_is_down_it_is_kept_and_sent_later(wire, till, knows):
    till.get(ANNA)
    take_down(wire) if knows else wire.engage.faults.set("down")
    answer = till.patch(ANNA, {"city": "Malmö"})
    assert (answer.status_code, answer.json()["attributes"]["city"]) == (202, "Malmö")
    assert till.get(ANNA).json()["attributes"]["city"] == "Malmö"
    wire.sent.clear()
    bring_up(wire)
    assert patched(wire) == [{"city": "Malmö"}]
    assert anna(wire)["city"] == "Malmö"
    assert till.get(ANNA).json()["attributes"]["city"] == "Malmö"
    assert Contact.objects.get(pk=seeds.ANNA_ID).changes == {}


def test_changes_that_wait_become_one(wire, till):
    till.get(ANNA)
    take_down(wire)
    for body in ({"city": "Malmö"}, {"city": "Lund", "street": "Storgatan 2"}, {"street": None}):
        assert till.patch(ANNA, body).status_code == 202
    bring_up(wire)
    assert patched(wire) == [{"city": "Lund", "street": None}]
    assert [item.state for item in items()] == [State.DELIVERED]


@pytest.mark.parametrize(
    ("there", "back"), [({"city": "Malmö"}, {"city": "Stockholm"}), ({"careOf": "Berg"}, {"careOf": None})]
)
def test_changed_and_changed_back_sends_nothing(wire, till, there, back):
    till.get(ANNA)
    take_down(wire)
    assert till.patch(ANNA, there).status_code == 202
    assert till.patch(ANNA, back).status_code == 200
    bring_up(wire)
    assert not patched(wire)
    assert [item.state for item in items()] == [State.SUPERSEDED]
    assert Contact.objects.get(pk=seeds.ANNA_ID).changes == {}


def test_a_change_back_reaches_engage_while_the_change_away_is_in_doubt(engage, till):
    """What the copy says is no proof of what Engage has, once an answer was lost."""
    address = f"/api/v3/contacts/{seeds.ANNA_ID}"
    city = till.get(address).json()["attributes"]["city"]
    engage.engage.faults.set("lost_answer", endpoint="PATCH /api/v3/contacts/{contactId}", times=1)
    for name in ("Lund", "Visby", city):
        assert till.patch(address, {"city": name}).status_code in {200, 202}
    deliver_all()
    deliver_all()
    assert engage.engage.contacts[seeds.ANNA_ID]["attributes"]["city"] == city


def test_an_accepted_change_outlives_the_refusal_of_a_later_one(engage, till):
    """The till was told 202 for the first value; that a later value of the same field is refused must not lose it silently."""
    till.get(ANNA)
    take_down(engage)
    assert till.patch(ANNA, {"birthDay": "1986-04-13"}).status_code == 202
    engage.engage.faults.clear()
    EngageLine.objects.all().delete()
    assert till.patch(ANNA, {"birthDay": "rubbish"}).status_code == 202
    deliver_all()
    (item,) = items()
    assert (item.state, item.reason_code) == (State.ATTENTION, "ValidationError")
    assert till.patch(ANNA, {"birthDay": "1986-04-14"}).status_code in {200, 202}
    deliver_all()
    assert anna(engage)["birthDay"] == "1986-04-14"


def test_an_answer_that_is_lost_is_sent_again(wire, till):
    till.get(ANNA)
    wire.engage.faults.set("lost_answer", endpoint="PATCH /api/v3/contacts/{contactId}", times=1)
    assert till.patch(ANNA, {"city": "Malmö"}).status_code == 202
    bring_up(wire)
    assert anna(wire)["city"] == "Malmö"
    assert [item.state for item in items()] == [State.DELIVERED]


def test_somebody_only_looked_up_can_be_changed_during_the_outage(wire, till):
    till.get("/api/v3/contacts/id", {"email": seeds.ANNA_EMAIL})
    take_down(wire)
    assert till.patch(ANNA, {"street": None, "city": "Malmö"}).status_code == 202
    assert till.get("/api/v3/contacts/id", {"email": seeds.ANNA_EMAIL}).json() == seeds.ANNA_ID
    bring_up(wire)
    assert patched(wire) == [{"street": None, "city": "Malmö"}]
    assert Contact.objects.get(pk=seeds.ANNA_ID).email == seeds.ANNA_EMAIL


def test_an_unknown_contact(engage, till):
    answer = till.patch(f"{CONTACTS}/{UNKNOWN}", {"city": "Malmö"})
    assert (answer.status_code, code_of(answer)) == (404, "ContactNotFound")
    take_down(engage)
    answer = till.patch(f"{CONTACTS}/{UNKNOWN}", {"city": "Malmö"})
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")
    assert not items()
    assert not Contact.objects.exists()


@pytest.mark.parametrize("wrong", ["123", "not-a-guid", "{430d3329-7eef-45c0-87f9-ae9300a0dace}", "%00"])
def test_an_id_that_is_no_guid(engage, till, wrong):
    for answer in (till.get(f"{CONTACTS}/{wrong}"), till.patch(f"{CONTACTS}/{wrong}", {"city": "x"})):
        assert (answer.status_code, code_of(answer)) == (400, "InvalidContactId")
    assert not engage.engage.requests


def test_an_id_counts_in_any_case(engage, till):
    assert till.get(ANNA.upper().replace("/API/V3/CONTACTS", CONTACTS)).json()["id"] == seeds.ANNA_ID


def test_a_sign_up_that_waits_carries_later_changes_itself(wire, till):
    take_down(wire)
    born = till.post(CONTACTS, new_contact()).json()["id"]
    assert till.patch(f"{CONTACTS}/{born}", {"lastName": "Ekman", "firstName": None}).status_code == 202
    bring_up(wire)
    (sent,) = wire.of("POST", CONTACTS)
    assert sent.json["lastName"] == "Ekman"
    assert not sent.json.get("firstName")
    assert [item.state for item in items()] == [State.DELIVERED, State.SUPERSEDED]
    assert not wire.of("PATCH", f"{CONTACTS}/{sent.json.get('id', '')}")


def test_a_key_of_somebody_else_who_was_born_here_is_a_conflict(engage, till):
    take_down(engage)
    till.post(CONTACTS, new_contact(email="a@example.com"))
    other = till.post(CONTACTS, new_contact(email="b@example.com")).json()["id"]
    answer = till.patch(f"{CONTACTS}/{other}", {"email": "a@example.com"})
    assert (answer.status_code, code_of(answer)) == (409, "ApprovedContactWithKeyExists")
    assert Contact.objects.get(pk=other).email == "b@example.com"
