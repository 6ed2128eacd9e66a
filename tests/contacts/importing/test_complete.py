"""Who is missing from a complete export is reported, and nobody is deleted for it."""

import pytest

from contacts.models import Contact
from engage_portal.sandbox.exports import person
from tests.contacts.importing.exporting import MAJA, NILS, TUVA, ago, export, imported, read, taken

pytestmark = pytest.mark.django_db


def test_whoever_is_missing_is_reported_by_our_id_and_stays():
    imported(new=[person(1), person(2), person(3)])
    report = read(taken(export(new=[person(2)]), is_complete=True))
    assert report.missing["count"] == 2
    assert set(report.missing["ids"]) == {MAJA, TUVA}
    assert Contact.objects.filter(deleted_at=None).count() == 3


def test_nothing_is_reported_of_an_export_that_is_not_complete():
    imported(new=[person(1)])
    assert imported(new=[person(2)]).missing is None


def test_files_of_consecutive_numbers_are_complete_together():
    imported(new=[person(1), person(2), person(3), person(4)])
    files = [
        taken(
            export(new=[person(number + 1)]), made_at=ago(minutes=9 - number), number=number, is_complete=True
        )
        for number in range(3)
    ]
    reports = [read(file) for file in files]
    assert [report.missing and report.missing["count"] for report in reports] == [None, None, 1]
    assert reports[2].missing["ids"] == [str(Contact.objects.get(email="person4@example.org").pk)]


def test_deleted_contacts_and_those_born_here_are_not_missing():
    imported(new=[person(1), person(2)])
    imported(deleted=[{"contactId": NILS}])
    Contact.objects.create(email="born@example.org", changes={"email": "born@example.org"})
    report = read(taken(export(new=[person(1)]), is_complete=True))
    assert report.missing == {"count": 0, "ids": []}
