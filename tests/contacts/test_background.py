"""What workers do for contacts: bring copies up to date, and bring sign-ups to Engage that it hesitates to take."""

from datetime import timedelta

import pytest

from contacts.models import Contact
from contacts.tasks import refresh_contact
from engage_portal.core import clock
from engage_portal.engage import Contact as EngageContact
from engage_portal.engage import EngageClient
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.api.talking import ANNA, CONTACTS, UNKNOWN, bring_up, deliver_all, items, new_contact, take_down

pytestmark = pytest.mark.django_db


class TestRefreshing:
    def test_brings_the_copy_up_to_date_and_may_run_twice(self, engage, till):
        till.get(ANNA)
        Contact.objects.update(fetched_at=clock.now() - timedelta(hours=1), snapshot={})
        for _ in range(2):
            assert refresh_contact(seeds.ANNA_ID) is True
        contact = Contact.objects.get()
        assert contact.snapshot["city"] == "Stockholm"
        assert clock.now() - contact.fetched_at < timedelta(minutes=1)

    def test_leaves_the_copy_alone_where_engage_does_not_answer(self, engage, till):
        till.get(ANNA)
        before = Contact.objects.get().fetched_at
        engage.engage.faults.set("500")
        assert refresh_contact(seeds.ANNA_ID) is False
        assert Contact.objects.get().fetched_at == before

    def test_has_nothing_to_do_for_nobody_and_for_somebody_born_here(self, engage, till):
        assert refresh_contact(UNKNOWN) is False
        take_down(engage)
        assert refresh_contact(till.post(CONTACTS, new_contact()).json()["id"]) is False

    def test_leaves_the_copy_of_somebody_whom_engage_forgot(self, engage, till):
        till.get(ANNA)
        with engage.engage.lock:
            engage.engage.store.remove("contact", seeds.ANNA_ID)
            engage.engage.store.commit()
        assert refresh_contact(seeds.ANNA_ID) is False


def erik(engage) -> list[dict]:
    return [
        each
        for each in engage.engage.contacts.values()
        if each["attributes"].get("email") == "erik@example.com"
    ]


def test_a_key_that_is_being_taken_in_engage_is_looked_up_and_tried_again(engage, till):
    take_down(engage)
    till.post(CONTACTS, new_contact())
    engage.engage.configure(being_created=True)
    engage.engage.faults.clear()
    deliver_all()
    (item,) = items()
    assert (item.state, item.reason_code) in {
        (State.IN_DOUBT, "ContactWithKeyIsBeingCreated"),
        (State.PENDING, "ContactWithKeyIsBeingCreated"),
    }
    engage.engage.configure(being_created=False)
    deliver_all()
    assert [item.state for item in items()] == [State.DELIVERED]
    assert len(erik(engage)) == 1


def test_a_key_that_stays_taken_becomes_a_persons_business(engage, till):
    take_down(engage)
    till.post(CONTACTS, new_contact())
    engage.engage.configure(being_created=True)
    engage.engage.faults.clear()
    for _ in range(6):
        deliver_all()
    (item,) = items()
    assert (item.state, item.reason_code) == (State.ATTENTION, "ContactWithKeyIsBeingCreated")
    assert not erik(engage)


def test_an_engage_that_answers_only_the_id_is_understood(engage, till, monkeypatch):
    """An older description of the creation lets it answer a bare id (api.md §16)."""
    bare = "0d9f3c57-6b1e-4c1d-a3f5-4f0f1c9b2e77"
    monkeypatch.setattr(
        EngageClient, "create_contact", lambda *_, **__: EngageContact.read({"id": bare.upper()})
    )
    answer = till.post(CONTACTS, new_contact())
    assert (answer.status_code, answer.json()["id"]) == (201, bare)
    assert answer.json()["attributes"]["email"] == "erik@example.com"
    assert Contact.objects.get().email == "erik@example.com"


def test_a_member_who_moved_to_a_known_contact_takes_the_queue_along(engage, till, receipt_body):
    """Somebody born here who turns out to be known: what waits for them goes on under the known one."""
    till.get(ANNA)
    take_down(engage)
    born = till.post(CONTACTS, new_contact(memberNumber="1", careOf="Berg")).json()["id"]
    till.post(
        "/api/v3/receipts", receipt_body("101-1", contact={"matchKey": born, "matchKeyType": "contactId"})
    )
    with engage.engage.lock:
        anna = engage.engage.store.get("contact", seeds.ANNA_ID)
        attributes = {**anna["attributes"], "email": "erik@example.com"}
        engage.engage.store.put("contact", seeds.ANNA_ID, {**anna, "attributes": attributes})
        engage.engage.store.commit()
    bring_up(engage)
    engage.engage.advance(10)
    assert engage.engage.received["101-1"]["contactId"] == seeds.ANNA_ID
    assert engage.engage.contacts[seeds.ANNA_ID]["attributes"]["careOf"] == "Berg"
    assert {item.state for item in items()} <= {State.DELIVERED, State.ACCEPTED}
    assert till.get(f"{CONTACTS}/{born}").json()["id"] == seeds.ANNA_ID
