"""Many contacts that wait go in one bulk call, and none counts as delivered before it was seen."""

import pytest

from contacts.models import Contact
from contacts.services import Asked, contact_create, contact_update
from engage_portal.core.clock import Deadline
from engage_portal.outbox.delivery import bulk
from engage_portal.outbox.models import Attempt, EngageLine, Item
from engage_portal.outbox.states import Channel, State
from tests.outbox.building import by_id, delivered, engage_is_away, fresh, outcomes_of, receipt_posted

pytestmark = pytest.mark.django_db

BULK, SINGLE = "/api/v3/contacts/bulk", "/api/v3/contacts"


@pytest.fixture(autouse=True)
def few_are_many(settings, engage):
    settings.OUTBOX_BULK_FROM = 3
    engage.engage.configure(bulk_delay=0)


def signed_up(number: int, *, store: str = "", contact_type: str = "Member") -> Contact:
    """Somebody who signed up in the web shop, or in a store."""
    written = contact_create(
        body={"email": f"new{number}@example.com", "firstName": "New", "contactType": contact_type},
        source="shop",
        unapproved=False,
        asked=Asked(actor="shop", store=store),
        deadline=Deadline.after(20),
    )
    return written.contact


def changes(contact: Contact, **body) -> Item:
    """A change of theirs that waits."""
    contact_update(
        contact=contact, body=body, asked=Asked(actor="shop", store=""), deadline=Deadline.after(20)
    )
    return Item.objects.filter(subject_id=contact.pk, kind="contact.update").latest("pk")


def engage_is_back() -> None:
    EngageLine.objects.all().delete()


def theirs(engage, contact: Contact) -> dict:
    """A contact's attributes in Engage."""
    return engage.engage.contacts[fresh_contact(contact).public_id]["attributes"]


def fresh_contact(contact: Contact) -> Contact:
    return Contact.objects.get(pk=contact.pk)


def states(items) -> set[str]:
    return {fresh(each).state for each in items}


def changed_while_away(engage, count: int, **body) -> tuple[list[Contact], list[Item]]:
    people = [signed_up(number) for number in range(count)]
    engage_is_away()
    made = [changes(contact, **body) for contact in people]
    engage_is_back()
    return people, made


def test_many_changes_are_one_call_and_count_once_they_were_seen(engage):
    people, made = changed_while_away(engage, 5, city="Lund")
    delivered()
    assert engage.engage.count_requests("PATCH", BULK) == 1
    assert states(made) == {State.IN_DOUBT}
    assert {fresh(each).channel for each in made} == {Channel.BULK}
    assert {theirs(engage, contact)["city"] for contact in people} == {"Lund"}

    delivered()
    assert states(made) == {State.DELIVERED}
    assert {tuple(outcomes_of(each)) for each in made} == {("taken_in", "found")}
    assert {fresh_contact(contact).changes.get("city") for contact in people} == {None}
    assert engage.engage.count_requests("PATCH", BULK) == 1


def test_the_batch_id_is_kept_with_each_item(engage):
    _, made = changed_while_away(engage, 4, city="Lund")
    delivered()
    batches = set(Attempt.objects.filter(channel="bulk").values_list("batch_id", flat=True))
    assert len(batches) == 1
    assert engage.engage.store.get("batch", batches.pop())
    assert {fresh(each).reason for each in made} == {
        "It went in a bulk call; it is looked up before it counts as delivered."
    }


def test_a_row_without_effect_goes_alone_in_the_end(engage):
    engage.engage.configure(bulk_delay=100_000)
    people, made = changed_while_away(engage, 4, city="Lund")
    for _ in range(7):
        delivered()
    assert states(made) == {State.DELIVERED}
    assert outcomes_of(made[0]) == ["taken_in", *["not_found"] * 4, "done"]
    assert engage.engage.count_requests("PATCH", BULK) == 1
    assert {theirs(engage, contact)["city"] for contact in people} == {"Lund"}


def test_a_row_that_engage_refuses_alone_too_needs_a_person(engage):
    engage.engage.configure(bulk_delay=100_000)
    _, made = changed_while_away(engage, 3, city="Lund")
    delivered()
    engage.engage.faults.set("422", endpoint="PATCH /api/v3/contacts/{contactId}")
    for _ in range(6):
        delivered()
    assert states(made) == {State.ATTENTION}


def test_a_call_that_is_refused_as_a_whole_is_made_one_by_one(engage):
    people, made = changed_while_away(engage, 4, city="Lund")
    engage.engage.faults.set("422", endpoint="PATCH /api/v3/contacts/bulk")
    delivered()
    delivered()
    assert states(made) == {State.DELIVERED}
    assert {tuple(outcomes_of(each)) for each in made} == {("refused", "done")}
    assert {theirs(engage, contact)["city"] for contact in people} == {"Lund"}


def test_after_a_lost_answer_it_is_looked_up_and_not_sent_again(engage):
    _, made = changed_while_away(engage, 4, city="Lund")
    engage.engage.faults.set("lost_answer", endpoint="PATCH /api/v3/contacts/bulk", times=1)
    delivered()
    assert states(made) == {State.IN_DOUBT}
    delivered()
    assert states(made) == {State.DELIVERED}
    assert engage.engage.count_requests("PATCH", BULK) == 1
    assert not [seen for seen in engage.engage.requests if seen.method == "PATCH" and seen.path != BULK]


def test_people_born_while_engage_was_away_are_looked_up_first_and_then_created_in_one_call(engage):
    known = signed_up(0)
    engage_is_away()
    born = [signed_up(number) for number in range(1, 6)]
    receipts = [receipt_posted(f"r-{number}", contact=by_id(contact)) for number, contact in enumerate(born)]
    engage_is_back()
    before = engage.engage.count_requests("POST", SINGLE)
    for _ in range(4):
        delivered()
    assert engage.engage.count_requests("POST", SINGLE) == before
    assert engage.engage.count_requests("POST", BULK) == 1
    emails = [contact["attributes"].get("email") for contact in engage.engage.contacts.values()]
    assert {emails.count(f"new{number}@example.com") for number in range(6)} == {1}
    assert all(fresh_contact(contact).engage_contact_id for contact in born)
    assert states(receipts) == {State.ACCEPTED}
    tagged = {record["body"]["contact"]["matchKey"] for record in engage.engage.received.values()}
    assert tagged == {fresh_contact(contact).public_id for contact in born}
    assert fresh_contact(known).engage_contact_id
    assert not engage.engage.unchecked_repeats


def test_whoever_was_recruited_in_a_store_is_created_alone(engage):
    """A bulk call knows no store, and the store wants its recruit."""
    engage_is_away()
    born = [signed_up(number, store="101") for number in range(4)]
    engage_is_back()
    for _ in range(4):
        delivered()
    assert engage.engage.count_requests("POST", BULK) == 0
    assert engage.engage.count_requests("POST", SINGLE) == 4
    assert all(fresh_contact(contact).engage_contact_id for contact in born)


def test_one_call_holds_one_contact_type(engage):
    people = [signed_up(number, contact_type=("Member", "Contact")[number % 2]) for number in range(6)]
    engage_is_away()
    made = [changes(contact, city="Lund") for contact in people]
    engage_is_back()
    delivered()
    delivered()
    assert engage.engage.count_requests("PATCH", BULK) == 2
    assert states(made) == {State.DELIVERED}


def test_what_a_person_allows_or_forbids_goes_alone_and_first(engage):
    people = [signed_up(number) for number in range(4)]
    engage_is_away()
    made = [changes(contact, preferences={"acceptsEmail": True}) for contact in people]
    engage_is_back()
    assert {fresh(each).priority for each in made} == {10}
    delivered()
    delivered()
    assert engage.engage.count_requests("PATCH", BULK) == 0
    assert states(made) == {State.DELIVERED}


def test_a_later_change_waits_until_the_bulk_call_was_seen(engage):
    people, made = changed_while_away(engage, 3, city="Lund")
    delivered()
    engage_is_away()
    later = changes(people[0], city="Ystad")
    engage_is_back()
    assert later.pk != made[0].pk
    delivered()
    assert fresh(later).state == State.PENDING
    for _ in range(6):  # what was sent is not kept, so the newer value looks like one that has not arrived
        delivered()
    assert fresh(later).state in {State.DELIVERED, State.SUPERSEDED}
    assert states(made) == {State.DELIVERED}
    assert theirs(engage, people[0])["city"] == "Ystad"


@pytest.mark.parametrize("bulk_from", [0, 6])
def test_fewer_go_one_by_one(engage, settings, bulk_from):
    settings.OUTBOX_BULK_FROM = bulk_from
    _, made = changed_while_away(engage, 5, city="Lund")
    delivered()
    assert engage.engage.count_requests("PATCH", BULK) == 0
    assert states(made) == {State.DELIVERED}


def test_engage_down_leaves_everything_waiting_and_costs_no_try(engage, monkeypatch):
    _, made = changed_while_away(engage, 4, city="Lund")
    engage_is_away()
    delivered()
    assert states(made) == {State.PENDING}
    assert {fresh(each).tries for each in made} == {0}
    assert engage.engage.count_requests("PATCH", BULK) == 0


def test_no_call_begins_after_the_passes_time(engage):
    """Else a worker with many thousands to send would show no pulse for minutes."""
    _, made = changed_while_away(engage, 4, city="Lund")
    bulk.send_where_many_wait(Deadline.after(0))
    assert engage.engage.count_requests("PATCH", BULK) == 0
    assert states(made) == {State.PENDING}
