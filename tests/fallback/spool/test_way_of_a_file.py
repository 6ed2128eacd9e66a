"""What waits while Engage's API is away goes in files, once, and in the right order."""

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.fallback.models import SpoolFile
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import Channel, State
from tests.fallback.spool.conftest import (
    CONTACTS,
    TRANSACTIONS,
    engage_takes_all,
    only,
    sell,
    send_files,
    sign_up,
    start,
    states,
    texts,
)

pytestmark = pytest.mark.django_db


def test_sales_of_known_members_go_at_once(till: APIClient, away: None, dropbox: Path) -> None:
    sell(till, "101-1")
    sell(till, "101-2")

    claimed = start(by="karin")
    send_files()

    assert claimed.items == 2
    path = only(dropbox / TRANSACTIONS)
    assert texts(path, "uniqueReceiptId") == ["101-1", "101-2"]
    assert texts(path, "matchKeyType") == ["contactId", "contactId"]
    assert {item.state for item in Item.objects.all()} == {State.SPOOLED}
    assert {item.channel for item in Item.objects.all()} == {Channel.FILE}
    assert SpoolFile.objects.get().name == path.name


def test_what_was_picked_up_is_accepted_and_nothing_of_it_stays_here(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    sell(till, "101-1")
    start(by="karin")
    send_files()

    engage_takes_all(dropbox)

    assert Item.objects.get().state == State.ACCEPTED
    assert SpoolFile.objects.get().state == SpoolFile.State.PICKED_UP
    assert list(Path(settings.SPOOL_FOLDER).iterdir()) == []


def test_sales_of_somebody_born_in_the_outage_follow_the_file_that_creates_them(
    till: APIClient, away: None, dropbox: Path, travel: Any
) -> None:
    born = sign_up(till, "Frida")
    sell(till, "101-1", contact={"matchKey": born, "matchKeyType": "contactId"})

    start(by="karin")
    send_files()
    assert states() == {"contacts": "uploaded"}
    assert texts(only(dropbox / CONTACTS), "email") == ["frida@example.com"]
    assert start(by="karin").items == 0  # Engage does not have her yet

    engage_takes_all(dropbox)
    assert start(by="karin").items == 0  # Engage may still be importing her

    travel(1)
    assert start(by="karin").items == 1
    send_files()
    path = only(dropbox / TRANSACTIONS)
    assert texts(path, "matchKeyType") == ["email"]
    assert texts(path, "matchKey") == ["frida@example.com"]
