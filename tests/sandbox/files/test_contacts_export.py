import re
from xml.etree import ElementTree as ET

import pytest

from engage_portal.engage.xml import exports as reader
from engage_portal.engage.xml.names import ExportNames
from engage_portal.sandbox import seeds
from engage_portal.sandbox.files import contact_export, job
from tests.sandbox.files.documents import CONTACTS, CONTACTS_FILE, MAJA_ID, contacts, example, member, members

PATTERN = re.compile(r"\d{14}_(\d+)_members\.xml")


def test_nothing_is_written_where_nothing_changed(exports, api):
    assert exports() == []
    api.patch(f"/api/v3/contacts/{seeds.ANNA_ID}", json={"city": "Umeå"})
    assert len(exports()) == 1
    assert exports() == []


def test_what_was_sent_comes_back(send, run, exports, maja):
    send(CONTACTS, CONTACTS_FILE, contacts(member(externalId="WEB-1", firstName="Erik", acceptsSms="true")))
    run()
    send(CONTACTS, CONTACTS_FILE, contacts(member(contactId=MAJA_ID, city="")))
    run()
    ((name, text),) = exports()
    assert PATTERN.fullmatch(name)[1] == "0"
    found = members(text)
    assert set(found) == {"new", "updated"}
    (erik,), (changed,) = found["new"], found["updated"]
    assert {
        "externalId": "WEB-1",
        "firstName": "Erik",
        "acceptsSms": "true",
        "acceptsEmail": "false",
    }.items() <= (erik.items())
    assert erik["memberNumber"]
    assert changed == {
        "contactId": MAJA_ID,
        "memberNumber": "5000113",
        "externalId": "WEB-700113",
        "mobilePhone": "+46700000113",
        "city": "",
        "acceptsEmail": "false",
        "acceptsSms": "false",
        "acceptsPostal": "false",
    }


def test_changes_by_api_and_page_and_deletions_are_exported(api, exports):
    api.patch(f"/api/v3/contacts/{seeds.ANNA_ID}", json={"city": "Umeå"})
    api.post("/contacts", json={"contact": seeds.DANA_MEMBER_ID, "attribute": "city", "value": "Lund"})
    api.delete(f"/api/v3/contacts/{seeds.BENGT_ID}")
    ((_, text),) = exports()
    found = members(text)
    assert [one["contactId"] for one in found["updated"]] == [seeds.ANNA_ID, seeds.DANA_MEMBER_ID]
    assert found["deleted"] == [{"contactId": seeds.BENGT_ID}]
    assert "Bengt" not in text


def test_only_members_are_exported(api, exports):
    api.patch(f"/api/v3/contacts/{seeds.CECILIA_ID}", json={"city": "Umeå"})
    api.post("/api/v3/contacts", json={"email": "x@example.com", "contactType": "Contact"})
    assert exports() == []


def test_who_becomes_a_member_is_new(api, exports):
    path = f"/api/v3/contacts/{seeds.CECILIA_ID}/updateContactType"
    assert api.post(path, params={"contactTypeId": "Member"}).status_code == 200
    ((_, text),) = exports()
    assert [one["contactId"] for one in members(text)["new"]] == [seeds.CECILIA_ID]


def test_created_and_changed_is_new_once_with_the_latest(api, exports):
    made = api.post("/api/v3/contacts", json={"email": "x@example.com", "city": "Lund"}).json()["id"]
    api.patch(f"/api/v3/contacts/{made}", json={"city": "Umeå"})
    ((_, text),) = exports()
    found = members(text)
    assert set(found) == {"new"}
    assert [one["city"] for one in found["new"]] == ["Umeå"]


def test_who_came_and_went_is_not_told(api, exports):
    made = api.post("/api/v3/contacts", json={"email": "x@example.com"}).json()["id"]
    api.delete(f"/api/v3/contacts/{made}")
    assert exports() == []


def test_a_suppressed_import_comes_back_never(send, run, exports, api, maja):
    silent = contacts(member(contactId=MAJA_ID, shoeSize="39"), more=' avoidTriggeringExport="true"')
    send(CONTACTS, CONTACTS_FILE, silent)
    assert run()["taken"] == 1
    assert exports() == []
    api.patch(f"/api/v3/contacts/{MAJA_ID}", json={"city": "Umeå"})
    ((_, text),) = exports()
    assert members(text)["updated"][0]["shoeSize"] == "39"


def test_a_suppressed_bulk_call_comes_back_never(api, engage, exports):
    row = {"email": seeds.ANNA_EMAIL, "shoeSize": "39"}
    bulk = "/api/v3/contacts/bulk"
    api.patch(bulk, json=[row], params={"avoidTriggeringExport": "true"})
    engage.advance(2)
    assert engage.contacts[seeds.ANNA_ID]["attributes"]["shoeSize"] == "39"
    assert exports() == []
    api.patch(bulk, json=[row])
    engage.advance(2)
    assert len(exports()) == 1


def test_a_full_file_is_followed_by_the_next(api, engage, exports, monkeypatch):
    """The limit is Engage's; here it is reached with fewer people."""
    assert contact_export.MOST == 10_000
    monkeypatch.setattr(contact_export, "MOST", 2)
    for number in range(5):
        api.post("/api/v3/contacts", json={"email": f"x{number}@example.com"})
    written = exports()
    assert [PATTERN.fullmatch(name)[1] for name, _ in written] == ["0", "1", "2"]
    assert [len(members(text)["new"]) for _, text in written] == [2, 2, 1]
    assert [name for name, _ in written] == sorted(name for name, _ in written)


def test_two_runs_in_one_second_bear_different_names(api, exports):
    names = []
    for number in range(3):
        api.post("/api/v3/contacts", json={"email": f"x{number}@example.com"})
        names += [name for name, _ in exports()]
    assert len(set(names)) == 3
    assert names == sorted(names)


def test_an_export_that_could_not_be_written_is_written_later(api, engage, exports, root):
    api.post("/api/v3/contacts", json={"email": "x@example.com"})
    folder = root / "integration" / "customerExport"
    folder.rmdir()
    folder.write_text("in the way")
    assert job.run_exports(engage) == []
    assert engage.log[-1]["text"].startswith("Export not written")
    folder.unlink()
    folder.mkdir()
    ((_, text),) = exports()
    assert len(members(text)["new"]) == 1


def test_nothing_unfinished_is_left(api, exports, root):
    api.post("/api/v3/contacts", json={"email": "x@example.com"})
    ((name, _),) = exports()
    assert [one.name for one in (root / "integration" / "customerExport").iterdir()] == [name]


def test_it_has_the_shape_of_the_example(send, run, api, exports):
    """Root, namespace, order of the sections, attribute of the record."""
    api.post("/api/v3/contacts", json={"email": "x@example.com"})
    api.patch(f"/api/v3/contacts/{seeds.ANNA_ID}", json={"city": "Umeå"})
    api.delete(f"/api/v3/contacts/{seeds.BENGT_ID}")
    ((_, text),) = exports()
    ours, theirs = ET.fromstring(text.encode()), ET.fromstring(example("contacts_export").encode())
    assert ours.tag == theirs.tag
    assert [section.tag for section in ours] == [section.tag for section in theirs]
    assert [section[0].tag for section in ours] == [section[0].tag for section in theirs]
    assert ours[0][0].attrib == theirs[0][0].attrib
    assert ours[0][0][0].tag == theirs[0][0][0].tag


@pytest.mark.parametrize("city", ["Öst & Lind <x>", 'a "b"', "two\r\nlines"])
def test_the_portals_reader_reads_it(api, exports, tmp_path, city):
    """The one place where both sides meet: what the sandbox writes, read by the code that it tests."""
    api.patch(f"/api/v3/contacts/{seeds.ANNA_ID}", json={"city": city})
    ((_, text),) = exports()
    path = tmp_path / "export.xml"
    path.write_bytes(text.encode())
    with path.open("rb") as stream:
        (record,) = reader.records(stream, ExportNames())
    assert (record.fields["contactId"], record.fields["city"]) == (seeds.ANNA_ID, city)
