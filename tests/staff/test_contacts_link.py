"""Saying who somebody is in Engage: looked at first, then tied, and what waited goes on."""

import pytest

from contacts.kinds import CREATE
from contacts.models import Contact, ContactEvent, Happened
from contacts.services.linking import LinkRefusedError, contact_link, link_candidates, needs_link
from engage_portal.core.clock import Deadline
from engage_portal.core.ids import EngageContactId
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.api.fixtures import roomy, wire  # noqa: F401 - fixtures
from tests.api.talking import CONTACTS, RECEIPTS, bring_up, deliver_all, take_down
from tests.conftest import make_receipt
from tests.pages import building
from tests.staff.people_at_work import at_work, ingrid, item_of, newcomer

pytestmark = pytest.mark.django_db
ANNA = EngageContactId(seeds.ANNA_ID)


def path_of(contact) -> str:
    return f"/staff/contacts/{contact.pk}/link/"


def soon() -> Deadline:
    return Deadline.after(20)


@pytest.fixture
def cora(db):
    """Staff who may look and correct."""
    return at_work("cora", "view_contact", "correct_contact")


def test_those_who_share_a_key_are_proposed(cora, engage):
    page = cora.get(path_of(newcomer())).text
    assert seeds.ANNA_ID in page
    assert "Has the same phone number" in page
    assert "Anna" not in page


def test_whoever_shares_most_comes_first(engage):
    contact = newcomer(email=seeds.BENGT_EMAIL, memberNumber=seeds.ANNA_MEMBER_NUMBER)
    found = link_candidates(contact=contact, deadline=soon())
    assert [candidate.engage_id for candidate in found] == [seeds.ANNA_ID, seeds.BENGT_ID]


def test_nobody_with_a_key_leads_to_correcting(cora, engage):
    page = cora.get(path_of(newcomer(mobilePhone="+46709998877"))).text
    assert "Nobody in Engage has any of its keys." in page


def test_engage_being_away_is_said_kindly(cora, engage, wire):  # noqa: F811
    take_down(wire)
    contact = newcomer()
    assert "Engage isn’t answering right now" in cora.get(path_of(contact)).text
    page = cora.post(path_of(contact), {"engage_id": seeds.ANNA_ID, "confirmed": "1"}).text
    assert "Engage isn’t answering right now" in page
    assert item_of(contact, CREATE).state == State.ATTENTION


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Please enter an id"),
        ("430d3329", "Please enter an id"),
        ("99999999-9999-4999-8999-999999999999", "Engage has no contact"),
    ],
)
def test_a_senseless_id_is_refused_at_its_field(cora, engage, typed, said):
    contact = newcomer()
    assert said in cora.post(path_of(contact), {"engage_id": typed, "confirmed": "1"}).text
    assert item_of(contact, CREATE).state == State.ATTENTION


def test_who_it_is_is_shown_masked_before_anything_happens(cora, engage):
    contact = newcomer()
    page = cora.post(path_of(contact), {"engage_id": f" {seeds.ANNA_ID.upper()} "}).text
    assert "Is it the same person?" in page
    assert "a•••@e•••.com" in page
    assert seeds.ANNA_EMAIL not in page
    assert page.count(">Same<") == 2
    assert page.count(">Different<") == 1
    assert item_of(contact, CREATE).state == State.ATTENTION
    assert not ContactEvent.objects.exists()


def test_having_nothing_in_common_is_a_warning(cora, engage):
    page = cora.post(path_of(newcomer()), {"engage_id": seeds.CECILIA_ID}).text
    assert "They have nothing in common." in page


@pytest.mark.parametrize("is_known", [True, False])
def test_once_said_what_waited_reaches_that_contact(cora, engage, wire, till, is_known):  # noqa: F811
    take_down(wire)
    sign_up = {"email": "anna.arkberg@example.com", "mobilePhone": seeds.ANNA_PHONE, "careOf": "Berg"}
    born = till.post(CONTACTS, sign_up).json()["id"]
    till.patch(f"{CONTACTS}/{born}", {"city": "Kiruna"})
    sale = make_receipt("101-77", contact={"matchKey": born, "matchKeyType": "contactId"})
    assert till.post(RECEIPTS, sale).status_code == 202
    bring_up(wire)
    if is_known:
        till.get(f"{CONTACTS}/{seeds.ANNA_ID}")
    contact = Contact.objects.get(pk=born)
    assert needs_link(contact)
    page = cora.post(path_of(contact), {"engage_id": seeds.ANNA_ID, "confirmed": "1"}, follow=True).text
    assert "Linked. What waited goes on." in page
    item = item_of(contact, CREATE)
    assert (item.state, item.reason) == (State.CANCELLED, "Staff said which contact of Engage’s it is.")
    deliver_all()
    there = engage.engage.contacts[seeds.ANNA_ID]["attributes"]
    assert (there["email"], there["careOf"], there["city"]) == (seeds.ANNA_EMAIL, "Berg", "Kiruna")
    assert not Item.objects.filter(state__in=[State.PENDING, State.ATTENTION]).exists()
    assert ContactEvent.objects.get(what=Happened.LINKED).actor == "cora"
    assert till.get(f"{CONTACTS}/{born}").json()["id"] == seeds.ANNA_ID


def test_a_second_time_is_refused(engage):
    contact = newcomer()
    contact_link(contact=contact, engage_id=ANNA, by="cora", deadline=soon())
    with pytest.raises(LinkRefusedError):
        contact_link(contact=contact, engage_id=EngageContactId(seeds.BENGT_ID), by="cora", deadline=soon())
    assert Contact.objects.get(pk=contact.pk).engage_id is not None


def test_while_it_is_on_its_way_it_is_refused(engage):
    contact = newcomer()
    building.item(kind=CREATE, subject_id=contact.pk, stream=contact.stream, state=State.IN_DOUBT)
    with pytest.raises(LinkRefusedError, match="on its way"):
        contact_link(contact=contact, engage_id=ANNA, by="cora", deadline=soon())
    contact.refresh_from_db()
    assert contact.engage_id is None


def test_a_contact_that_engage_knows_is_not_asked_about(cora):
    contact = ingrid()
    page = cora.post(path_of(contact), {"engage_id": seeds.ANNA_ID, "confirmed": "1"}, follow=True).text
    assert "Nothing waits for this decision any more." in page
    assert "Say who it is…" not in page
