"""`DELETE /api/v3/contacts/{id}`: Engage deletes, and here nothing personal is left at once."""

from uuid import uuid4

import pytest
from django.test import override_settings

from contacts.models import Contact, ContactEvent
from contacts.services import contact_gone
from contacts.tasks import refresh_contact
from engage_portal.api.keys import key_create
from engage_portal.outbox.models import EngageLine
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from receipts.models import Receipt
from tests.api.talking import (
    ANNA,
    CONTACTS,
    ID,
    RECEIPTS,
    UNKNOWN,
    bring_up,
    code_of,
    items,
    new_contact,
    take_down,
)
from tests.conftest import client_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(db):
    """The shop's back office: a key that may delete."""
    return client_with(key_create(name="office", store="101", may_delete_contacts=True))


def test_a_key_that_may_not_delete_is_refused_and_nothing_happens(engage, api_key):
    till = client_with(api_key())
    till.get(ANNA)
    answer = till.delete(ANNA)
    assert (answer.status_code, code_of(answer)) == (403, "PermissionDenied")
    assert is_in_engage(engage)
    assert Contact.objects.get().deleted_at is None
    assert not items()


def test_somebody_who_was_deleted_cannot_be_changed(engage, till):
    till.get(ANNA)
    till.delete(ANNA)
    answer = till.patch(ANNA, {"city": "Lund"})
    assert (answer.status_code, code_of(answer)) == (404, "ContactNotFound")
    take_down(engage)
    assert till.patch(ANNA, {"city": "Lund"}).status_code == 503
    assert Contact.objects.get().changes == {}


def is_in_engage(engage, contact_id=seeds.ANNA_ID) -> bool:
    return contact_id in engage.engage.contacts


def personal(contact: Contact) -> list:
    return [contact.email, contact.mobile_phone, contact.member_number, contact.snapshot, contact.changes]


def test_a_contact_is_deleted_in_engage_and_forgotten_here(engage, till):
    till.get(ANNA)
    answer = till.delete(f"{ANNA}?source=Till")
    assert (answer.status_code, answer.content) == (200, b"")
    assert not is_in_engage(engage)
    gone = Contact.objects.get()
    assert (personal(gone), gone.deleted_at is not None) == (["", "", "", {}, {}], True)
    assert [event.what for event in ContactEvent.objects.all()] == ["deleted"]
    for again in (till.get(ANNA), till.delete(ANNA), till.get(ID, {"email": seeds.ANNA_EMAIL})):
        assert (again.status_code, code_of(again)) == (404, "ContactNotFound")


def test_while_engage_is_down_it_is_forgotten_here_and_deleted_there_later(engage, till, receipt_body):
    till.get(ANNA)
    take_down(engage)
    assert till.patch(ANNA, {"city": "Lund"}).status_code == 202
    assert till.post(RECEIPTS, receipt_body("101-1")).status_code == 202
    assert till.delete(ANNA).status_code == 202
    assert personal(Contact.objects.get()) == ["", "", "", {}, {}]
    bring_up(engage)
    assert not is_in_engage(engage)
    assert engage.engage.posted("101-1") == 1
    states = {item.kind: item.state for item in items()}
    assert (states["contact.update"], states["contact.delete"]) == (State.SUPERSEDED, State.DELIVERED)


def test_somebody_whom_this_portal_never_saw_can_be_deleted(engage, till):
    assert till.delete(ANNA).status_code == 200
    assert not is_in_engage(engage)


def test_nobody_is_404_and_nothing_is_kept_for_later(engage, till):
    answer = till.delete(f"{CONTACTS}/{UNKNOWN}")
    assert (answer.status_code, code_of(answer)) == (404, "ContactNotFound")
    assert [item.state for item in items()] == [State.CANCELLED]


def test_gone_already_counts_as_done_for_what_waited(engage, till):
    till.get(ANNA)
    take_down(engage)
    till.delete(ANNA)
    engage.engage.store.remove("contact", seeds.ANNA_ID)
    bring_up(engage)
    assert [item.state for item in items()] == [State.DELIVERED]


def test_somebody_born_and_deleted_in_one_outage_never_reaches_engage(engage, till):
    take_down(engage)
    born = till.post(CONTACTS, new_contact()).json()["id"]
    assert till.delete(f"{CONTACTS}/{born}").status_code == 202
    bring_up(engage)
    assert not engage.engage.with_key("email", "erik@example.com")
    assert {item.state for item in items()} == {State.SUPERSEDED}


def test_nobody_who_asks_before_the_deletion_has_left_brings_anything_back(engage, till):
    till.get(ANNA)
    take_down(engage)
    assert till.delete(ANNA).status_code == 202
    engage.engage.faults.clear()
    EngageLine.objects.all().delete()  # Engage answers again; the deletion still waits
    for asked in (
        till.get(ANNA),
        till.get(ID, {"email": seeds.ANNA_EMAIL}),
        till.patch(ANNA, {"city": "Lund"}),
    ):
        assert (asked.status_code, code_of(asked)) == (404, "ContactNotFound")
    assert refresh_contact(str(Contact.objects.get().pk))
    assert personal(Contact.objects.get()) == ["", "", "", {}, {}]


def test_what_came_in_all_the_same_goes_when_engage_has_deleted_them(engage, till):
    till.get(ANNA)
    take_down(engage)
    till.delete(ANNA)
    # An export that was made meanwhile, or a creation whose answer arrived late.
    Contact.objects.update(deleted_at=None, email=seeds.ANNA_EMAIL, snapshot={"firstName": "Anna"})
    bring_up(engage)
    assert not is_in_engage(engage)
    gone = Contact.objects.get()
    assert (personal(gone), gone.deleted_at is not None) == (["", "", "", {}, {}], True)
    assert [event.what for event in ContactEvent.objects.order_by("pk")] == ["deleted", "deleted"]


def test_somebody_who_may_have_reached_engage_is_deleted_once_that_is_known(engage, till):
    engage.engage.faults.set("lost_answer", endpoint="POST /api/v3/contacts")
    born = till.post(CONTACTS, new_contact()).json()["id"]
    answer = till.delete(f"{CONTACTS}/{born}")
    assert (answer.status_code, code_of(answer)) == (409, "ContactWithKeyIsBeingCreated")
    assert Contact.objects.get().email == "erik@example.com"
    bring_up(engage)
    assert till.delete(f"{CONTACTS}/{born}").status_code == 200
    assert not engage.engage.with_key("email", "erik@example.com")


@override_settings(ENGAGE_LEVEL=2)
def test_a_sale_of_the_member_stays_when_another_type_with_the_same_address_goes(engage, till, receipt_body):
    take_down(engage)
    whose = {"matchKey": seeds.ANNA_EMAIL, "matchKeyType": "email", "contactType": "Member"}
    assert till.post(RECEIPTS, {**receipt_body("101-1"), "contact": whose}).status_code == 202
    guid = uuid4()
    Contact.objects.create(pk=guid, engage_contact_id=guid, contact_type="Contact", email=seeds.ANNA_EMAIL)
    contact_gone(engage_contact_id=guid)
    assert seeds.ANNA_EMAIL in Receipt.objects.get().body
