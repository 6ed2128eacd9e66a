"""One person is one local contact, whatever becomes of keys and ids in Engage."""

import pytest

from contacts.models import Contact, ContactEvent, Happened
from contacts.selectors import contact_by_id
from contacts.services import Asked, contact_update
from engage_portal.core.clock import Deadline
from engage_portal.outbox.models import Item
from engage_portal.sandbox.exports import person
from tests.api.talking import take_down
from tests.contacts.importing.exporting import (
    MAJA,
    NILS,
    TUVA,
    ago,
    by_engage_id,
    export,
    imported,
    outcome,
    read,
    taken,
)

pytestmark = pytest.mark.django_db
KEY = "person1@example.org"


def test_another_key_of_the_same_id_renames_it():
    imported(new=[person(1)])
    assert outcome(imported(updated=[person(1, email="New@Example.org ")])) == {"changed": 1}
    assert Contact.objects.get().email == "new@example.org"


def test_another_id_with_the_same_key_is_the_same_person_under_a_new_id():
    imported(new=[person(1)])
    before = Contact.objects.get()
    report = imported(new=[person(1, contactId=TUVA, city="Kiruna")])
    assert outcome(report) == {"changed": 1}
    after = Contact.objects.get()
    assert (after.pk, str(after.engage_contact_id), after.email) == (before.pk, TUVA, KEY)
    assert after.snapshot["city"] == "Kiruna"
    (event,) = ContactEvent.objects.filter(what=Happened.KEY_MOVED)
    assert event.detail == f"{MAJA} → {TUVA}"
    assert contact_by_id(before.pk) == contact_by_id(after.engage_contact_id) == after


def test_the_deletion_of_the_old_id_does_not_kill_its_successor():
    imported(new=[person(1)])
    report = imported(new=[person(1, contactId=TUVA)], deleted=[{"contactId": MAJA, "email": KEY}])
    assert outcome(report) == {"changed": 1, "unchanged": 1}
    assert outcome(imported(deleted=[{"contactId": MAJA, "email": KEY}])) == {"unchanged": 1}
    assert Contact.objects.get().deleted_at is None


def test_a_key_that_goes_to_somebody_known_makes_one_contact_of_two(engage):
    imported(new=[person(1), person(2)])
    take_down(engage)
    contact_update(
        contact=by_engage_id(MAJA), body={"city": "Kiruna"}, asked=Asked(actor="till", store="101"),
        deadline=Deadline.after(0.01),
    )  # fmt: skip
    old = by_engage_id(MAJA)
    assert outcome(imported(updated=[person(2, email=KEY)])) == {"changed": 1}
    kept = by_engage_id(NILS)
    old.refresh_from_db()
    assert (old.same_as, old.engage_contact_id, old.email, old.snapshot) == (kept, None, "", {})
    assert (kept.email, kept.data["city"]) == (KEY, "Kiruna")
    assert list(Item.objects.values_list("stream", flat=True)) == [kept.stream]
    assert contact_by_id(old.pk) == kept
    assert outcome(imported(deleted=[{"contactId": MAJA}])) == {"unchanged": 1}
    kept.refresh_from_db()
    assert kept.deleted_at is None


@pytest.mark.parametrize("is_first", [True, False])
def test_two_people_who_hand_a_key_over_stay_two(is_first):
    imported(new=[person(1), person(2)])
    records = [person(2, email=KEY), person(1, email="another@example.org")]
    imported(updated=records if is_first else records[::-1])
    maja, nils = by_engage_id(MAJA), by_engage_id(NILS)
    assert (maja.email, nils.email) == ("another@example.org", KEY)
    assert maja.snapshot["memberNumber"] == "5000001"
    assert nils.snapshot["memberNumber"] == "5000002"
    assert ContactEvent.objects.count() == 0


def test_people_who_swap_keys_stay_two():
    imported(new=[person(1), person(2)])
    imported(updated=[person(1, email="person2@example.org"), person(2, email=KEY)])
    assert (by_engage_id(MAJA).email, by_engage_id(NILS).email) == ("person2@example.org", KEY)


def test_whoever_lives_on_under_another_key_is_found_further_down_the_file_too():
    imported(new=[person(1), person(2)])
    many = [person(number) for number in range(10, 2500)]
    imported(updated=[person(2, email=KEY), *many, person(1, email="another@example.org")])
    assert (by_engage_id(MAJA).email, by_engage_id(NILS).email) == ("another@example.org", KEY)


def test_an_old_id_that_lives_again_is_somebody_else():
    imported(new=[person(1)])
    imported(new=[person(1, contactId=TUVA)])
    imported(new=[person(1, email="again@example.org", memberNumber="1")])
    again, moved = by_engage_id(MAJA), by_engage_id(TUVA)
    assert again != moved
    assert (again.email, moved.email) == ("again@example.org", KEY)
    assert contact_by_id(again.engage_contact_id) == again


def test_the_same_key_in_another_contact_type_is_another_person():
    Contact.objects.create(contact_type="Contact", email=KEY, engage_contact_id=NILS, snapshot={"email": KEY})
    assert outcome(imported(new=[person(1)])) == {"new": 1}
    assert Contact.objects.count() == 2


def test_somebody_raised_to_member_is_the_same_contact():
    Contact.objects.create(
        pk=MAJA, contact_type="Contact", email=KEY, engage_contact_id=MAJA, snapshot={"email": KEY}
    )
    assert outcome(imported(new=[person(1)])) == {"changed": 1}
    assert Contact.objects.get().contact_type == "Member"


@pytest.mark.parametrize("apart", [0, 1500])
@pytest.mark.parametrize("is_first", [True, False])
def test_somebody_who_gave_their_key_away_and_has_none_stays_who_they_are(is_first, apart):
    imported(new=[person(1)])
    before = by_engage_id(MAJA).pk
    between = [person(number) for number in range(10, 10 + apart)]
    records = [person(2, email=KEY), *between, person(1, email="")]
    imported(updated=records if is_first else records[::-1])
    assert (by_engage_id(MAJA).pk, by_engage_id(MAJA).email) == (before, "")
    assert by_engage_id(NILS).email == KEY
    assert ContactEvent.objects.count() == 0


@pytest.mark.parametrize("is_known", [True, False])
def test_a_key_handed_over_in_one_file_and_left_in_the_next_makes_nobody_another(is_known):
    imported(new=[person(1), person(2)] if is_known else [person(1)], made_at=ago(hours=5))
    before = by_engage_id(MAJA).pk
    made_at = ago(hours=1)
    taken(export(updated=[person(2, email=KEY)]), made_at=made_at, number=0)
    read(taken(export(updated=[person(1, email="another@example.org")]), made_at=made_at, number=1))
    assert by_engage_id(MAJA).pk == before
    assert (by_engage_id(MAJA).email, by_engage_id(NILS).email) == ("another@example.org", KEY)
