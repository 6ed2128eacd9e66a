"""`POST /api/v3/contacts`: 201 from Engage, 202 while it is away, and exactly one contact in the end."""

import pytest

from contacts.models import Contact
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.api.talking import (
    CONTACTS,
    ID,
    RECEIPTS,
    bring_up,
    code_of,
    deliver_all,
    items,
    new_contact,
    take_down,
)

pytestmark = pytest.mark.django_db


def in_engage(engage, email: str = "erik@example.com") -> list[dict]:
    return [each for each in engage.engage.contacts.values() if each["attributes"].get("email") == email]


def test_engages_answer_is_passed_on(wire, till):
    body = new_contact(
        preferences={"acceptsEmail": True},
        consents=[{"id": "memberConsent", "value": True, "source": "Till", "comment": None}],
        shoeSize=38.5,
        lastName="",
        street=None,
    )
    answer = till.post(f"{CONTACTS}?source=Till&createAsUnapproved=false", body)
    assert answer.status_code == 201
    created = answer.json()
    (held,) = in_engage(wire)
    assert created["id"] == held["id"]
    assert created["attributes"]["memberNumber"] == held["attributes"]["memberNumber"]
    assert created["attributes"]["shoeSize"] == 38.5
    assert created["meta"] == {"contactType": "Member"}
    assert created["preferences"]["acceptsEmail"] is True
    assert created["consents"][0]["source"] == "Till"
    (sent,) = wire.of("POST", CONTACTS)
    told = sent.json
    assert told["consents"][0].pop("date")
    assert told == {
        "contactType": "Member",
        "firstName": "Erik",
        "email": "erik@example.com",
        "countryCode": "SE",
        "preferences": {"acceptsEmail": True},
        "consents": [{"id": "memberConsent", "value": True, "source": "Till"}],
        "shoeSize": pytest.approx(38.5),
    }
    assert "source=Till" in sent.query
    assert "storeExternalId=101" in sent.query


def test_the_portals_own_source_is_sent_where_the_till_names_none(wire, till, settings):
    settings.ENGAGE_SOURCE = "Portal of Acme"
    till.post(CONTACTS, new_contact())
    (sent,) = wire.of("POST", CONTACTS)
    assert "source=Portal%20of%20Acme" in sent.query


def test_unapproved_is_passed_on(wire, till):
    assert till.post(f"{CONTACTS}?createAsUnapproved=TRUE", new_contact()).status_code == 201
    assert in_engage(wire)[0]["approved"] is False


@pytest.mark.parametrize(
    ("given", "kept"), [("contact", "Contact"), (" Contact ", "Contact"), (None, "Member")]
)
def test_the_contact_type_is_spelled_as_engage_spells_it(engage, till, given, kept):
    answer = till.post(CONTACTS, new_contact(contactType=given))
    assert (answer.status_code, answer.json()["meta"]["contactType"]) == (201, kept)


def test_an_unknown_contact_type_is_refused_and_nothing_is_kept(engage, till):
    answer = till.post(CONTACTS, new_contact(contactType="Wizard"))
    assert (answer.status_code, code_of(answer)) == (422, "ValidationError")
    assert not Contact.objects.exists()


def test_an_existing_key_is_409_and_nothing_is_kept(engage, till):
    answer = till.post(CONTACTS, new_contact(email=seeds.ANNA_EMAIL))
    assert (answer.status_code, code_of(answer)) == (409, "ApprovedContactWithKeyExists")
    assert not Contact.objects.exists()
    assert [item.state for item in items()] == [State.CANCELLED]
    deliver_all()
    assert len(in_engage(engage, seeds.ANNA_EMAIL)) == 1


@pytest.mark.parametrize("knows", [True, False])
def test_while_engage_is_down_the_contact_is_born_here_and_arrives_once(engage, till, knows):
    take_down(engage) if knows else engage.engage.faults.set("down")
    answer = till.post(CONTACTS, new_contact())
    assert answer.status_code == 202
    born = answer.json()
    assert set(born) == {"id", "attributes", "meta", "preferences", "consents"}
    assert born["attributes"]["email"] == "erik@example.com"
    assert not in_engage(engage)
    bring_up(engage)
    assert len(in_engage(engage)) == 1
    assert [item.state for item in items()] == [State.DELIVERED]
    assert not engage.engage.unchecked_repeats


@pytest.mark.parametrize("mode", ["lost_answer", "500", "504", "html503"])
def test_an_answer_that_is_lost_makes_no_second_contact(engage, till, mode):
    engage.engage.faults.set(mode, endpoint="POST /api/v3/contacts", times=1)
    answer = till.post(CONTACTS, new_contact())
    assert answer.status_code == 202
    bring_up(engage)
    assert len(in_engage(engage)) == 1
    assert [item.state for item in items()] == [State.DELIVERED]
    assert not engage.engage.unchecked_repeats
    assert till.get(f"{CONTACTS}/{answer.json()['id']}").json()["id"] == in_engage(engage)[0]["id"]


def test_an_answer_that_hangs_makes_no_second_contact(engage, till, settings):
    settings.PORTAL_TIME_BUDGET = 2
    engage.engage.faults.set("hang", endpoint="POST /api/v3/contacts")
    assert till.post(CONTACTS, new_contact()).status_code == 202
    bring_up(engage)
    assert len(in_engage(engage)) == 1
    assert [item.state for item in items()] == [State.DELIVERED]


def test_the_id_given_out_during_the_outage_stays_valid(engage, till, receipt_body):
    take_down(engage)
    born = till.post(CONTACTS, new_contact()).json()["id"]
    assert till.get(f"{CONTACTS}/{born}").json()["id"] == born
    assert till.get(ID, {"email": "ERIK@example.com"}).json() == born
    tag = {"matchKey": born, "matchKeyType": "contactId"}
    assert till.post(RECEIPTS, receipt_body("101-1", contact=tag)).status_code == 202
    assert till.patch(f"{CONTACTS}/{born}", {"city": "Lund"}).status_code == 202
    bring_up(engage)
    (held,) = in_engage(engage)
    assert held["attributes"]["city"] == "Lund"
    assert held["id"] != born
    assert till.get(f"{CONTACTS}/{born}").json()["id"] == held["id"]
    assert till.get(f"{CONTACTS}/{held['id']}").json()["id"] == held["id"]
    assert till.patch(f"{CONTACTS}/{born}", {"city": "Umeå"}).status_code == 200
    assert till.post(RECEIPTS, receipt_body("101-2", contact=tag)).status_code == 202
    deliver_all()
    engage.engage.advance(10)
    assert [engage.engage.received[key]["contactId"] for key in ("101-1", "101-2")] == [held["id"]] * 2
    assert in_engage(engage)[0]["attributes"]["city"] == "Umeå"


def test_two_sign_ups_with_the_same_key_during_the_outage(engage, till):
    take_down(engage)
    assert till.post(CONTACTS, new_contact()).status_code == 202
    for again in ("erik@example.com", " ERIK@Example.com"):
        answer = till.post(CONTACTS, new_contact(email=again))
        assert (answer.status_code, code_of(answer)) == (409, "ApprovedContactWithKeyExists")
    assert till.post(CONTACTS, new_contact(contactType="Contact")).status_code == 202
    assert Contact.objects.count() == 2
    bring_up(engage)
    assert sorted(each["contactType"] for each in in_engage(engage)) == ["Contact", "Member"]


def test_the_copy_refuses_a_known_key_during_the_outage(engage, till):
    till.get(ID, {"email": seeds.ANNA_EMAIL})
    take_down(engage)
    answer = till.post(CONTACTS, new_contact(email=seeds.ANNA_EMAIL))
    assert (answer.status_code, code_of(answer)) == (409, "ApprovedContactWithKeyExists")


def test_somebody_engage_knew_all_along_is_linked_and_not_overwritten(engage, till):
    take_down(engage)
    born = till.post(CONTACTS, new_contact(email=seeds.ANNA_EMAIL, firstName="Ann", careOf="Berg")).json()[
        "id"
    ]
    bring_up(engage)
    (anna,) = in_engage(engage, seeds.ANNA_EMAIL)
    assert anna["attributes"]["firstName"] == "Anna"
    assert anna["attributes"]["careOf"] == "Berg"
    assert till.get(f"{CONTACTS}/{born}").json()["id"] == seeds.ANNA_ID


def test_somebody_found_to_be_a_contact_we_knew_leaves_no_keys_behind(engage, till):
    till.get(f"{CONTACTS}/{seeds.BENGT_ID}")
    take_down(engage)
    born = till.post(CONTACTS, new_contact(memberNumber="28972987290x", mobilePhone="+46701740699")).json()[
        "id"
    ]
    engage.engage.faults.clear()
    with engage.engage.lock:
        bengt = engage.engage.store.get("contact", seeds.BENGT_ID)
        changed = {**bengt["attributes"], "email": "erik@example.com"}
        engage.engage.store.put("contact", seeds.BENGT_ID, {**bengt, "attributes": changed})
        engage.engage.store.commit()
    deliver_all()
    alias = Contact.objects.get(pk=born)
    assert str(alias.same_as_id) == seeds.BENGT_ID
    assert (alias.email, alias.member_number, alias.mobile_phone, alias.external_id) == ("", "", "", "")
    assert till.get(f"{CONTACTS}/{born}").json()["id"] == seeds.BENGT_ID


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("knows", [True, False])
def test_below_level_4_nobody_is_born_here(engage, till, settings, level, knows):
    settings.ENGAGE_LEVEL = level
    take_down(engage) if knows else engage.engage.faults.set("down")
    engage.engage.faults.clear() if not knows else None
    if not knows:
        settings.ENGAGE_BASE_URL = "http://127.0.0.1:1"
        from engage_portal.outbox.line import door

        door.disconnect()
    answer = till.post(CONTACTS, new_contact())
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")
    assert "notice" in answer.json()["messageDetails"]
    assert not Contact.objects.exists()
    assert [item.state for item in items()] in ([], [State.SUPERSEDED])


def test_below_level_4_a_creation_that_may_have_arrived_is_kept(engage, till, settings):
    settings.ENGAGE_LEVEL = 1
    engage.engage.faults.set("lost_answer", endpoint="POST /api/v3/contacts", times=1)
    assert till.post(CONTACTS, new_contact()).status_code == 202
    bring_up(engage)
    assert len(in_engage(engage)) == 1
    assert [item.state for item in items()] == [State.DELIVERED]
