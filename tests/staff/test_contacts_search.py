"""Finding a contact: by any key, in any notation, here first and then in Engage."""

from uuid import uuid4

import pytest

from contacts.models import Contact
from engage_portal.sandbox import seeds
from promotions.models import Redemption
from tests.api.fixtures import roomy, wire  # noqa: F401 - fixtures
from tests.api.talking import take_down
from tests.pages import building
from tests.staff.people_at_work import SECRETS, at_work, ingrid

pytestmark = pytest.mark.django_db
SEARCH = "/staff/contacts/"


@pytest.fixture
def lena(db):
    """Staff who may look people up."""
    return at_work("lena", "view_contact")


def test_nothing_is_asked_before_something_was_typed(lena):
    assert "Phone numbers work however they are written" in lena.get(SEARCH).text
    assert "Please enter something to look for." in lena.post(SEARCH, {"text": "  "}).text


@pytest.mark.parametrize(
    "text",
    [
        "ingrid@exampel",
        " INGRID@EXAMPEL ",
        "070-123 45 67",
        "+46 70 123 45 67",
        "0046701234567",
        "28972991234",
    ],
)
def test_any_key_in_any_notation_leads_to_the_contact(lena, text):
    contact = ingrid()
    assert lena.post(SEARCH, {"text": text})["Location"] == f"{SEARCH}{contact.pk}/"


def test_both_ids_lead_to_the_contact(lena):
    contact = ingrid()
    for guid in (contact.pk, contact.engage_contact_id):
        assert lena.post(SEARCH, {"text": str(guid)})["Location"] == f"{SEARCH}{contact.pk}/"


def test_a_personal_number_and_an_external_id_lead_to_the_contact(lena):
    contact = ingrid(social_security_number="197903021234", external_id="EP-7")
    for text in ("19790302-1234", "EP-7"):
        assert lena.post(SEARCH, {"text": text})["Location"] == f"{SEARCH}{contact.pk}/"


def test_several_who_match_are_listed_masked(lena):
    first, second = ingrid(), ingrid()
    page = lena.post(SEARCH, {"text": "0701234567"}).text
    assert "2 contacts match" in page
    assert f"{SEARCH}{first.pk}/" in page
    assert f"{SEARCH}{second.pk}/" in page
    assert not [secret for secret in SECRETS if secret in page]
    assert "I••• L•••" in page


def test_what_was_typed_never_stands_in_an_address(lena):
    ingrid()
    answer = lena.post(SEARCH, {"text": "ingrid@exampel"})
    assert "ingrid" not in answer["Location"]
    assert "ingrid" not in str(lena.get(SEARCH, {"text": "ingrid@exampel"}).text)


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "'; --", "%", "x" * 5000, "00000000-0000-0000-0000"])
def test_whatever_is_typed_is_answered(lena, text):
    assert lena.post(SEARCH, {"text": text}).status_code == 200


def test_nobody_here_offers_to_ask_engage(lena, engage):
    page = lena.post(SEARCH, {"text": seeds.ANNA_EMAIL}).text
    assert "Nobody here has this." in page
    assert "Ask Engage" in page
    assert Contact.objects.count() == 0


@pytest.mark.parametrize("text", [seeds.ANNA_EMAIL, "073-565 43 21", seeds.ANNA_ID])
def test_whom_engage_has_is_fetched_and_shown(lena, engage, text):
    answer = lena.post(SEARCH, {"text": text, "ask": "1"}, follow=True)
    assert answer.redirect_chain[0][0] == f"{SEARCH}{seeds.ANNA_ID}/"
    assert "A••• A•••" in answer.text


def test_whom_engage_does_not_have_is_said_so(lena, engage):
    page = lena.post(SEARCH, {"text": "nobody@example.com", "ask": "1"}).text
    assert "Engage doesn’t know anybody with this either." in page
    assert "Ask again" not in page


def test_engage_being_away_is_said_kindly(lena, engage, wire):  # noqa: F811
    take_down(wire)
    page = lena.post(SEARCH, {"text": seeds.ANNA_EMAIL, "ask": "1"}).text
    assert "Engage isn’t answering right now." in page
    assert "Ask again" in page


def test_several_in_engage_can_each_be_fetched(lena, engage):
    for guid in (seeds.BENGT_ID, seeds.CECILIA_ID):
        record = engage.engage.contacts[guid]
        attributes = {**record["attributes"], "mobilePhone": "+46700000001"}
        engage.engage.store.put(
            "contact", guid, {**record, "attributes": attributes, "contactType": "Member"}
        )
    page = lena.post(SEARCH, {"text": "+46700000001", "ask": "1"}).text
    assert "Engage has more than one" in page
    for guid in (seeds.BENGT_ID, seeds.CECILIA_ID):
        assert f'name="text" value="{guid}"' in page
    assert Contact.objects.count() == 0


def test_an_item_about_a_contact_leads_to_it(db):
    contact = ingrid()
    looker = at_work("lisa", "view_item", "view_contact")
    of = building.item(kind="contact.update", subject_id=contact.pk)
    other = building.item(kind="receipt.post")
    sale = building.item(kind="receipt.post", stream=contact.stream)
    use = Redemption.objects.create(assignment_id=uuid4(), channel="POS", contact=contact)
    redemption = building.item(kind="promotion.redeem", subject_id=use.pk, stream="promotion:1")
    for item in (of, sale, redemption):
        assert f"{SEARCH}{contact.pk}/" in looker.get(f"/staff/queue/{item.pk}/").text
    assert "Open the contact" not in looker.get(f"/staff/queue/{other.pk}/").text
    assert "Open the contact" not in at_work("vera", "view_item").get(f"/staff/queue/{of.pk}/").text
