"""People who signed up while Engage was away, and what was sold to them meanwhile."""

import json

import pytest

from contacts.models import Contact
from contacts.services import Asked, contact_update
from engage_portal.core.clock import Deadline
from engage_portal.engage import Conflict
from engage_portal.outbox.control import retry
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.outbox.building import (
    ANNA,
    anna,
    by_id,
    contact_created,
    delivered,
    engage_is_away,
    fresh,
    item_of,
    outcomes_of,
    probe_is_due,
    receipt_posted,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def away(engage):
    engage_is_away()
    return engage


def back() -> None:
    """Engage is back, and everything that waited has been tried."""
    probe_is_due()
    for _ in range(3):
        delivered()


def test_the_contact_goes_first_and_its_receipts_follow_under_engages_id(engage):
    written = contact_created(firstName="Erik", email="erik@example.com")
    made = [receipt_posted(f"101-{number}", contact=by_id(written.contact)) for number in range(3)]
    back()
    contact = Contact.objects.get(pk=written.contact.pk)
    assert contact.engage_contact_id is not None
    assert contact.engage_contact_id != contact.pk
    assert [fresh(each).state for each in made] == [State.ACCEPTED] * 3
    assert list(engage.engage.received) == ["101-0", "101-1", "101-2"]
    tags = {json.dumps(record["body"]["contact"]) for record in engage.engage.received.values()}
    assert tags == {json.dumps({"matchKey": str(contact.engage_contact_id), "matchKeyType": "contactId"})}
    engage.engage.advance(900)
    assert set(engage.engage.receipts) == {"101-0", "101-1", "101-2"}
    posts = [seen.path for seen in engage.engage.requests if seen.method == "POST"]
    assert posts[0] == "/api/v3/contacts"


def test_the_id_given_out_during_the_outage_stays_valid_afterwards(engage):
    written = contact_created(email="erik@example.com")
    back()
    late = receipt_posted("101-9", contact=by_id(written.contact))
    delivered()
    contact = Contact.objects.get(pk=written.contact.pk)
    assert fresh(late).state == State.ACCEPTED
    assert engage.engage.received["101-9"]["body"]["contact"]["matchKey"] == str(contact.engage_contact_id)


def test_a_receipt_by_the_new_ones_e_mail_waits_for_the_contact_too(engage):
    written = contact_created(email="erik@example.com")
    key = {"matchKey": "erik@example.com", "matchKeyType": "email", "contactType": "Member"}
    made = receipt_posted("101-1", contact=key)
    assert made.stream == written.contact.stream
    back()
    engage_id = str(Contact.objects.get(pk=written.contact.pk).engage_contact_id)
    assert engage.engage.received["101-1"]["body"]["contact"] == {
        "matchKey": engage_id,
        "matchKeyType": "contactId",
    }


def test_somebody_whom_engage_knows_by_a_key_is_linked_and_never_overwritten(engage):
    before = dict(engage.engage.contacts[seeds.ANNA_ID]["attributes"])
    written = contact_created(firstName="Another", lastName="Name", email=seeds.ANNA_EMAIL)
    made = receipt_posted("101-1", contact=by_id(written.contact))
    people = len(engage.engage.contacts)
    back()
    contact = Contact.objects.get(pk=written.contact.pk)
    assert contact.engage_contact_id == ANNA
    assert contact.snapshot["firstName"] == "Anna"
    assert (fresh(item_of(written)).state, outcomes_of(item_of(written))) == (State.DELIVERED, ["found"])
    assert engage.engage.contacts[seeds.ANNA_ID]["attributes"] == before
    assert len(engage.engage.contacts) == people
    assert fresh(made).state == State.ACCEPTED
    assert engage.engage.received["101-1"]["body"]["contact"]["matchKey"] == seeds.ANNA_ID


def test_what_engage_lacks_of_somebody_found_is_sent_afterwards(engage):
    """Cecilia's street is not in Engage; her name is, and stays."""
    written = contact_created(
        contactType="Contact", email=seeds.CECILIA_EMAIL, firstName="Cissi", street="Nygatan 4"
    )
    back()
    attributes = engage.engage.contacts[seeds.CECILIA_ID]["attributes"]
    assert (attributes["firstName"], attributes["street"]) == ("Cecilia", "Nygatan 4")
    assert Contact.objects.get(pk=written.contact.pk).changes == {}


def test_two_sign_ups_that_turn_out_to_be_one_person_become_one(engage):
    """One by e-mail and one by phone, at two tills; Engage knows both keys as Anna's."""
    by_mail = contact_created(email=seeds.ANNA_EMAIL)
    by_phone = contact_created(mobilePhone=seeds.ANNA_PHONE)
    first = receipt_posted("101-1", contact=by_id(by_mail.contact))
    second = receipt_posted("101-2", contact=by_id(by_phone.contact))
    people = len(engage.engage.contacts)
    back()
    mail, phone = (Contact.objects.get(pk=written.contact.pk) for written in (by_mail, by_phone))
    assert {contact.engage_id for contact in (mail, phone)} == {ANNA}
    assert [contact.same_as_id for contact in (mail, phone)].count(None) == 1
    assert len(engage.engage.contacts) == people
    assert [fresh(each).state for each in (first, second)] == [State.ACCEPTED] * 2
    assert {record["body"]["contact"]["matchKey"] for record in engage.engage.received.values()} == {
        seeds.ANNA_ID
    }
    assert not Item.objects.exclude(state__in=[State.DELIVERED, State.ACCEPTED, State.SUPERSEDED]).exists()


def test_somebody_whom_our_copy_knew_already_takes_over_what_waited(engage):
    known = anna()
    written = contact_created(mobilePhone=seeds.ANNA_PHONE)
    made = receipt_posted("101-1", contact=by_id(written.contact))
    back()
    contact = Contact.objects.get(pk=written.contact.pk)
    assert (contact.same_as_id, contact.public_id) == (known.pk, str(known.pk))
    assert (fresh(made).state, fresh(made).stream) == (State.ACCEPTED, known.stream)
    assert engage.engage.received["101-1"]["body"]["contact"]["matchKey"] == seeds.ANNA_ID


def test_the_second_sign_up_with_the_same_key_is_told_so():
    contact_created(email="erik@example.com")
    with pytest.raises(Conflict):
        contact_created(email="Erik@example.com")
    assert Contact.objects.count() == 1
    assert Item.objects.count() == 1


def test_changes_before_the_birth_travel_with_the_creation(engage):
    written = contact_created(email="erik@example.com", city="Lund")
    contact_update(
        contact=written.contact,
        body={"city": "Malmö"},
        asked=Asked(actor="till", store=""),
        deadline=Deadline.after(20),
    )
    back()
    assert list(Item.objects.order_by("pk").values_list("state", flat=True)) == ["delivered", "superseded"]
    contact = Contact.objects.get(pk=written.contact.pk)
    assert engage.engage.contacts[str(contact.engage_contact_id)]["attributes"]["city"] == "Malmö"
    assert contact.changes == {}
    assert engage.engage.count_requests("PATCH", f"/api/v3/contacts/{contact.engage_contact_id}") == 0


def test_a_creation_that_engage_refuses_holds_back_its_receipts_and_nobody_elses(engage):
    engage.engage.faults.set("422", endpoint="POST /api/v3/contacts")
    written = contact_created(email="erik@example.com")
    mine = receipt_posted("101-1", contact=by_id(written.contact))
    other = receipt_posted("101-2", contact=by_id(seeds.BENGT_ID))
    back()
    assert (fresh(item_of(written)).state, fresh(mine).state) == (State.ATTENTION, State.PENDING)
    assert fresh(other).state == State.ACCEPTED
    engage.engage.faults.clear()
    retry(items=Item.objects.filter(state=State.ATTENTION), by="sam")
    back()
    assert (fresh(item_of(written)).state, fresh(mine).state) == (State.DELIVERED, State.ACCEPTED)


def test_a_creation_that_keeps_meeting_a_taken_key_ends_with_a_person(engage):
    engage.engage.configure(being_created=True)
    written = contact_created(email="erik@example.com")
    probe_is_due()
    for _ in range(10):
        delivered()
    stored = fresh(item_of(written))
    assert (stored.state, stored.reason_code) == (State.ATTENTION, "ContactWithKeyIsBeingCreated")
    assert engage.engage.unchecked_repeats == []
