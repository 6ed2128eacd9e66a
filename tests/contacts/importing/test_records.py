"""What an export says about people is what the copy has afterwards."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.importing import take_upload
from contacts.models import Contact, ContactEvent
from contacts.services import contact_gone
from engage_portal.outbox.models import Item
from engage_portal.sandbox.exports import person
from tests.contacts.importing.exporting import (
    MAJA,
    NILS,
    TUVA,
    ago,
    by_engage_id,
    imported,
    outcome,
    read,
)

pytestmark = pytest.mark.django_db


def test_people_whom_nobody_knew_are_kept_with_everything():
    made_at = ago(minutes=5)
    assert outcome(imported(new=[person(1), person(2)], made_at=made_at)) == {"new": 2}
    maja = by_engage_id(MAJA)
    assert str(maja.pk) == MAJA
    assert (maja.contact_type, maja.email, maja.mobile_phone) == (
        "Member",
        "person1@example.org",
        "+46700000001",
    )
    assert (maja.member_number, maja.external_id) == ("5000001", "WEB-0000001")
    assert maja.data["lastName"] == "Berg"
    assert maja.data["preferences"] == {"acceptsEmail": True}
    assert "contactId" not in maja.snapshot
    assert (maja.as_of, maja.fetched_at, maja.source) == (made_at, None, "External system")
    assert Item.objects.count() == 0


def test_what_is_absent_is_left_alone_and_what_is_empty_is_cleared():
    imported(new=[person(1, careOf="Ek")])
    report = imported(updated=[{"contactId": MAJA, "careOf": "", "city": "Kiruna"}])
    assert outcome(report) == {"changed": 1}
    maja = by_engage_id(MAJA)
    assert (maja.snapshot["careOf"], maja.snapshot["city"], maja.snapshot["firstName"]) == (
        "",
        "Kiruna",
        "Alva",
    )
    assert maja.email == "person1@example.org"


def test_a_new_record_of_somebody_known_is_a_change():
    imported(new=[person(1)])
    assert outcome(imported(new=[person(1, city="Kiruna")])) == {"changed": 1}
    assert Contact.objects.get().snapshot["city"] == "Kiruna"


def test_the_same_again_in_another_file_writes_no_contact():
    imported(new=[person(number) for number in range(1, 21)])
    with CaptureQueriesContext(connection) as seen:
        report = imported(updated=[person(number) for number in range(1, 21)])
    assert outcome(report) == {"unchanged": 20}
    said = [query["sql"] for query in seen if "contacts_contact" in query["sql"]]
    assert said
    assert [sql for sql in said if not sql.startswith("SELECT") or "FOR UPDATE" in sql] == []


def test_another_spelling_of_an_id_is_the_same_person():
    imported(new=[person(1)])
    report = imported(updated=[person(1, contactId="{" + MAJA.upper() + "}", city="Kiruna")])
    assert outcome(report) == {"changed": 1}
    assert Contact.objects.count() == 1


def test_a_deletion_forgets_at_once_and_needs_nothing_but_the_id():
    imported(new=[person(1), person(2)])
    assert outcome(imported(deleted=[{"contactId": MAJA}])) == {"deleted": 1}
    maja = by_engage_id(MAJA)
    assert maja.deleted_at is not None
    assert (maja.snapshot, maja.email, maja.mobile_phone) == ({}, "", "")
    assert by_engage_id(NILS).email == "person2@example.org"
    assert Item.objects.count() == 0


def test_a_deletion_of_somebody_unknown_is_nothing():
    report = imported(deleted=[{"contactId": MAJA}, {"email": "nobody@example.org"}])
    assert outcome(report) == {"unchanged": 2}
    assert report.reasons == {"deleted, and nobody here": 2}
    assert Contact.objects.count() == 0


def test_a_deletion_by_key_counts_only_where_the_record_has_no_id():
    imported(new=[person(1), person(2)])
    report = imported(
        deleted=[{"contactId": TUVA, "email": "person1@example.org"}, {"email": "PERSON2@example.org"}]
    )
    assert outcome(report) == {"unchanged": 1, "deleted": 1}
    assert by_engage_id(MAJA).deleted_at is None
    assert by_engage_id(NILS).deleted_at is not None


def test_the_old_id_deleted_and_the_new_one_created_with_the_same_key_ends_alive():
    imported(new=[person(1)])
    anew = person(1, contactId=TUVA, firstName="Ny")
    content = f"""<contacts><deleted><member><contactId>{MAJA}</contactId></member></deleted>
      <new><member><contactId>{TUVA}</contactId><email>{anew["email"]}</email></member></new></contacts>"""
    report = read(take_upload("a.xml", [content.encode()], "Sam"))
    assert outcome(report) == {"new": 1, "deleted": 1}
    assert by_engage_id(TUVA).email == "person1@example.org"
    assert by_engage_id(TUVA).deleted_at is None
    assert by_engage_id(MAJA).deleted_at is not None


def test_somebody_who_was_restored_in_engage_comes_back():
    imported(new=[person(1)], made_at=ago(minutes=9))
    imported(deleted=[{"contactId": MAJA}], made_at=ago(minutes=8))
    assert outcome(imported(updated=[person(1)], made_at=ago(minutes=7))) == {"changed": 1}
    maja = by_engage_id(MAJA)
    assert (maja.deleted_at, maja.email) == (None, "person1@example.org")
    assert "restored" in ContactEvent.objects.filter(contact=maja).values_list("what", flat=True)


def test_several_records_of_one_person_count_in_their_order():
    report = imported(
        new=[person(1, city="A"), person(2, city="A"), person(1, city="B")],
        updated=[person(1, city="C"), person(2, city="A")],
        deleted=[{"contactId": NILS}],
    )
    assert outcome(report) == {"new": 2, "changed": 2, "unchanged": 1, "deleted": 1}
    assert by_engage_id(MAJA).snapshot["city"] == "C"
    assert by_engage_id(NILS).deleted_at is not None


def test_what_is_older_than_the_copy_changes_nothing():
    imported(new=[person(1, city="New"), person(2)], made_at=ago(minutes=5))
    report = imported(updated=[person(1, city="Old")], deleted=[{"contactId": NILS}], made_at=ago(minutes=6))
    assert outcome(report) == {"unchanged": 2}
    assert report.reasons == {"older than the copy": 2}
    assert "A later file was read before this one" in report.alarms[0]
    assert by_engage_id(MAJA).snapshot["city"] == "New"
    assert by_engage_id(NILS).deleted_at is None


def test_a_later_restoration_counts_although_the_deletion_was_noticed_after_it():
    imported(new=[person(1)], made_at=ago(minutes=9))
    contact_gone(engage_contact_id=by_engage_id(MAJA).engage_contact_id)
    Contact.objects.update(as_of=ago(minutes=8))
    assert outcome(imported(updated=[person(1)], made_at=ago(minutes=7))) == {"changed": 1}


def test_records_that_cannot_be_used_are_counted_and_the_others_are_read():
    report = imported(
        new=[
            {"firstName": "Nobody"},
            {"contactId": "17", "email": "a@example.org"},
            {"contactId": "00000000-0000-0000-0000-000000000000", "email": "a@example.org"},
            {"email": "unknown@example.org"},
            person(1, acceptsEmail="perhaps"),
        ]
    )
    assert outcome(report) == {"new": 1, "skipped": 4}
    assert report.reasons == {
        "no contactId and no key": 1,
        "contactId is no GUID": 2,
        "no contactId, and nobody here has the key": 1,
        "a field has an invalid value": 1,
    }
    assert "preferences.acceptsEmail" not in by_engage_id(MAJA).snapshot


def test_a_record_without_an_id_is_matched_by_the_tenants_key(settings):
    settings.ENGAGE_KEY = "memberNumber"
    imported(new=[person(1)])
    report = imported(updated=[{"memberNumber": "5000001", "city": "Kiruna"}])
    assert outcome(report) == {"changed": 1}
    assert by_engage_id(MAJA).snapshot["city"] == "Kiruna"


def test_a_text_that_says_what_the_copy_has_as_another_type_is_no_change():
    imported(new=[person(1)])
    maja = by_engage_id(MAJA)
    kept = {"age": 34, "score": 2.5, "isVip": True, "seen": "2020-09-29T08:14:50.016814+01:00", "none": None}
    Contact.objects.update(snapshot={**maja.snapshot, **kept})
    texts = {
        "age": "34",
        "score": "2.50",
        "isVip": "True",
        "seen": "2020-09-29T07:14:50.0168149Z",
        "none": "",
    }
    assert outcome(imported(updated=[person(1, **texts)])) == {"unchanged": 1}
    imported(updated=[person(1, age="35", score="x", isVip="false")])
    maja.refresh_from_db()
    assert [maja.snapshot[name] for name in ("age", "score", "isVip")] == [35, "x", False]


def test_a_permission_left_empty_takes_nothing_back():
    imported(new=[person(1, acceptsEmail="true")])
    assert outcome(imported(updated=[person(1, acceptsEmail="")])) == {"unchanged": 1}
    imported(updated=[person(1, acceptsEmail="false")])
    assert by_engage_id(MAJA).snapshot["preferences.acceptsEmail"] is False


@pytest.mark.parametrize("fields", [["keys"], ["firstName", "acceptsEmail"]])
def test_only_wanted_fields_are_kept_besides_the_keys(settings, fields):
    settings.ENGAGE_COPY_FIELDS = fields
    imported(new=[person(1)])
    keys = {"memberNumber", "externalId", "email", "mobilePhone"}
    more = set() if fields == ["keys"] else {"firstName", "preferences.acceptsEmail"}
    assert set(by_engage_id(MAJA).snapshot) == keys | more
    assert by_engage_id(MAJA).email == "person1@example.org"
