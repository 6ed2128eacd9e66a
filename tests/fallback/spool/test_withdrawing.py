"""A file that has not left can be taken back; then what was in it goes the other way, and never both."""

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.core.clock import Deadline
from engage_portal.fallback import tasks
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool.leases import held
from engage_portal.fallback.spool.withdrawing import recall, withdraw
from engage_portal.fallback.spool.writing import write_next
from engage_portal.outbox.delivery.passes import deliver
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import Channel, State
from tests.fallback.spool.conftest import come_back, sell, send_files, start

pytestmark = pytest.mark.django_db


def _begun(till: APIClient) -> SpoolFile:
    sell(till, "101-1")
    start(by="karin")
    write_next()
    return SpoolFile.objects.get()


def test_its_items_wait_again_and_nothing_of_it_stays(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    file = _begun(till)

    assert withdraw(file, by="karin", reason="Engage is back soon.")

    item = Item.objects.get()
    assert (item.state, item.channel) == (State.PENDING, Channel.API)
    assert list(Path(settings.SPOOL_FOLDER).iterdir()) == []
    told = file.events.order_by("pk").values_list("what", "actor")
    assert list(told) == [("begun", "karin"), ("written", "portal"), ("withdrawn", "karin")]
    assert not withdraw(file, by="karin")


def test_after_the_upload_nothing_is_taken_back(till: APIClient, away: None, dropbox: Path) -> None:
    file = _begun(till)
    send_files()

    assert not withdraw(file, by="karin")
    assert Item.objects.get().state == State.SPOOLED


def test_while_somebody_works_on_it_nothing_is_taken_back(till: APIClient, away: None, dropbox: Path) -> None:
    file = _begun(till)
    with held(SpoolFile.objects.all()) as lease:
        assert lease is not None
        assert not withdraw(file, by="karin")
    assert withdraw(file, by="karin")


def test_the_api_wins_when_it_is_back_in_time(
    engage: Any, till: APIClient, away: None, dropbox: Path
) -> None:
    _begun(till)
    come_back(engage)

    assert recall() == 1

    deliver(seconds=20)
    assert engage.engage.posted("101-1") == 1
    assert not list(dropbox.rglob("*.xml"))


def test_by_rule_files_may_go_all_the_same(
    engage: Any, till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    settings.SPOOL_WITHDRAW = False
    _begun(till)
    come_back(engage)

    assert recall() == 0
    tasks.carry_on(Deadline.after(60))
    assert len(list(dropbox.rglob("*.xml"))) == 1


def test_a_file_that_staff_want_although_engage_is_up_stays(
    engage: Any, till: APIClient, away: None, dropbox: Path
) -> None:
    sell(till, "101-1")
    come_back(engage)
    start(by="karin")

    assert recall() == 0
