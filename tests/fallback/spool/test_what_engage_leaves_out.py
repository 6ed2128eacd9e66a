"""What Engage would silently leave out of a file is kept out of it, or comes back to a person with the reason."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.fallback.models import SpoolFile
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox.facts import facts
from engage_portal.sandbox.files import report
from promotions.models import Redemption
from receipts.models import StoreList
from receipts.tasks import read_stores
from tests.conftest import client_with
from tests.fallback.spool.conftest import CONTACTS, TRANSACTIONS, come_back, only, sell, sign_up, texts
from tests.fallback.spool.test_afterwards import ANNA, _goes_away, files_go, imported, look  # noqa: F401 - fixture
from tests.outbox.building import anna, delivered, redemption_queued

pytestmark = pytest.mark.django_db

CHILD = {"birthDay": "2019-03-01"}


def sixteen(settings: Any) -> None:
    """The tenant has told the portal its minimum age."""
    with Path(settings.ENGAGE_FILE_PROFILE).open("a") as profile:
        profile.write("minimum_age = 16\n")


def young(till: APIClient, name: str) -> str:
    born = sign_up(till, name)
    assert till.patch(f"/api/v3/contacts/{born}", CHILD).status_code == 202
    return born


# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_child_waits_for_the_api_with_the_reason_and_the_others_go(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    sixteen(settings)
    young(till, "Frida")
    sign_up(till, "Greta")

    files_go()

    assert texts(only(dropbox / CONTACTS), "email") == ["greta@example.com"]
    left = Item.objects.get(kind="contact.create", state=State.PENDING)
    assert "under 16" in left.reason
    assert "under 16" in SpoolFile.objects.get().events.get(what="one left out").detail


def test_a_change_that_says_somebody_is_a_child_goes_in_no_file(
    engage: Any, till: APIClient, dropbox: Path, settings: Any
) -> None:
    sixteen(settings)
    assert till.get(f"/api/v3/contacts/{ANNA}").status_code == 200
    _goes_away(engage)
    assert till.patch(f"/api/v3/contacts/{ANNA}", CHILD).status_code == 202

    files_go()

    assert not list((dropbox / CONTACTS).iterdir())
    assert "under 16" in Item.objects.get().reason


def test_a_child_that_only_engage_knows_to_be_too_young_reaches_a_person(
    engage: Any,
    till: APIClient,
    away: None,
    imported: Callable[[], None],  # noqa: F811
    travel: Any,
    settings: Any,
) -> None:
    engage.engage.configure(minimum_age=16)
    young(till, "Frida")
    files_go()
    imported()
    (log,) = report.log(engage.engage)
    assert log["lines"] == ["record 1 skipped: younger than 16"]
    come_back(engage)
    travel(settings.OUTBOX_CONFIRM_HOURS + 1)
    look()

    item = Item.objects.get(kind="contact.create")
    assert (item.state, item.reason_code) == (State.ATTENTION, "NotProcessed")
    assert "under the minimum age" in item.reason


def test_a_look_that_engage_refuses_is_told_in_its_own_words(
    engage: Any,
    till: APIClient,
    away: None,
    imported: Callable[[], None],  # noqa: F811
    travel: Any,
    settings: Any,
) -> None:
    born = sign_up(till, "Frida")
    phone = engage.engage.contacts[ANNA]["attributes"]["mobilePhone"]
    assert till.patch(f"/api/v3/contacts/{born}", {"mobilePhone": phone}).status_code == 202
    files_go()
    imported()
    come_back(engage)
    travel(settings.OUTBOX_CONFIRM_HOURS + 1)
    look()

    item = Item.objects.get(kind="contact.create")
    assert (item.state, item.reason_code) == (State.ATTENTION, "KeyOfAnotherContact")
    assert item.reason == "A key of this sign-up belongs to somebody else in Engage."


def test_somebody_without_the_key_waits_for_the_api(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    settings.ENGAGE_KEY = "mobilePhone"
    sign_up(till, "Frida")

    files_go()

    assert not SpoolFile.objects.exists()
    assert Item.objects.get().state == State.PENDING


def test_those_with_engages_id_and_those_without_have_a_file_each(
    engage: Any, till: APIClient, dropbox: Path
) -> None:
    assert till.get(f"/api/v3/contacts/{ANNA}").status_code == 200
    _goes_away(engage)
    assert till.patch(f"/api/v3/contacts/{ANNA}", {"city": "Kiruna"}).status_code == 202
    sign_up(till, "Frida")

    files_go()

    found = {tuple(texts(path, "contactId")) for path in (dropbox / CONTACTS).iterdir()}
    assert found == {(ANNA,), ()}


def test_no_file_suppresses_the_export(engage: Any, till: APIClient, dropbox: Path, settings: Any) -> None:
    with Path(settings.ENGAGE_FILE_PROFILE).open("a") as profile:
        profile.write('[redeemed_promotions_import]\nenabled = true\nfolder = "uses"\n')
    (dropbox / "uses").mkdir()
    assert till.get(f"/api/v3/contacts/{ANNA}").status_code == 200
    _goes_away(engage)
    assert till.patch(f"/api/v3/contacts/{ANNA}", {"shoeSize": "39"}).status_code == 202  # nothing standard
    sign_up(till, "Frida")
    sell(till, "101-1")
    redemption_queued()
    Redemption.objects.update(contact=anna())

    files_go()

    roots = [etree.parse(str(path)).getroot() for path in dropbox.rglob("*.xml")]
    assert len(roots) == 4
    assert not [root for root in roots if root.attrib]


# ── Sales ────────────────────────────────────────────────────────────────────────────────────────────────────────


def shop_with_old_list(engage: Any, api_key: Any) -> APIClient:
    """A shop of no store, and a list of Engage's stores that is an hour old."""
    assert read_stores()
    StoreList.objects.update(fetched_at=clock.now() - timedelta(hours=1))
    return client_with(api_key(name="shop", store=""))


def test_a_sale_of_a_store_that_engage_may_not_have_goes_in_no_file(
    engage: Any, dropbox: Path, api_key: Any
) -> None:
    shop = shop_with_old_list(engage, api_key)
    _goes_away(engage)
    sell(shop, "S-known", storeExternalId="102")
    sell(shop, "S-typo", storeExternalId="1O1")

    files_go()

    assert texts(only(dropbox / TRANSACTIONS), "uniqueReceiptId") == ["S-known"]
    assert Item.objects.get(reference="S-typo").state == State.PENDING


def test_and_not_either_once_engage_was_asked_for_its_stores(
    engage: Any, dropbox: Path, api_key: Any, travel: Any
) -> None:
    shop = shop_with_old_list(engage, api_key)
    _goes_away(engage)
    sell(shop, "S-typo", storeExternalId="1O1")
    come_back(engage)
    travel(1)
    assert read_stores()
    _goes_away(engage)

    files_go()

    assert not SpoolFile.objects.exists()
    come_back(engage)
    look()
    item = Item.objects.get()
    assert (item.state, item.reason_code) == (State.ATTENTION, "UnknownStore")
    assert "1O1" in item.reason


def test_a_sale_whose_store_is_gone_when_the_file_is_imported_reaches_a_person(
    engage: Any,
    till: APIClient,
    away: None,
    imported: Callable[[], None],  # noqa: F811
    travel: Any,
    settings: Any,
) -> None:
    sell(till, "101-1")
    files_go()
    engage.engage.store.remove("store", "101")
    imported()
    assert engage.engage.received["101-1"]["state"] == "dropped"

    come_back(engage)
    travel(settings.OUTBOX_CONFIRM_HOURS + 1)
    look()

    assert Item.objects.get().state == State.ATTENTION


def test_a_sale_whose_customer_nobody_is_reaches_a_person_with_the_reason(
    engage: Any,
    till: APIClient,
    away: None,
    imported: Callable[[], None],  # noqa: F811
    travel: Any,
    settings: Any,
) -> None:
    sell(till, "101-1", contact={"matchKey": "nobody@example.com", "matchKeyType": "email"})
    files_go()
    imported()

    come_back(engage)
    travel(settings.OUTBOX_CONFIRM_HOURS + 1)
    look()

    item = Item.objects.get()
    assert (item.state, item.reason_code) == (State.ATTENTION, "ContactNotFound")


def test_a_sale_that_engage_has_already_is_in_it_once(
    engage: Any,
    till: APIClient,
    imported: Callable[[], None],  # noqa: F811
) -> None:
    sell(till, "101-1")
    delivered()
    assert engage.engage.posted("101-1") == 1
    _goes_away(engage)  # and its answer was lost
    Item.objects.update(
        state=State.IN_DOUBT, holds=True, finished_at=None, looks_first=True, was_in_doubt=True
    )

    files_go()
    imported()
    (log,) = report.log(engage.engage)
    assert log["lines"] == ["record 1 skipped: receipt 101-1: it came before, ignored"]

    come_back(engage)
    look()
    assert Item.objects.get().state == State.DELIVERED
    assert facts(engage.engage)["receipts"]["101-1"]["inHistory"] == 1
