"""A tenant's own names for sections, records and fields."""

import pytest

from contacts.importing import ImportRefusedError, read_next
from contacts.models import ExportFile
from tests.contacts.importing.exporting import MAJA, by_engage_id, outcome, read, taken

NAMES = """
[contacts_export]
root = "kunder"
records = ["kund", "medlem"]
[contacts_export.sections]
new = ["nya", "tillagda"]
deleted = "borttagna"
[contacts_export.fields]
"kund-id" = "contactId"
epost = "email"
medlemskap = "consents.memberConsent"
"""
FILE = f"""<k:kunder xmlns:k="urn:x"><k:nya><k:kund><k:kund-id>{MAJA}</k:kund-id><k:epost>A@Example.org</k:epost>
<k:medlemskap>true</k:medlemskap><k:favorit>blå</k:favorit></k:kund></k:nya><k:okänd><k:kund/></k:okänd>
<k:updated><k:medlem><k:kund-id>{MAJA}</k:kund-id><k:stad>Umeå</k:stad></k:medlem><k:annat/></k:updated></k:kunder>"""


@pytest.fixture
def names(settings, tmp_path):
    path = tmp_path / "names.toml"
    path.write_text(NAMES)
    settings.ENGAGE_FILE_PROFILE = str(path)
    return path


@pytest.mark.django_db
def test_an_export_in_other_words_is_read_as_any_other(names):
    report = read(taken(FILE.encode()))
    assert outcome(report) == {"new": 1, "changed": 1}
    maja = by_engage_id(MAJA)
    assert maja.email == "a@example.org"
    assert (maja.snapshot["favorit"], maja.snapshot["stad"]) == ("blå", "Umeå")
    assert maja.data["consents"] == [{"id": "memberConsent", "value": True}]


@pytest.mark.django_db
def test_what_no_name_covers_is_left_out_with_an_alarm(names):
    report = read(taken(FILE.encode()))
    assert [alarm.split("”")[0] for alarm in report.alarms] == ["The section “okänd", "1 elements “annat"]


@pytest.mark.django_db
def test_a_file_of_names_that_broke_later_stops_reading_and_changes_nothing(names):
    file = taken(FILE.encode())
    names.write_text("root = ")
    with pytest.raises(ImportRefusedError, match="is not TOML"):
        read_next()
    file.refresh_from_db()
    assert file.state == ExportFile.State.WAITING
