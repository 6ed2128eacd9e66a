"""Correcting what waits or was refused: the old value is kept, the new one goes, and nothing else changes."""

import pytest

from contacts.kinds import CREATE, UPDATE
from contacts.models import Contact, ContactEvent, Happened
from contacts.services.correcting import contact_correct
from engage_portal.core import clock
from engage_portal.engage import Conflict, Rejected
from engage_portal.outbox import control
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.api.fixtures import roomy, wire  # noqa: F401 - fixtures
from tests.api.talking import deliver_all
from tests.pages import building
from tests.staff.people_at_work import SECRETS, at_work, ingrid, ingrid_in, item_of, newcomer

pytestmark = pytest.mark.django_db


def path_of(contact) -> str:
    return f"/staff/contacts/{contact.pk}/correct/"


@pytest.fixture
def cora(db):
    """Staff who may look and correct."""
    return at_work("cora", "view_contact", "correct_contact")


@pytest.fixture
def rosa(db):
    """Staff who may correct, and see personal data."""
    return at_work("rosa", "view_contact", "correct_contact", "reveal_contact")


def form_of(**fields) -> dict[str, str]:
    """A form as a page without personal data sends it."""
    names = {"email", "street", *fields}
    return {**{f"initial-{name}": "" for name in names}, **dict.fromkeys(names, ""), **fields}


def test_the_refusal_stands_at_its_field_and_no_value_does(cora):
    page = cora.get(path_of(ingrid())).text
    assert '<span class="refusal">Engage: is not a valid e-mail address</span>' in page
    assert not [secret for secret in SECRETS if secret in page]
    assert "Mobile phone" not in page
    assert "Show what is there now" not in page


def test_a_correction_reaches_engage_and_the_old_value_is_kept(cora, engage):
    contact = ingrid_in(engage)
    page = cora.post(path_of(contact), form_of(email=" Ingrid@Example.com "), follow=True).text
    assert "Corrected, and on its way to Engage again." in page
    event = ContactEvent.objects.get(what=Happened.CORRECTED)
    assert (event.actor, event.field, event.old, event.new) == (
        "cora", "email", "ingrid@exampel", "ingrid@example.com",
    )  # fmt: skip
    assert item_of(contact, UPDATE).state == State.PENDING
    deliver_all()
    there = engage.engage.contacts[seeds.BENGT_ID]["attributes"]
    assert (there["email"], there["street"]) == ("ingrid@example.com", "Hornsgatan 44")
    contact.refresh_from_db()
    assert contact.changes == {}


def test_what_is_left_empty_stays_as_it_is(cora):
    contact = ingrid()
    assert "Nothing was changed." in cora.post(path_of(contact), form_of(), follow=True).text
    contact.refresh_from_db()
    assert contact.changes == {"email": "ingrid@exampel", "street": "Hornsgatan 44"}
    assert item_of(contact, UPDATE).state == State.ATTENTION
    assert not ContactEvent.objects.exists()


def test_who_asks_sees_what_is_there_and_can_remove_it(rosa):
    contact = ingrid()
    page = rosa.post(path_of(contact), {"reveal": "1"}).text
    assert 'value="Hornsgatan 44"' in page
    assert ContactEvent.objects.get().what == Happened.REVEALED
    form = {
        "initial-email": "ingrid@exampel", "email": "ingrid@exampel", "initial-street": "Hornsgatan 44", "street": "",
    }  # fmt: skip
    rosa.post(path_of(contact), form)
    contact.refresh_from_db()
    assert contact.changes == {"email": "ingrid@exampel", "street": ""}


def test_after_a_mistake_the_page_still_says_that_emptying_removes(rosa):
    contact = ingrid()
    form = {
        "initial-email": "ingrid@exampel", "email": "ingrid@", "initial-street": "Hornsgatan 44", "street": "Other",
    }  # fmt: skip
    page = rosa.post(path_of(contact), form).text
    assert "What you empty is removed." in page
    assert "Show what is there now" not in page
    assert "What you leave empty" in rosa.get(path_of(contact)).text


def test_who_may_not_see_cannot_ask(cora):
    contact = ingrid()
    assert cora.post(path_of(contact), {"reveal": "1"}).status_code == 403
    assert not ContactEvent.objects.exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [("not-an-address", "This is not an e-mail address."), ("a@b." + "c" * 300, "This is longer than 254")],
)
def test_a_mistake_is_told_at_its_field_and_nothing_changes(cora, typed, said):
    contact = ingrid()
    page = cora.post(path_of(contact), form_of(email=typed, street="New street")).text
    assert said in page
    assert f'value="{typed}"' in page
    contact.refresh_from_db()
    assert contact.changes == {"email": "ingrid@exampel", "street": "Hornsgatan 44"}
    assert not ContactEvent.objects.exists()


def test_a_field_that_neither_waits_nor_was_refused_cannot_be_changed(cora):
    contact = ingrid()
    cora.post(path_of(contact), form_of(mobilePhone="+46709999999", memberNumber="1"))
    contact.refresh_from_db()
    assert set(contact.changes) == {"email", "street"}


def test_a_sign_up_with_a_wrong_key_goes_through_once_it_is_right(cora, engage):
    contact = newcomer()
    names = form_of(firstName="", mobilePhone="+46709998877", email="")
    assert "on its way to Engage again" in cora.post(path_of(contact), names, follow=True).text
    deliver_all()
    contact.refresh_from_db()
    assert contact.engage_contact_id is not None
    assert (
        engage.engage.contacts[str(contact.engage_contact_id)]["attributes"]["mobilePhone"] == "+46709998877"
    )


def test_a_correction_that_no_item_carries_gets_one(db):
    contact = ingrid()
    Item.objects.all().delete()
    done = contact_correct(contact=contact, changes={"street": "New street"}, by="cora")
    assert (done.fields, done.sent_again) == (("street",), 0)
    assert item_of(contact, UPDATE).fields == ["street"]


def test_a_correction_while_the_old_value_is_being_sent_gets_an_item_of_its_own(db):
    contact = ingrid()
    Item.objects.all().delete()
    building.item(
        kind=UPDATE, subject_id=contact.pk, stream=contact.stream, fields=["street"], state=State.SENDING
    )
    contact_correct(contact=contact, changes={"street": "New street"}, by="cora")
    assert Item.objects.get(state=State.PENDING).fields == ["street"]


def test_a_sign_up_that_was_given_up_is_created_after_all(db):
    contact = newcomer()
    control.cancel(items=Item.objects.all(), by="cora", reason="Twice.")
    contact_correct(contact=contact, changes={"mobilePhone": "070-999 88 77"}, by="cora")
    item = Item.objects.get(kind=CREATE, state=State.PENDING)
    assert item.looks_first
    contact.refresh_from_db()
    assert contact.mobile_phone == "+46709998877"


def test_only_items_about_the_contact_itself_go_again(db):
    contact = ingrid()
    receipt = building.item(kind="receipt.post", stream=contact.stream, state=State.ATTENTION)
    contact_correct(contact=contact, changes={"street": "New street"}, by="cora")
    receipt.refresh_from_db()
    assert receipt.state == State.ATTENTION


def test_a_second_time_nothing_more_happens(db):
    contact = ingrid()
    for _ in range(2):
        done = contact_correct(contact=contact, changes={"street": "New street"}, by="cora")
    assert done.fields == ()
    assert ContactEvent.objects.count() == 1


def test_a_key_of_somebody_else_who_is_born_here_is_refused(cora):
    newcomer(email="taken@example.com", mobilePhone="+46701112233")
    contact = newcomer()
    page = cora.post(path_of(contact), form_of(email="taken@example.com")).text
    assert "Somebody else here has this" in page
    with pytest.raises(Conflict):
        contact_correct(contact=contact, changes={"email": "taken@example.com"}, by="cora")
    contact.refresh_from_db()
    assert contact.email == "anna.arkberg@example.com"


def test_the_last_key_cannot_be_removed(db):
    contact = newcomer()
    with pytest.raises(Rejected):
        contact_correct(contact=contact, changes={"email": "", "mobilePhone": ""}, by="cora")
    contact.refresh_from_db()
    assert contact.email == "anna.arkberg@example.com"


def test_a_deleted_contact_cannot_be_corrected(db):
    contact = Contact.objects.create(deleted_at=clock.now(), engage_contact_id=seeds.BENGT_ID)
    with pytest.raises(Rejected):
        contact_correct(contact=contact, changes={"street": "New"}, by="cora")


def test_nothing_to_correct_says_so(cora):
    contact = ingrid()
    Item.objects.all().delete()
    contact.changes = {}
    contact.save()
    assert "Nothing waits and nothing was refused." in cora.get(path_of(contact)).text
