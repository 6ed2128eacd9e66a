"""Engage's import creates or changes whoever has the key: nobody whom it has is written over knowingly."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from contacts.models import Contact, ContactEvent, Happened
from engage_portal.core import clock
from engage_portal.fallback.models import SpoolFile
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.fallback.spool.conftest import CONTACTS, come_back, only, sell, send_files, sign_up, start, texts
from tests.fallback.spool.test_afterwards import ANNA, files_go, imported, look  # noqa: F401 - fixture

pytestmark = pytest.mark.django_db


def known(**keys: str) -> None:
    """An export brings somebody of Engage's into the copy."""
    Contact.objects.create(pk=ANNA, engage_contact_id=ANNA, as_of=clock.now(), **keys)


def test_who_turns_out_to_be_in_engage_is_linked_and_not_written_over(
    engage: Any, till: APIClient, away: None, dropbox: Path
) -> None:
    before = dict(engage.engage.contacts[ANNA]["attributes"])
    born = sign_up(till, "Anna")
    sell(till, "101-1", contact={"matchKey": born, "matchKeyType": "contactId"})
    known(email="anna@example.com")

    files_go()

    assert not SpoolFile.objects.exists()
    assert set(Item.objects.values_list("state", flat=True)) == {State.PENDING}
    come_back(engage)
    look()
    assert str(Contact.objects.get(pk=born).engage_id) == ANNA
    after = engage.engage.contacts[ANNA]["attributes"]
    assert {name: after[name] for name in before if before[name]} == {
        name: value for name, value in before.items() if value
    }
    assert engage.engage.received["101-1"]["body"]["contact"]["matchKey"] == ANNA


@pytest.mark.parametrize("is_hers", [True, False])
def test_any_of_her_keys_counts(till: APIClient, away: None, dropbox: Path, is_hers: bool) -> None:
    born = sign_up(till, "Frida")
    assert till.patch(f"/api/v3/contacts/{born}", {"mobilePhone": "+46700000991"}).status_code == 202
    known(email="anna@example.com", mobile_phone="+46700000991" if is_hers else "+46700000992")

    files_go()

    assert SpoolFile.objects.exists() is not is_hers


def test_another_type_of_contact_with_her_key_is_somebody_else(
    till: APIClient, away: None, dropbox: Path
) -> None:
    sign_up(till, "Frida")
    known(email="frida@example.com", contact_type="Contact")

    files_go()

    assert texts(only(dropbox / CONTACTS), "email") == ["frida@example.com"]


def test_who_becomes_known_after_the_claim_is_not_in_the_file(
    till: APIClient, away: None, dropbox: Path
) -> None:
    sign_up(till, "Frida")
    sign_up(till, "Greta")
    start(by="karin")
    known(email="frida@example.com")

    send_files()

    assert texts(only(dropbox / CONTACTS), "email") == ["greta@example.com"]


def test_a_file_says_a_no_that_the_profile_has_an_element_for_and_never_a_yes(
    engage: Any,
    till: APIClient,
    away: None,
    imported: Callable[[], None],  # noqa: F811
    dropbox: Path,
    settings: Any,
) -> None:
    with Path(settings.ENGAGE_FILE_PROFILE).open("a") as profile:
        profile.write("[contacts_import.fields]\n")
        profile.write(
            '"preferences.acceptsEmail" = "acceptsEmail"\n"preferences.acceptsSms" = "acceptsSms"\n'
        )
    body = {
        "firstName": "Anna",
        "email": "anna@example.com",
        "countryCode": "SE",
        "preferences": {"acceptsEmail": True, "acceptsSms": False},
    }
    engage.engage.contacts[ANNA]["preferences"] = {"acceptsEmail": False, "acceptsSms": True}
    assert till.post("/api/v3/contacts", body).status_code == 202

    files_go()

    path = only(dropbox / CONTACTS)
    assert (texts(path, "acceptsEmail"), texts(path, "acceptsSms")) == ([], ["false"])


def says_yes(till: APIClient, name: str) -> str:
    """Somebody signs up in the outage and wants mail; their id."""
    body = {
        "firstName": name,
        "email": f"{name.lower()}@example.com",
        "countryCode": "SE",
        "preferences": {"acceptsEmail": True},
    }
    answer = till.post("/api/v3/contacts", body)
    assert answer.status_code == 202, answer.content
    return str(answer.json()["id"])


@pytest.mark.parametrize(
    ("attributes", "allowed"),
    [({"city": "Kiruna"}, {}), ({}, {"acceptsPostal": True})],
    ids=["something that the file did not say", "another yes"],
)
@pytest.mark.parametrize("is_in_copy", [True, False])
def test_a_no_of_somebody_who_was_in_engage_before_the_file_stays(
    engage: Any,
    till: APIClient,
    away: None,
    imported: Callable[[], None],  # noqa: F811
    travel: Any,
    attributes: dict[str, str],
    allowed: dict[str, bool],
    is_in_copy: bool,
) -> None:
    anna = engage.engage.contacts[ANNA]
    anna["attributes"] = {"firstName": "Anna", "email": "anna@example.com", **attributes}
    anna["preferences"] = {"acceptsEmail": False, "acceptsSms": False, "acceptsPostal": False, **allowed}
    anna["consents"] = []
    engage.engage.store.put("contact", ANNA, anna)
    born = says_yes(till, "Anna")
    files_go()
    imported()
    if is_in_copy:  # an export brings her once the file has gone
        known(email="anna@example.com")

    come_back(engage)
    travel(1)
    look()

    contact = Contact.objects.get(pk=born)
    assert str(contact.engage_id) == ANNA
    assert engage.engage.contacts[ANNA]["preferences"]["acceptsEmail"] is False
    assert not Item.objects.filter(kind="contact.update").exists()
    (event,) = ContactEvent.objects.filter(what=Happened.OVERRULED)
    assert (event.contact, event.field) == (contact.same_as or contact, "preferences.acceptsEmail")
    assert (event.old, event.new) == (True, False)


def test_who_was_known_here_before_the_look_keeps_a_no_whatever_else_engage_has(
    engage: Any,
    till: APIClient,
    away: None,
    imported: Callable[[], None],  # noqa: F811
    travel: Any,
) -> None:
    says_yes(till, "Frida")
    files_go()
    imported()
    (there,) = engage.engage.with_key("email", "frida@example.com")
    Contact.objects.create(
        pk=there["id"], engage_contact_id=there["id"], as_of=clock.now(), email="frida@example.com"
    )

    come_back(engage)
    travel(1)
    look()

    (there,) = engage.engage.with_key("email", "frida@example.com")
    assert there["preferences"]["acceptsEmail"] is False
