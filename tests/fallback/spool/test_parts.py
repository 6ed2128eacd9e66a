"""What an upload that broke off left in Engage's folder is deleted there, however it broke off."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.fallback.dropbox import DropboxError, Step, Trouble
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool import uploading, withdrawing
from engage_portal.fallback.spool.picking import settle
from engage_portal.fallback.spool.uploading import upload_due
from engage_portal.fallback.spool.withdrawing import clean_up, withdraw
from engage_portal.fallback.spool.writing import write_next
from engage_portal.fallback.tasks import purge, tend
from engage_portal.outbox.tasks import KEEP_DAYS
from tests.fallback.spool.conftest import TRANSACTIONS, sell, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def written(till: APIClient, away: None, dropbox: Path) -> SpoolFile:
    """A sale's file, ready."""
    sell(till, "101-1")
    start(by="karin")
    write_next()
    return SpoolFile.objects.get()


@pytest.fixture
def broken_off(written: SpoolFile, monkeypatch: pytest.MonkeyPatch) -> SpoolFile:
    """The same, after an upload whose process died in it."""

    def die(_sent: int) -> None:
        raise SystemExit

    _told_of_progress(monkeypatch, die)
    with pytest.raises(SystemExit):
        upload_due(is_over=lambda: False)
    monkeypatch.undo()
    written.refresh_from_db()
    return written


def _told_of_progress(monkeypatch: pytest.MonkeyPatch, seen: Any) -> None:
    work = uploading.deliver
    monkeypatch.setattr(uploading, "deliver", lambda *some, **more: work(*some, **{**more, "progress": seen}))


def test_of_a_withdrawn_file(broken_off: SpoolFile, dropbox: Path) -> None:
    assert _lies_there(dropbox) == [f"{broken_off.name}.part"]
    assert withdraw(broken_off, by="karin")

    tend()

    assert _lies_there(dropbox) == []
    assert not SpoolFile.objects.get().has_part


def test_with_the_dropbox_away_at_that_moment_it_is_deleted_later(
    broken_off: SpoolFile, dropbox: Path
) -> None:
    assert withdraw(broken_off, by="karin")
    dropbox.rename(dropbox.with_name("elsewhere"))
    tend()
    assert SpoolFile.objects.get().has_part

    dropbox.with_name("elsewhere").rename(dropbox)
    tend()
    assert _lies_there(dropbox) == []


def test_a_folder_that_does_not_come_back_is_given_up_when_its_file_is_forgotten(
    broken_off: SpoolFile, dropbox: Path, travel: Callable[[float], None]
) -> None:
    assert withdraw(broken_off, by="karin")
    shutil.rmtree(dropbox / TRANSACTIONS)
    travel(24 * (KEEP_DAYS - 1))
    with pytest.raises(DropboxError):
        clean_up()
    purge()
    assert SpoolFile.objects.get().has_part

    travel(48)
    with pytest.raises(DropboxError):
        clean_up()

    assert not SpoolFile.objects.get().has_part
    assert broken_off.events.order_by("-pk").values_list("what", flat=True)[0] == "left lying"
    purge()
    assert not SpoolFile.objects.exists()


def test_a_folder_that_never_was_has_none(written: SpoolFile, dropbox: Path) -> None:
    shutil.rmtree(dropbox / TRANSACTIONS)

    assert upload_due(is_over=lambda: False) == 0

    file = SpoolFile.objects.get()
    assert "check its name" in file.problem
    assert not file.has_part


def test_a_dropbox_that_is_away_is_asked_once_for_all_of_them(
    broken_off: SpoolFile, dropbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert withdraw(broken_off, by="karin")
    _another_with_a_part(broken_off)
    asked = []

    def away(_box: Any, *, folder: str, name: str) -> None:
        asked.append((folder, name))
        raise DropboxError(Trouble.UNREACHABLE)

    monkeypatch.setattr(withdrawing, "discard", away)
    with pytest.raises(DropboxError):
        clean_up()

    assert asked == [(broken_off.folder, broken_off.name)]
    assert SpoolFile.objects.filter(has_part=True).count() == 2


def _another_with_a_part(file: SpoolFile) -> None:
    file.refresh_from_db()
    SpoolFile.objects.create(
        file_type=file.file_type,
        name=file.name + "2",
        folder=file.folder,
        state=file.state,
        ended_at=file.ended_at,
        has_part=True,
    )


def test_of_a_file_that_a_person_says_engage_has(broken_off: SpoolFile, dropbox: Path) -> None:
    SpoolFile.objects.update(state=SpoolFile.State.STUCK, step=Step.RENAMING, problem="It broke off.")
    assert settle(broken_off, was_taken=True, by="karin")

    tend()

    assert _lies_there(dropbox) == []


def test_of_a_file_that_was_withdrawn_from_under_an_upload_that_stood_still(
    written: SpoolFile, dropbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = uploading._Watcher.seen

    def stand_still(watcher: Any, *some: Any) -> None:
        SpoolFile.objects.update(lease_until=clock.now())
        assert withdraw(written, by="karin")
        SpoolFile.objects.update(has_part=False)  # others cleaned up, and it wakes and writes
        keep(watcher, *some)

    monkeypatch.setattr(uploading._Watcher, "seen", stand_still)
    assert upload_due(is_over=lambda: False) == 0
    assert SpoolFile.objects.get().state == SpoolFile.State.WITHDRAWN

    tend()

    assert _lies_there(dropbox) == []


def test_what_is_uploaded_in_the_end_leaves_none(broken_off: SpoolFile, dropbox: Path) -> None:
    SpoolFile.objects.update(not_before=clock.now())
    tend()
    assert _lies_there(dropbox) == [broken_off.name]
    assert not SpoolFile.objects.get().has_part


def _lies_there(dropbox: Path) -> list[str]:
    return [path.name for path in dropbox.rglob("*") if path.is_file()]
