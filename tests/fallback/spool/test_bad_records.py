"""One record that cannot go in a file never keeps the others from going, and costs no more than it has to."""

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from contacts.models import Contact
from engage_portal.engage.xml.imports import checking
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool import writing
from engage_portal.fallback.spool.writing import write_next
from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.states import State
from receipts.models import Receipt
from tests.fallback.spool.conftest import (
    CONTACTS,
    TRANSACTIONS,
    only,
    sell,
    send_files,
    sign_up,
    start,
    texts,
)
from tests.outbox.building import anna

pytestmark = pytest.mark.django_db

BY_MAIL = {"matchKey": "nobody@example.com", "matchKeyType": "email"}
UNREADABLE = {"lastName": "\u00a0"}
"""Found while it is written: nothing is left of it."""
UNKNOWN_SEX = {"gender": "female"}
"""Found by the check."""


def sign_up_as(till: APIClient, contact_type: str) -> None:
    body = {"contactType": contact_type, "email": "stam@example.com", "countryCode": "SE"}
    assert till.post("/api/v3/contacts", body).status_code == 202


def changed(till: APIClient, name: str, body: dict[str, str]) -> None:
    born = sign_up(till, name)
    assert till.patch(f"/api/v3/contacts/{born}", body).status_code == 202


def test_a_contact_type_that_is_no_element_name_is_told_and_the_others_go(
    till: APIClient, away: None, dropbox: Path
) -> None:
    sign_up_as(till, "Stam Gast")
    sign_up(till, "Greta")

    start(by="karin")
    send_files()

    assert texts(only(dropbox / CONTACTS), "email") == ["greta@example.com"]
    left = Item.objects.get(state=State.PENDING)
    assert "“Stam Gast” is no name of an element" in left.reason
    assert left.avoids_bulk
    file = SpoolFile.objects.get(state=SpoolFile.State.WITHDRAWN)
    assert f"Item {left.pk}: {left.reason}" in file.events.values_list("detail", flat=True)
    assert not SpoolFile.objects.exclude(problem="").exists()


def test_an_item_whose_record_changed_kind_meanwhile_waits_for_another_file(
    till: APIClient, away: None, dropbox: Path
) -> None:
    sell(till, "101-1", contact=BY_MAIL)
    sell(till, "101-2", contact=BY_MAIL)
    start(by="karin")
    Receipt.objects.filter(unique_receipt_id="101-1").update(contact=anna())  # a person said whose it is

    send_files()

    assert texts(only(dropbox / TRANSACTIONS), "uniqueReceiptId") == ["101-2"]
    assert start(by="karin").items == 1
    send_files()
    kinds = {tuple(texts(path, "matchKeyType")) for path in (dropbox / TRANSACTIONS).iterdir()}
    assert kinds == {("email",), ("contactId",)}


def test_a_contact_that_became_another_type_waits_for_another_file(
    till: APIClient, away: None, dropbox: Path
) -> None:
    first = sign_up(till, "Frida")
    sign_up(till, "Greta")
    start(by="karin")
    Contact.objects.filter(pk=first).update(contact_type="Contact")

    send_files()

    assert texts(only(dropbox / CONTACTS), "email") == ["greta@example.com"]
    assert start(by="karin").items == 1


@pytest.mark.parametrize("number", [1, 6])
def test_however_many_are_bad_the_file_is_written_twice_at_most(
    till: APIClient, away: None, dropbox: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    for each in range(number):
        changed(till, f"Early{each}", UNREADABLE)
        changed(till, f"Late{each}", UNKNOWN_SEX)
    sign_up(till, "Greta")
    writes, passes = _counted(monkeypatch, writing, "write_file"), _counted(monkeypatch, checking, "_parse")

    start(by="karin")
    write_next()

    file = SpoolFile.objects.get()
    assert (file.state, file.records) == (SpoolFile.State.READY, 1)
    assert len(writes) == 2
    assert len(passes) == 2 + 3, "a sound file needs two, one with faults three"
    assert {item.reason for item in Item.objects.filter(kind="contact.create", state=State.PENDING)} == {
        "The field “lastName” holds nothing that can be read.",
        "“gender” has a value that Engage does not take.",
    }
    assert Event.objects.filter(what="left out of a file").count() == 2 * number


def test_what_is_found_while_it_is_written_costs_no_second_writing(
    till: APIClient, away: None, dropbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in range(3):
        changed(till, f"Early{each}", UNREADABLE)
    sign_up(till, "Greta")
    writes = _counted(monkeypatch, writing, "write_file")

    start(by="karin")
    write_next()

    assert SpoolFile.objects.get().records == 1
    assert len(writes) == 1


def test_setting_many_aside_costs_no_query_for_each(
    till: APIClient, away: None, dropbox: Path, django_assert_max_num_queries: Any
) -> None:
    for each in range(12):
        changed(till, f"Early{each}", UNREADABLE)
        changed(till, f"Late{each}", UNKNOWN_SEX)
    start(by="karin")

    with django_assert_max_num_queries(45):
        write_next()

    file = SpoolFile.objects.get()
    assert file.state == SpoolFile.State.WITHDRAWN
    told = list(file.events.filter(what="one left out").order_by("pk").values_list("detail", flat=True))
    assert len(told) == 21
    assert told[-1] == "And 4 more: each item says why."


def _counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[None]:
    """Grows with each call of a function."""
    calls, work = list[None](), getattr(owner, name)

    def counting(*arguments: Any, **more: Any) -> Any:
        calls.append(None)
        return work(*arguments, **more)

    monkeypatch.setattr(owner, name, counting)
    return calls
