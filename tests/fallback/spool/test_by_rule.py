"""Files are begun by themselves after a long outage, and not before."""

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.core.clock import Deadline
from engage_portal.engage import Unavailable
from engage_portal.fallback import tasks
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool import claiming
from engage_portal.fallback.spool.starting import start_if_due
from engage_portal.fallback.spool.writing import write_next
from engage_portal.fallback.tasks import tend
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.fallback.spool.conftest import (
    TRANSACTIONS,
    come_back,
    engage_takes_all,
    only,
    sell,
    send_files,
    start,
)

pytestmark = pytest.mark.django_db


def test_after_some_hours_what_waits_goes_in_files(
    till: APIClient, away: None, dropbox: Path, travel: Any, settings: Any
) -> None:
    sell(till, "101-1")
    tend()
    assert not SpoolFile.objects.exists()

    travel(settings.SPOOL_AFTER + 0.1)
    tend()

    assert len(list((dropbox / TRANSACTIONS).iterdir())) == 1
    file = SpoolFile.objects.get()
    assert (file.made_by, file.is_for_outage) == ("portal", True)


def test_from_then_on_it_goes_by_the_hour(
    till: APIClient, away: None, dropbox: Path, travel: Any, settings: Any
) -> None:
    sell(till, "101-1")
    travel(settings.SPOOL_AFTER + 0.1)
    tend()
    sell(till, "101-2")
    tend()
    assert SpoolFile.objects.count() == 1

    travel(1.1)
    tend()
    assert SpoolFile.objects.count() == 2


def test_a_queue_too_long_for_one_turn_is_gone_on_with_at_the_next(
    till: APIClient, away: None, dropbox: Path, travel: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "BATCH", 2)
    for number in range(5):
        sell(till, f"101-{number}")
    travel(settings.SPOOL_AFTER + 0.1)
    no_time = Deadline.after(0)

    counts = [claimed.items if (claimed := start_if_due(no_time)) else None for _ in range(4)]
    assert counts == [2, 2, 1, 0], "each where the one before it stopped"

    sell(till, "101-9")
    assert start_if_due(Deadline.after(60)) is None, "all was claimed: the hour counts"
    assert set(Item.objects.exclude(reference="101-9").values_list("state", flat=True)) == {State.SPOOLED}


def test_what_a_person_began_is_gone_on_with_by_the_worker(
    till: APIClient, dropbox: Path, monkeypatch: pytest.MonkeyPatch, engage: Any
) -> None:
    monkeypatch.setattr(claiming, "BATCH", 2)
    breaker.report([Unavailable("no answer")] * 3)
    for number in range(5):
        sell(till, f"101-{number}")
    assert start(by="karin", seconds=0).items == 2

    tend()

    assert not Item.objects.exclude(state=State.SPOOLED).exists()
    assert set(SpoolFile.objects.values_list("made_by", flat=True)) == {"karin"}


def test_what_was_begun_for_an_outage_is_not_gone_on_with_once_the_api_is_back(
    till: APIClient, away: None, dropbox: Path, monkeypatch: pytest.MonkeyPatch, engage: Any
) -> None:
    monkeypatch.setattr(claiming, "BATCH", 2)
    for number in range(5):
        sell(till, f"101-{number}")
    start(by="karin", seconds=0)
    come_back(engage)

    assert start_if_due(Deadline.after(60)) is None
    assert SpoolFile.objects.count() == 1


def test_it_can_be_left_to_staff(
    till: APIClient, away: None, dropbox: Path, travel: Any, settings: Any
) -> None:
    settings.SPOOL_AFTER = 0
    sell(till, "101-1")
    travel(100)
    tend()
    assert not SpoolFile.objects.exists()


def test_without_a_dropbox_everything_waits_for_the_api(
    till: APIClient, away: None, dropbox: Path, travel: Any, settings: Any
) -> None:
    settings.DROPBOX_FOLDER = ""
    sell(till, "101-1")
    travel(100)
    tend()
    assert Item.objects.get().state == State.PENDING


def test_a_dropbox_that_is_away_too_loses_nothing(
    till: APIClient, away: None, dropbox: Path, travel: Any, settings: Any
) -> None:
    sell(till, "101-1")
    travel(settings.SPOOL_AFTER + 0.1)
    settings.DROPBOX_FOLDER = str(dropbox / "not mounted")
    tend()
    assert SpoolFile.objects.get().problem

    settings.DROPBOX_FOLDER = str(dropbox)
    travel(1)
    tend()
    engage_takes_all(dropbox)
    assert Item.objects.get().state == State.ACCEPTED


def test_when_the_api_is_back_no_file_leaves_any_more(
    engage: Any, till: APIClient, away: None, dropbox: Path, travel: Any, settings: Any
) -> None:
    sell(till, "101-1")
    travel(settings.SPOOL_AFTER + 0.1)
    settings.DROPBOX_FOLDER = str(dropbox / "not mounted")
    tend()
    come_back(engage)
    settings.DROPBOX_FOLDER = str(dropbox)

    tend()

    assert SpoolFile.objects.get().state == SpoolFile.State.WITHDRAWN
    assert Item.objects.get().state == State.PENDING
    assert not list((dropbox / TRANSACTIONS).iterdir())


def test_a_spool_folder_that_cannot_be_used_is_told_and_nothing_is_lost(
    till: APIClient, away: None, dropbox: Path, travel: Any, settings: Any, tmp_path: Path, caplog: Any
) -> None:
    sell(till, "101-1")
    travel(settings.SPOOL_AFTER + 0.1)
    (tmp_path / "a file").write_text("in the way")
    settings.SPOOL_FOLDER = str(tmp_path / "a file" / "spool")

    tend()

    assert "SPOOL_FOLDER names a folder that cannot be made." in caplog.text
    assert Item.objects.get().state == State.PENDING
    assert not SpoolFile.objects.exists()


def test_a_spool_folder_that_cannot_be_used_keeps_no_pick_up_from_being_seen(
    till: APIClient, away: None, dropbox: Path, settings: Any, tmp_path: Path
) -> None:
    sell(till, "101-1")
    start(by="karin")
    send_files()
    only(dropbox / TRANSACTIONS).unlink()
    (tmp_path / "a file").write_text("in the way")
    usable, settings.SPOOL_FOLDER = settings.SPOOL_FOLDER, str(tmp_path / "a file")

    tend()

    assert SpoolFile.objects.get().state == SpoolFile.State.PICKED_UP
    assert Item.objects.get().state == State.ACCEPTED
    settings.SPOOL_FOLDER = usable
    assert list(Path(usable).iterdir()), "its copy could not be reached"
    tend()
    assert list(Path(usable).iterdir()) == []


def test_a_spool_folder_that_cannot_be_used_keeps_nothing_from_going_by_the_api_again(
    till: APIClient, away: None, dropbox: Path, settings: Any, tmp_path: Path, engage: Any
) -> None:
    sell(till, "101-1")
    start(by="karin")
    write_next()
    (tmp_path / "a file").write_text("in the way")
    usable, settings.SPOOL_FOLDER = settings.SPOOL_FOLDER, str(tmp_path / "a file")
    come_back(engage)

    tend()

    assert SpoolFile.objects.get().state == SpoolFile.State.WITHDRAWN
    assert Item.objects.get().state == State.PENDING
    settings.SPOOL_FOLDER = usable
    assert list(Path(usable).iterdir()), "its copy could not be reached"
    tend()
    assert list(Path(usable).iterdir()) == []
    assert not list((dropbox / TRANSACTIONS).iterdir())


def test_a_profile_that_cannot_be_used_keeps_nothing_from_being_uploaded(
    till: APIClient, away: None, dropbox: Path, settings: Any, travel: Any
) -> None:
    sell(till, "101-1")
    start(by="karin")
    write_next()
    travel(settings.SPOOL_AFTER + 2)
    Path(settings.ENGAGE_FILE_PROFILE).write_text("oops = [")

    tend()

    assert SpoolFile.objects.get().state == SpoolFile.State.UPLOADED


def test_claiming_leaves_time_to_write_however_long_the_look_into_the_folders_took(
    dropbox: Path, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Deadline] = []
    monkeypatch.setattr(tasks, "start_if_due", given.append)
    end = Deadline.after(10)  # what the look has left of the run
    tasks._tend(end)
    assert given[0].at < end.at
