"""One contact: what is known, what waits, what happened; masked until somebody asks, who is remembered."""

import pytest

from contacts.models import Answer, ConsentText, Contact, ContactEvent, Happened
from engage_portal.core import clock
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.api.fixtures import roomy, wire  # noqa: F401 - fixtures
from tests.api.talking import take_down
from tests.pages import building
from tests.staff.people_at_work import SECRETS, at_work, ingrid, newcomer

pytestmark = pytest.mark.django_db


def path_of(contact) -> str:
    return f"/staff/contacts/{contact.pk}/"


@pytest.fixture
def lena(db):
    """Staff who may look, and see personal data."""
    return at_work("lena", "view_contact", "view_item", "reveal_contact")


@pytest.fixture
def cora(db):
    """Staff who may look and correct."""
    return at_work("cora", "view_contact", "view_item", "correct_contact")


def test_personal_data_is_masked(lena):
    page = lena.get(path_of(ingrid())).text
    assert not [secret for secret in SECRETS if secret in page]
    for word in ("I••• L•••", "i•••@e•••.com", "+46 ••• 67", "•••234", "Refused", "On its way"):
        assert word in page


def test_an_attribute_that_only_this_tenant_has_is_masked_too(lena):
    contact = ingrid()
    contact.snapshot |= {"favouriteDoctor": "Doctor Moreau"}
    contact.save()
    page = lena.get(path_of(contact)).text
    assert "Favourite doctor" in page
    assert "Moreau" not in page


def test_it_is_shown_on_request_for_this_view_only_and_remembered(lena):
    contact = ingrid()
    answer = lena.post(path_of(contact))
    assert not [secret for secret in SECRETS if secret not in answer.text]
    assert "no-store" in answer["Cache-Control"]
    event = ContactEvent.objects.get(contact=contact)
    assert (event.what, event.actor) == (Happened.REVEALED, "lena")
    page = lena.get(path_of(contact)).text
    assert "Ingrid" not in page
    assert "Personal data shown to staff" in page


def test_who_may_not_see_it_has_no_button_and_no_way(cora):
    contact = ingrid()
    assert "Show personal data" not in cora.get(path_of(contact)).text
    assert cora.post(path_of(contact)).status_code == 403
    assert not ContactEvent.objects.exists()


def test_what_waits_stands_there_with_its_reason_and_a_link(lena):
    contact = ingrid()
    waiting = building.item(kind="receipt.post", stream=contact.stream, reason="Engage did not answer.")
    building.item(kind="receipt.post", stream="contact:somebody-else", reason="Not about her.")
    page = lena.get(path_of(contact)).text
    assert f'href="/staff/queue/{waiting.pk}/"' in page
    assert "Engage did not answer." in page
    assert "Not about her." not in page


def test_who_may_not_see_the_queue_gets_no_links_into_it(db):
    contact = ingrid()
    assert "/staff/queue/1" not in at_work("olle", "view_contact").get(path_of(contact)).text


def test_the_answers_stand_there_newest_first_with_place_and_words(lena):
    contact = ingrid()
    text = ConsentText.objects.create(
        consent_id="memberConsent", language="sv-SE", version=2, name="Membership terms"
    )
    for name, value, actor, words in (
        ("consents.memberConsent", True, "till-101-1", text),
        ("preferences.acceptsSms", False, "member", None),
    ):
        Answer.objects.create(
            contact=contact, name=name, value=value, actor=actor, text=words,
            answered_at=clock.now(), store="101", channel="POS",
        )  # fmt: skip
    page = lena.get(path_of(contact)).text
    assert page.index("News by text message") < page.index("Membership terms")
    for word in ("POS, store 101", "till-101-1", "shown sv-SE, version 2"):
        assert word in page


def test_the_journal_is_masked_until_revealed(lena):
    contact = ingrid()
    ContactEvent.objects.create(
        contact=contact,
        what=Happened.CORRECTED,
        actor="maria",
        field="street",
        old="Old road",
        new="New road",
    )
    page = lena.get(path_of(contact)).text
    assert "Corrected by staff: Street" in page
    assert "maria" in page
    assert "road" not in page
    assert "Old road → New road" in lena.post(path_of(contact)).text


def test_a_conflict_is_plain_to_see_while_the_change_waits(lena):
    contact = ingrid()
    ContactEvent.objects.create(contact=contact, what=Happened.CONFLICT, actor="Engage", field="street")
    assert "Changed in two places." in lena.get(path_of(contact)).text
    contact.changes = {}
    contact.save()
    assert "Changed in two places." not in lena.get(path_of(contact)).text


def test_a_deleted_contact_says_so_and_offers_nothing(cora):
    contact = Contact.objects.create(engage_contact_id=seeds.BENGT_ID, deleted_at=clock.now())
    page = cora.get(path_of(contact)).text
    assert "This contact was deleted" in page
    for button in ("Refresh now", "Delete…", "Correct…", "Show personal data"):
        assert button not in page


def test_of_somebody_whom_engage_does_not_know_not_every_field_is_marked(lena):
    page = lena.get(path_of(newcomer())).text
    assert "Not in Engage yet" in page
    assert "On its way" not in page
    assert "Who is this in Engage?" in page


def test_another_id_of_the_same_person_leads_to_the_person(lena):
    contact = ingrid()
    alias = Contact.objects.create(same_as=contact)
    for guid in (alias.pk, contact.engage_contact_id):
        assert lena.get(f"/staff/contacts/{guid}/")["Location"] == path_of(contact)
    assert str(alias.pk) in lena.get(path_of(contact)).text


def test_an_unknown_id_is_not_found(lena):
    assert lena.get(f"/staff/contacts/{seeds.ANNA_ID}/").status_code == 404
    assert lena.post(f"/staff/contacts/{seeds.ANNA_ID}/").status_code == 404


def test_nothing_of_another_contact_is_on_the_page(lena):
    other = ingrid()
    other.snapshot |= {"firstName": "Zacharias"}
    other.save()
    ContactEvent.objects.create(contact=other, what=Happened.CORRECTED, actor="nosy", field="street")
    mine = newcomer()
    page = lena.post(path_of(mine)).text
    for word in ("Zacharias", "Lindqvist", "nosy", str(other.pk)):
        assert word not in page


def test_refreshing_shows_what_engage_has_and_is_remembered(cora, engage):
    cora.post("/staff/contacts/", {"text": seeds.ANNA_EMAIL, "ask": "1"})
    contact = Contact.objects.get()
    engage.engage.contacts[seeds.ANNA_ID]["attributes"]["city"] = "Kiruna"
    anna = engage.engage.contacts[seeds.ANNA_ID]
    engage.engage.store.put(
        "contact", seeds.ANNA_ID, {**anna, "attributes": {**anna["attributes"], "city": "Kiruna"}}
    )
    page = cora.post(f"{path_of(contact)}refresh/", follow=True).text
    assert "This is live" in page
    assert Contact.objects.get().snapshot["city"] == "Kiruna"
    event = ContactEvent.objects.get(what=Happened.REFRESHED)
    assert event.actor == "cora"


def test_refreshing_while_engage_is_away_keeps_the_copy(cora, engage, wire):  # noqa: F811
    contact = ingrid()
    take_down(wire)
    page = cora.post(f"{path_of(contact)}refresh/", follow=True).text
    assert "Engage isn’t answering right now." in page
    assert Contact.objects.get().snapshot == contact.snapshot
    assert not ContactEvent.objects.exists()


def test_refreshing_whom_engage_no_longer_has_says_so(cora, engage):
    contact = ingrid()
    assert "Engage no longer has this contact." in cora.post(f"{path_of(contact)}refresh/", follow=True).text
    assert Contact.objects.get().deleted_at is None


def test_refreshing_whom_engage_does_not_know_yet_asks_nobody(cora):
    page = cora.post(f"{path_of(newcomer())}refresh/", follow=True).text
    assert "Engage doesn’t know this contact yet" in page


def test_deleting_asks_first_and_forgets_everywhere(cora, engage):
    cora.post("/staff/contacts/", {"text": seeds.ANNA_EMAIL, "ask": "1"})
    contact = Contact.objects.get()
    assert "Delete this contact?" in cora.get(f"{path_of(contact)}delete/").text
    assert seeds.ANNA_ID in engage.engage.contacts
    page = cora.post(f"{path_of(contact)}delete/", follow=True).text
    assert "Deleted, here and in Engage." in page
    assert seeds.ANNA_ID not in engage.engage.contacts
    contact.refresh_from_db()
    assert contact.deleted_at is not None
    assert contact.snapshot == {}
    assert "deleted already" in cora.post(f"{path_of(contact)}delete/", follow=True).text


def test_deleting_while_engage_is_away_is_kept_and_told_later(cora, engage, wire):  # noqa: F811
    contact = ingrid()
    take_down(wire)
    assert (
        "Engage is told as soon as it answers." in cora.post(f"{path_of(contact)}delete/", follow=True).text
    )
    assert building.Item.objects.get(kind="contact.delete").state == State.PENDING


def test_deleting_whom_engage_no_longer_has_forgets_them_here(cora, engage):
    contact = ingrid()
    cora.post(f"{path_of(contact)}delete/")
    contact.refresh_from_db()
    assert contact.deleted_at is not None
