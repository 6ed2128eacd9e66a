"""An upload is tried until it succeeds, in order, and is never made twice."""

import stat
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.fallback.dropbox import DropboxError, Step
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool.picking import settle, watch
from engage_portal.fallback.spool.writing import write_next
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.fallback.spool.conftest import TRANSACTIONS, engage_takes_all, only, sell, send_files, start, texts

pytestmark = pytest.mark.django_db

BY_PHONE = {"matchKey": "+46700000991", "matchKeyType": "mobilePhone"}


def test_a_dropbox_that_refuses_is_tried_again_later_and_the_files_keep_their_order(
    till: APIClient, away: None, dropbox: Path, travel: Any
) -> None:
    sell(till, "101-1")
    sell(till, "101-2", contact=BY_PHONE)
    start(by="karin")
    (dropbox / TRANSACTIONS).rmdir()

    send_files()

    first, second = SpoolFile.objects.order_by("number")
    assert "folder" in first.problem
    assert (first.tries, second.tries) == (1, 0)
    assert {first.state, second.state} == {SpoolFile.State.READY}

    (dropbox / TRANSACTIONS).mkdir()
    travel(1)
    send_files()
    assert set(SpoolFile.objects.values_list("state", "problem", "tries")) == {("uploaded", "", 0)}
    assert len(list((dropbox / TRANSACTIONS).iterdir())) == 2


def test_a_file_that_is_lost_here_is_written_anew(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    sell(till, "101-1")
    start(by="karin")
    write_next()
    only(Path(settings.SPOOL_FOLDER)).unlink()

    send_files()
    send_files()

    assert SpoolFile.objects.get().state == SpoolFile.State.UPLOADED
    assert len(list((dropbox / TRANSACTIONS).iterdir())) == 1


def test_staff_hear_of_a_file_that_engage_leaves_lying(
    till: APIClient, away: None, dropbox: Path, travel: Any
) -> None:
    sell(till, "101-1")
    start(by="karin")
    send_files()
    watch()
    assert SpoolFile.objects.get().state == SpoolFile.State.UPLOADED

    travel(4)
    watch()
    stuck = SpoolFile.objects.get()
    assert stuck.state == SpoolFile.State.STUCK
    assert "3 hours" in stuck.problem
    assert Item.objects.get().state == State.SPOOLED

    engage_takes_all(dropbox)
    assert SpoolFile.objects.get().state == SpoolFile.State.PICKED_UP
    assert Item.objects.get().state == State.ACCEPTED


@pytest.mark.parametrize("lost", [TRANSACTIONS, ""], ids=["its folder", "the dropbox"])
def test_staff_hear_of_a_file_whose_folder_cannot_be_looked_into_until_it_can(
    till: APIClient, away: None, dropbox: Path, travel: Any, settings: Any, lost: str
) -> None:
    sell(till, "101-1")
    start(by="karin")
    send_files()
    there, aside = dropbox / lost, dropbox.with_name("aside")
    there.rename(aside)
    with pytest.raises(DropboxError):
        watch()
    assert SpoolFile.objects.get().state == SpoolFile.State.UPLOADED

    travel(settings.SPOOL_PICKUP_HOURS + 1)
    for _ in range(2):
        with pytest.raises(DropboxError) as trouble:
            watch()
    file = SpoolFile.objects.get()
    assert (file.state, file.problem) == (SpoolFile.State.STUCK, str(trouble.value))
    assert file.events.filter(what="stuck").count() == 1

    aside.rename(there)
    watch()
    assert SpoolFile.objects.get().problem.startswith("Engage has left it lying for 3 hours")
    engage_takes_all(dropbox)
    assert SpoolFile.objects.get().state == SpoolFile.State.PICKED_UP
    assert Item.objects.get().state == State.ACCEPTED


def test_a_person_decides_about_a_file_whose_fate_nobody_knows(
    till: APIClient, away: None, dropbox: Path
) -> None:
    sell(till, "101-1")
    start(by="karin")
    write_next()
    SpoolFile.objects.update(state=SpoolFile.State.STUCK, step=Step.WRITING, problem="It broke off.")
    file = SpoolFile.objects.get()

    watch()  # it is not there, and that says nothing
    assert SpoolFile.objects.get().state == SpoolFile.State.STUCK

    assert settle(file, was_taken=False, by="karin")
    send_files()
    assert SpoolFile.objects.get().state == SpoolFile.State.UPLOADED


def test_files_are_for_their_owner_alone(till: APIClient, away: None, dropbox: Path, settings: Any) -> None:
    sell(till, "101-1")
    start(by="karin")
    write_next()

    folder = Path(settings.SPOOL_FOLDER)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(only(folder).stat().st_mode) == 0o600


def test_with_a_key_nothing_readable_lies_there(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    settings.SPOOL_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    sell(till, "101-1", contact=BY_PHONE)
    start(by="karin")
    write_next()

    assert b"991" not in only(Path(settings.SPOOL_FOLDER)).read_bytes()

    send_files()
    sent = only(dropbox / TRANSACTIONS).read_bytes()
    assert b"+46700000991" in sent
    assert len(sent) == SpoolFile.objects.get().size


@pytest.mark.parametrize("key_now", ["", "MTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="])
def test_without_its_key_a_sealed_file_waits_and_the_rest_of_the_work_goes_on(
    till: APIClient, away: None, dropbox: Path, settings: Any, key_now: str
) -> None:
    settings.SPOOL_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    sell(till, "101-1")
    start(by="karin")
    write_next()

    settings.SPOOL_KEY = key_now
    send_files()

    assert "SPOOL_KEY" in SpoolFile.objects.get().problem
    assert not list((dropbox / TRANSACTIONS).iterdir())


def test_about_a_file_that_lies_in_engages_folder_nobody_has_to_decide(
    till: APIClient, away: None, dropbox: Path
) -> None:
    sell(till, "101-1")
    start(by="karin")
    send_files()

    assert not settle(SpoolFile.objects.get(), was_taken=True, by="karin")
    assert SpoolFile.objects.get().state == SpoolFile.State.UPLOADED
    assert Item.objects.get().state == State.SPOOLED


def test_a_file_that_is_lost_here_at_the_last_step_of_its_upload_goes_on_by_its_size(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    sell(till, "101-1")
    start(by="karin")
    write_next()
    file = SpoolFile.objects.get()
    only(Path(settings.SPOOL_FOLDER)).rename(dropbox / TRANSACTIONS / f"{file.name}.part")
    SpoolFile.objects.update(step=Step.RENAMING)

    send_files()

    assert SpoolFile.objects.get().state == SpoolFile.State.UPLOADED
    assert texts(only(dropbox / TRANSACTIONS), "uniqueReceiptId") == ["101-1"]


def test_a_file_that_is_not_what_was_written_is_written_anew(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    sell(till, "101-1")
    start(by="karin")
    write_next()
    lies = only(Path(settings.SPOOL_FOLDER))
    lies.write_bytes(lies.read_bytes().replace(b"101-1", b"101-9"))

    send_files()
    assert not list((dropbox / TRANSACTIONS).iterdir())

    send_files()
    assert texts(only(dropbox / TRANSACTIONS), "uniqueReceiptId") == ["101-1"]


def test_a_sealed_file_whose_key_never_comes_back_is_written_with_the_one_there_is(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    settings.SPOOL_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    sell(till, "101-1")
    start(by="karin")
    write_next()

    settings.SPOOL_KEY = ""
    for _ in range(8):
        SpoolFile.objects.update(not_before=clock.now())
        send_files()

    assert texts(only(dropbox / TRANSACTIONS), "uniqueReceiptId") == ["101-1"]
