"""After the pick-up: what Engage made of a file is found out as soon as its API is back."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.fallback.spool.picking import watch
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox.files import job
from engage_portal.sandbox.files.folders import Folders
from tests.fallback.spool.conftest import CONTACTS, come_back, sell, send_files, sign_up, start
from tests.outbox.building import delivered

pytestmark = pytest.mark.django_db

ANNA = "430d3329-7eef-45c0-87f9-ae9300a0dace"


@pytest.fixture
def imported(engage: Any, dropbox: Path) -> Iterator[Callable[[], None]]:
    """Has Engage import what lies in the dropbox, and the portal notice."""
    engage.engage.folders = Folders(dropbox)
    engage.engage.configure(key_field="email", import_delay=0)

    def run() -> None:
        job.run_imports(engage.engage)
        watch()

    yield run
    engage.engage.folders = None


def look() -> None:
    """As if the moments for looking had come, with Engage there."""
    for _ in range(3):
        Item.objects.filter(state__in=[State.ACCEPTED, State.PENDING]).update(not_before=clock.now())
        delivered()


def by_kind() -> dict[str, str]:
    """Kind → state, where there is one of each."""
    return dict(Item.objects.values_list("kind", "state"))


def files_go() -> None:
    start(by="karin")
    send_files()


def test_somebody_born_here_gets_engages_id(
    engage: Any, till: APIClient, away: None, imported: Callable[[], None]
) -> None:
    born = sign_up(till, "Frida")
    files_go()
    imported()
    assert by_kind() == {"contact.create": State.ACCEPTED}
    assert Contact.objects.get(pk=born).engage_contact_id is None

    come_back(engage)
    look()

    there = engage.engage.with_key("email", "frida@example.com")
    assert [str(Contact.objects.get(pk=born).engage_contact_id)] == [one["id"] for one in there]
    assert by_kind() == {"contact.create": State.DELIVERED}


def test_her_sales_find_her_whatever_way_they_go(
    engage: Any, till: APIClient, away: None, imported: Callable[[], None], travel: Any
) -> None:
    born = sign_up(till, "Frida")
    hers = {"matchKey": born, "matchKeyType": "contactId"}
    sell(till, "101-1", contact=hers)
    files_go()
    imported()
    travel(1)
    files_go()
    sell(till, "101-2", contact=hers)
    imported()
    assert set(Item.objects.filter(kind="receipt.post").values_list("reference", "state")) == {
        ("101-1", State.ACCEPTED),
        ("101-2", State.PENDING),
    }

    come_back(engage)
    look()

    assert set(Item.objects.filter(kind="receipt.post").values_list("state", flat=True)) == {State.DELIVERED}
    assert engage.engage.posted("101-1") == 1
    assert engage.engage.posted("101-2") == 1


def test_what_waits_for_her_id_goes_in_the_pass_that_finds_it(
    engage: Any, till: APIClient, away: None, imported: Callable[[], None]
) -> None:
    born = sign_up(till, "Frida")
    files_go()
    imported()
    sell(till, "101-1", contact={"matchKey": born, "matchKeyType": "contactId"})
    for number in range(60):
        sell(till, f"others-{number}")
    come_back(engage)

    delivered()

    assert engage.engage.posted("101-1") == 1


def test_she_is_found_also_where_receipts_are_never_looked_for(
    engage: Any, till: APIClient, away: None, imported: Callable[[], None], settings: Any
) -> None:
    settings.OUTBOX_CONFIRM_HOURS = 0
    born = sign_up(till, "Frida")
    files_go()
    imported()
    come_back(engage)
    sell(till, "101-1", contact={"matchKey": born, "matchKeyType": "contactId"})

    look()

    assert by_kind() == {"contact.create": State.DELIVERED, "receipt.post": State.ACCEPTED}
    assert engage.engage.posted("101-1") == 1


def test_what_a_person_allows_follows_through_the_api(
    engage: Any, till: APIClient, away: None, imported: Callable[[], None], travel: Any
) -> None:
    body = {
        "firstName": "Frida",
        "email": "frida@example.com",
        "countryCode": "SE",
        "preferences": {"acceptsEmail": True},
    }
    assert till.post("/api/v3/contacts", body).status_code == 202
    files_go()
    imported()
    (there,) = engage.engage.with_key("email", "frida@example.com")
    assert not there["preferences"].get("acceptsEmail")

    come_back(engage)
    travel(1)
    look()

    (there,) = engage.engage.with_key("email", "frida@example.com")
    assert there["preferences"]["acceptsEmail"] is True
    assert by_kind() == {"contact.create": State.DELIVERED, "contact.update": State.DELIVERED}


def test_a_change_that_went_in_a_file_is_done_once_engage_shows_it(
    engage: Any, till: APIClient, imported: Callable[[], None]
) -> None:
    assert till.get(f"/api/v3/contacts/{ANNA}").status_code == 200
    _goes_away(engage)
    assert till.patch(f"/api/v3/contacts/{ANNA}", {"city": "Kiruna"}).status_code == 202
    files_go()
    imported()
    assert by_kind() == {"contact.update": State.ACCEPTED}

    come_back(engage)
    look()

    assert by_kind() == {"contact.update": State.DELIVERED}
    assert Contact.objects.get(engage_contact_id=ANNA).changes == {}


def test_a_field_that_engage_dropped_reaches_a_person(
    engage: Any, till: APIClient, imported: Callable[[], None], travel: Any, settings: Any
) -> None:
    assert till.get(f"/api/v3/contacts/{ANNA}").status_code == 200
    _goes_away(engage)
    assert till.patch(f"/api/v3/contacts/{ANNA}", {"birthDay": "1066-13-45"}).status_code == 202
    files_go()
    imported()
    come_back(engage)
    look()
    assert by_kind() == {"contact.update": State.ACCEPTED}

    travel(settings.OUTBOX_CONFIRM_HOURS + 1)
    look()

    item = Item.objects.get()
    assert item.state == State.ATTENTION
    assert item.reason_code == "NotProcessed"


def _goes_away(engage: Any) -> None:
    from engage_portal.engage import Unavailable
    from engage_portal.outbox.line import breaker

    engage.engage.faults.set("down")
    breaker.report([Unavailable("no answer")] * 3)


def test_a_newer_change_waits_until_an_older_one_is_imported_from_its_file(
    engage: Any, till: APIClient, imported: Callable[[], None], dropbox: Path, travel: Any
) -> None:
    assert till.get(f"/api/v3/contacts/{ANNA}").status_code == 200
    _goes_away(engage)
    assert till.patch(f"/api/v3/contacts/{ANNA}", {"city": "Kiruna"}).status_code == 202
    files_go()
    (path,) = (dropbox / CONTACTS).iterdir()
    aside = path.rename(dropbox / path.name)
    watch()  # gone means picked up; Engage is still at work
    come_back(engage)

    assert till.patch(f"/api/v3/contacts/{ANNA}", {"city": "Falun"}).status_code == 202
    look()
    aside.rename(path)
    imported()
    travel(1)
    look()

    (there,) = engage.engage.with_key("email", "anna@example.com")
    assert there["attributes"]["city"] == "Falun"
    assert set(Item.objects.values_list("state", flat=True)) == {State.DELIVERED}
