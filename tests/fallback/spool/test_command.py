"""`manage.py spool`: the same as the pages, for a terminal and for scripts."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.fallback import words
from engage_portal.fallback.commands import moving
from engage_portal.fallback.dropbox import Step
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool import claiming, planning
from engage_portal.fallback.spool.leases import held
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.fallback.spool.conftest import TRANSACTIONS, only, sell, sign_up, start
from tests.outbox_commands.running import Said, said_by

pytestmark = pytest.mark.django_db


def spool(*arguments: object) -> Said:
    return said_by("spool", *arguments)


def test_a_plan_names_kinds_ways_and_times(till: APIClient, away: None, dropbox: Path) -> None:
    sell(till, "101-1")
    sign_up(till, "Frida")

    said = spool("plan").out

    assert "Receipt\t1\tfile" in said
    assert "New contact\t1\tfile" in said
    assert "2 items could go in at least 2 files." in said
    assert "By the API it would take" in said


def test_a_plan_names_the_files_and_what_has_to_wait(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    settings.SPOOL_MAX_RECORDS = 2
    for number in range(3):
        sell(till, f"by-id-{number}")
    sell(till, "by-email", contact={"matchKey": "anna@example.com", "matchKeyType": "email"})
    born = sign_up(till, "Frida")
    sell(till, "hers", contact={"matchKey": born, "matchKeyType": "contactId"})

    said = spool("plan").out

    assert "Transactions\tby contact id\t3\t2" in said
    assert "Transactions\tby e-mail address\t1\t1" in said
    assert "Contacts\tnew, Member, source EngagePortal\t1\t1" in said
    assert "5 items could go in at least 4 files. 1 item cannot now. Sales of people who signed up" in said
    assert "first" not in said
    told = json.loads(spool("plan", "--json").out)
    assert (told["byFile"], told["stays"], told["files"], told["portionsAreAll"]) == (5, 1, 4, True)

    written = json.loads(spool("write", "--yes", "--json").out)
    assert (written["items"], len(written["files"])) == (5, 4)


def test_a_plan_says_what_the_rest_waits_for(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    sell(till, "101-1")
    assert spool("plan").out.count("cannot now") == 0
    born = sign_up(till, "Frida")
    spool("write", "--yes")
    sell(till, "hers", contact={"matchKey": born, "matchKeyType": "contactId"})

    assert "Nothing of it can go in a file now. Sales of people who signed up in this outage follow by themselves" in spool("plan").out  # fmt: skip

    settings.ENGAGE_FILE_PROFILE = ""
    Item.objects.filter(kind="receipt.post").delete()
    sign_up(till, "Gudrun")
    assert "or the file profile names no folder for it." in spool("plan").out


def test_a_plan_of_a_long_queue_looks_at_the_first_of_it(
    till: APIClient, away: None, dropbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "BATCH", 1)
    monkeypatch.setattr(planning, "BATCH", 1)
    for name in (planning, words):
        monkeypatch.setattr(name, "LOOKED_AT", 2)
    for number in range(3):
        sell(till, f"by-id-{number}")

    said = spool("plan").out

    assert "Transactions\tby contact id\t2\t1" in said
    assert "3 items could go in at least 1 file." in said
    assert "Looked at for this were the first 2 items of each kind." in said


def test_where_there_is_nothing_that_is_said(dropbox: Path, db: None) -> None:
    assert "Nothing waits" in spool("plan").out
    assert spool("list").out == "No file is on its way.\n"
    assert spool("list", "--all").out == "No file has been written yet.\n"


@pytest.mark.parametrize("arguments", [(), ("17", "--all")])
def test_a_withdrawal_of_nothing_in_particular_is_bad_usage(db: None, arguments: tuple[str, ...]) -> None:
    said = spool("withdraw", *arguments)
    assert (said.code, said.err) == (2, "Say which files: numbers, or --all.")


def test_a_dry_run_changes_nothing(till: APIClient, away: None, dropbox: Path) -> None:
    sell(till, "101-1")
    for action in ("plan", "write", "upload", "watch", "purge"):
        assert spool(action, "--dry-run").code == 0
    assert spool("withdraw", "--all", "--dry-run").code == 0
    assert Item.objects.get().state == State.PENDING
    assert not SpoolFile.objects.exists()


def test_a_dry_purge_names_what_a_purge_deletes(
    till: APIClient, away: None, dropbox: Path, settings: Any, travel: Any
) -> None:
    sell(till, "101-1")
    spool("write", "--yes")
    stray = Path(settings.SPOOL_FOLDER) / "20260412093015_000042_contacts.xml.writing"
    stray.touch()
    travel(settings.SPOOL_KEEP_HOURS + 1)

    told = spool("purge", "--dry-run").out
    assert "2 files would be deleted here." in told
    assert stray.name in told
    assert SpoolFile.objects.get().name in told
    assert stray.exists()

    assert "2 files deleted" in spool("purge").out
    assert "0 files would be deleted here." in spool("purge", "--dry-run").out


def test_from_plan_to_pick_up(till: APIClient, away: None, dropbox: Path) -> None:
    sell(till, "101-1")

    written = json.loads(spool("write", "--yes", "--by", "karin", "--json").out)
    assert written["items"] == 1
    assert [file["state"] for file in written["files"]] == ["ready"]

    assert "1 file uploaded." in spool("upload").out
    assert "uploaded" in spool("list").out
    only(dropbox / TRANSACTIONS).unlink()
    assert "1 file picked up." in spool("watch").out
    assert "No file is on its way." in spool("list").out
    assert "picked_up" in spool("list", "--all").out
    assert Item.objects.get().state == State.ACCEPTED


@pytest.mark.parametrize("arguments", [("plan",), ("write", "--yes")])
def test_a_profile_that_broke_since_the_start_is_told_in_a_sentence(
    till: APIClient, away: None, dropbox: Path, settings: Any, arguments: tuple[str, ...]
) -> None:
    sell(till, "101-1")
    Path(settings.ENGAGE_FILE_PROFILE).write_text("oops = [")

    said = spool(*arguments)

    assert said.code == 1
    assert "The file that ENGAGE_FILE_PROFILE names is not TOML in UTF-8." in said.err
    assert not SpoolFile.objects.exists()


def test_a_spool_folder_that_broke_since_the_start_is_told_in_a_sentence(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    sell(till, "101-1")
    spool("write", "--yes")
    settings.SPOOL_FOLDER = settings.ENGAGE_FILE_PROFILE  # no folder at all

    said = spool("purge")

    assert said.code == 1
    assert "The folder that SPOOL_FOLDER names cannot be used: File exists." in said.err
    assert SpoolFile.objects.get().state == SpoolFile.State.READY
    assert Item.objects.get().state == State.SPOOLED


def test_nothing_is_put_into_files_that_could_not_be_written(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    sell(till, "101-1")
    settings.SPOOL_FOLDER = settings.ENGAGE_FILE_PROFILE  # no folder at all

    said = spool("write", "--yes")

    assert said.code == 1
    assert "SPOOL_FOLDER names a folder that cannot be made." in said.err
    assert Item.objects.get().state == State.PENDING


def test_writing_asks_first(till: APIClient, away: None, dropbox: Path) -> None:
    sell(till, "101-1")
    refused = spool("write")
    assert refused.code == 1
    assert "--yes" in refused.err
    assert not SpoolFile.objects.exists()


def test_withdrawing_names_what_could_not_be(till: APIClient, away: None, dropbox: Path) -> None:
    sell(till, "101-1")
    spool("write", "--yes")
    number = SpoolFile.objects.get().pk
    assert "1 file withdrawn." in spool("withdraw", number, "--reason", "not needed").out
    again = spool("withdraw", number)
    assert again.code == 1
    assert f"File {number} was left as it is: it is withdrawn." in again.err
    assert "There is no file 99999." in spool("withdraw", 99999).err


@pytest.mark.parametrize(("step", "why"), [("renaming", "needs a decision"), ("done", "is not picked up")])
def test_withdrawing_says_how_a_file_stands_that_is_with_engage(db: None, step: str, why: str) -> None:
    file = SpoolFile.objects.create(
        file_type="transactions", group="email", state="stuck", step=step, problem="It lies there."
    )
    assert f"File {file.pk} was left as it is: it {why}." in spool("withdraw", file.pk).err


def test_withdrawing_all_names_what_a_worker_has_just_begun(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    settings.SPOOL_MAX_RECORDS = 1
    for number in range(4):
        sell(till, f"101-{number}")
    spool("write", "--yes")
    gone, begun, busy, free = SpoolFile.objects.order_by("number")
    SpoolFile.objects.filter(pk=gone.pk).update(state=SpoolFile.State.UPLOADED, step=Step.DONE)
    SpoolFile.objects.filter(pk=begun.pk).update(step=Step.RENAMING)

    with held(SpoolFile.objects.filter(pk=busy.pk)):
        said = spool("withdraw", "--all", "--yes", "--json")
        would = json.loads(spool("withdraw", "--all", "--dry-run", "--json").out)

    told = json.loads(said.out)
    assert said.code == 1
    assert told["withdrawn"] == [free.pk]
    assert told["left"] == [
        {"number": begun.pk, "why": "its upload has begun"},
        {"number": busy.pk, "why": "somebody works on it just now, try again in a minute"},
    ]
    assert f"File {begun.pk} was left as it is: its upload has begun." in told["message"]
    assert [file["number"] for file in would["files"]] == [busy.pk]
    assert spool("withdraw", "--all", "--yes").code == 1, "one is on its way still"
    SpoolFile.objects.filter(pk=begun.pk).update(state=SpoolFile.State.UPLOADED, step=Step.DONE)
    assert spool("withdraw", "--all", "--yes").code == 0


def test_an_upload_that_fails_ends_with_why(till: APIClient, away: None, dropbox: Path) -> None:
    sell(till, "101-1")
    spool("write", "--yes")
    (dropbox / TRANSACTIONS).rmdir()

    said = spool("upload")

    assert said.code == 1
    assert said.err.startswith(f"File {SpoolFile.objects.get().pk}: The dropbox does not have the folder ")
    assert f"/engage/{TRANSACTIONS}: check its name." in said.err


def test_an_upload_says_that_a_file_was_lost_here(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    sell(till, "101-1")
    spool("write", "--yes")
    only(Path(settings.SPOOL_FOLDER)).write_bytes(b"something else")

    said = spool("upload")

    assert said.code == 1
    number = SpoolFile.objects.get(state=SpoolFile.State.WRITING).pk
    assert f"File {number} did not lie here as it was written: it is written anew." in said.err


def test_an_upload_says_which_file_a_person_has_to_decide_about(
    till: APIClient, away: None, dropbox: Path
) -> None:
    sell(till, "101-1")
    spool("write", "--yes")
    SpoolFile.objects.update(file_type="redeemedPromotions", step=Step.RENAMING)

    said = spool("upload")

    assert said.code == 1
    stuck = SpoolFile.objects.get(state=SpoolFile.State.STUCK)
    assert said.err.strip() == f"File {stuck.pk}: {stuck.problem}"


def test_an_upload_that_was_told_to_stop_says_where(
    till: APIClient, away: None, dropbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(till, "101-1")
    spool("write", "--yes")
    monkeypatch.setattr(moving, "upload_due", lambda **_: os.kill(os.getpid(), signal.SIGINT) or 0)

    said = spool("upload")

    assert said.code == 1
    assert f"Stopped before file {SpoolFile.objects.get().pk}." in said.err


def test_writing_also_writes_what_was_begun_before(till: APIClient, away: None, dropbox: Path) -> None:
    sell(till, "101-1")
    begun = start(by="karin").files[0]

    written = json.loads(spool("write", "--json").out)

    assert written["items"] == 0, "nothing new waited"
    assert [(file["number"], file["state"]) for file in written["files"]] == [(begun.number, "ready")]
