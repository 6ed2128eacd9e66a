"""Which files are looked at, and what costs a whole file."""

import pytest

from tests.sandbox.files.documents import (
    CONTACTS,
    CONTACTS_FILE,
    REDEMPTIONS,
    REDEMPTIONS_FILE,
    TRANSACTIONS,
    TRANSACTIONS_FILE,
    contacts,
    example,
    member,
    redemption,
    redemptions,
    transaction,
    transactions,
)

ERIK = member(externalId="WEB-1", firstName="Erik")


def test_what_was_processed_is_deleted(send, run, engage):
    path = send(CONTACTS, CONTACTS_FILE, contacts(ERIK))
    assert run()["taken"] == 1
    assert not path.exists()
    assert engage.with_key("externalId", "WEB-1")


@pytest.mark.parametrize("name", [f"{CONTACTS_FILE}.part", "notes.txt", "20260412093015_1_contacts"])
def test_a_name_without_the_ending_is_left_alone(send, run, engage, api, name):
    path = send(CONTACTS, name, contacts(ERIK))
    assert run() == {}
    assert path.exists()
    assert not engage.with_key("externalId", "WEB-1")
    assert api.get("/files").json()["unfinished"] == [{"kind": "contacts", "name": name}]


def test_files_are_read_in_the_order_of_their_names(send, run, engage, api):
    for number, city in ((2, "Lund"), (1, "Umeå")):
        content = contacts(member(externalId="WEB-1", city=city))
        send(CONTACTS, f"20260412093015_{number}_contacts.xml", content)
    run()
    assert [one["name"] for one in api.get("/files").json()["log"]] == [
        "20260412093015_1_contacts.xml",
        "20260412093015_2_contacts.xml",
    ]
    assert engage.with_key("externalId", "WEB-1")[0]["attributes"]["city"] == "Lund"


def test_transactions_are_not_kept_back_for_contacts_that_lie_there_too(send, run, api):
    """A sender has to wait until its contacts were picked up."""
    send(CONTACTS, CONTACTS_FILE, contacts(member(externalId="WEB-1", mobilePhone="+46700000113")))
    send(TRANSACTIONS, TRANSACTIONS_FILE, transactions(transaction()))
    run()
    log = {one["name"]: one for one in api.get("/files").json()["log"]}
    assert log[CONTACTS_FILE]["taken"] == 1
    assert log[TRANSACTIONS_FILE]["skipped"] == 1


_GOOD = contacts(ERIK)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not well-formed XML (line 1)"),
        (_GOOD[:-5], "not well-formed XML (line 1)"),
        (contacts(ERIK, "<member><firstName>a & b</firstName></member>"), "not well-formed XML (line 1)"),
        (contacts(ERIK, "<member><firstName>\x01</firstName></member>"), "not well-formed XML (line 1)"),
        (contacts(ERIK, root="kontakte"), "the root must be <contacts>"),
        (
            contacts(ERIK, namespace="http://eClub.Schemas.ExportMember"),
            "the namespace must be http://eClub.Schemas.ImportContact",
        ),
        (
            _GOOD.replace(' xmlns="http://eClub.Schemas.ImportContact"', ""),
            "the namespace must be http://eClub.Schemas.ImportContact",
        ),
        (f'<?xml version="1.0" encoding="iso-8859-1"?>{_GOOD}', "not UTF-8"),
        (f'<?xml version="1.0" encoding="utf-16"?>{_GOOD}'.encode("utf-16"), "not UTF-8"),
        (f'<!DOCTYPE contacts [<!ENTITY a "b">]>{_GOOD}', "a document type is not allowed"),
        (
            contacts(member(externalId="WEB-1", firstName="Åke")).encode("latin-1"),
            "not well-formed XML (line 1)",
        ),
    ],
)
def test_a_major_error_costs_the_whole_file(send, run, engage, content, reason):
    before = dict(engage.store.all("contact"))
    path = send(CONTACTS, CONTACTS_FILE, content)
    outcome = run()
    assert outcome["failed"] == reason
    assert (outcome["taken"], outcome["lines"]) == (0, [])
    assert dict(engage.store.all("contact")) == before
    assert not path.exists()
    assert engage.log[-1] == {
        "at": engage.log[-1]["at"],
        "level": "error",
        "text": f"File {CONTACTS_FILE}: the whole file was skipped: {reason}",
    }


@pytest.mark.parametrize(
    ("folder", "name", "content"),
    [
        (TRANSACTIONS, TRANSACTIONS_FILE, transactions(transaction(), root="receipts")),
        (TRANSACTIONS, TRANSACTIONS_FILE, transactions(transaction(), namespace="http://example.org")),
        (TRANSACTIONS, TRANSACTIONS_FILE, transactions(transaction())[:-20]),
        (REDEMPTIONS, REDEMPTIONS_FILE, redemptions(redemption())[:-20]),
        (REDEMPTIONS, REDEMPTIONS_FILE, f"<promotions>{redemption()}</promotions>"),
    ],
)
def test_a_major_error_undoes_what_came_before_it(send, run, engage, maja, coupon, folder, name, content):
    send(folder, name, content)
    assert run()["failed"]
    assert engage.received == {}
    assert engage.redemptions == []


def test_an_empty_root_is_no_error(send, run):
    send(CONTACTS, CONTACTS_FILE, '<contacts xmlns="http://eClub.Schemas.ImportContact"/>')
    outcome = run()
    assert (outcome["failed"], outcome["taken"]) == ("", 0)


def test_a_prefix_and_a_byte_order_mark_do_not_matter(send, run):
    content = (
        '<c:contacts xmlns:c="http://eClub.Schemas.ImportContact"><c:new><c:member>'
        "<c:externalId>WEB-1</c:externalId></c:member></c:new></c:contacts>"
    )
    send(CONTACTS, CONTACTS_FILE, content.encode("utf-8-sig"))
    assert run()["taken"] == 1


def test_a_file_that_cannot_be_read_stays(run, engage, root):
    unreadable = root / "integration" / CONTACTS / CONTACTS_FILE
    unreadable.symlink_to("/proc/self/mem")  # whoever reads its beginning gets an error, the superuser too
    assert run() == {}
    assert unreadable.is_symlink()
    assert f"File {CONTACTS_FILE} cannot be read and stays" in engage.log[-1]["text"]


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        (CONTACTS, "contacts_by_key"),
        (CONTACTS, "contacts_by_id"),
        (CONTACTS, "contacts_silent"),
        (TRANSACTIONS, "transactions"),
        (REDEMPTIONS, "redeemed_promotions"),
    ],
)
def test_every_example_of_the_description_is_taken(send, run, maja, coupon, folder, name):
    send(folder, "20260412093015_1_example.xml", example(name))
    outcome = run()
    assert (outcome["failed"], outcome["skipped"]) == ("", 0)
    assert outcome["taken"] >= 1
