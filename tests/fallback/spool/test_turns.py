"""Files of one type keep their order, and hold up no others; once the API is back none leaves that went because of it."""

import shutil
from pathlib import Path
from typing import Any, NoReturn

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from engage_portal.fallback.dropbox import DropboxError, Trouble
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.selectors import next_of_types
from engage_portal.fallback.spool import uploading
from engage_portal.fallback.spool.picking import watch
from engage_portal.fallback.spool.uploading import upload_due
from engage_portal.fallback.spool.writing import write_next
from engage_portal.fallback.words import next_step
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.fallback.spool.conftest import (
    CONTACTS,
    TRANSACTIONS,
    come_back,
    only,
    sell,
    send_files,
    sign_up,
    start,
    states,
)

pytestmark = pytest.mark.django_db

BY_PHONE = {"matchKey": "+46700000991", "matchKeyType": "mobilePhone"}


def _written() -> None:
    start(by="karin")
    while write_next() is not None:
        continue


def test_a_file_that_cannot_be_read_here_says_so_and_holds_up_no_other_type(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    sell(till, "101-1")
    sign_up(till, "Frida")
    _written()
    unreadable = SpoolFile.objects.get(file_type="contacts")
    lies = Path(settings.SPOOL_FOLDER) / unreadable.name
    lies.unlink()
    lies.mkdir()

    send_files()

    assert states() == {"contacts": SpoolFile.State.READY, "transactions": SpoolFile.State.UPLOADED}
    unreadable.refresh_from_db()
    assert unreadable.problem == "The spool folder cannot be read: Is a directory."
    assert not unreadable.has_part


def test_so_does_one_that_is_damaged_here_and_cannot_be_replaced(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    sell(till, "101-1")
    sign_up(till, "Frida")
    _written()
    damaged = SpoolFile.objects.get(file_type="contacts")
    lies = Path(settings.SPOOL_FOLDER) / damaged.name
    lies.write_bytes(b"other bytes")
    lies.with_name(f"{damaged.name}.sealed").mkdir()

    send_files()

    assert states() == {"contacts": SpoolFile.State.READY, "transactions": SpoolFile.State.UPLOADED}
    damaged.refresh_from_db()
    assert damaged.problem == "The spool folder cannot be written to: Is a directory."


def test_a_file_that_cannot_go_holds_up_those_of_its_type_alone(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    settings.SPOOL_MAX_RECORDS = 1
    sign_up(till, "Frida")
    sign_up(till, "Gustav")
    sell(till, "101-1")
    shutil.rmtree(dropbox / CONTACTS)
    _written()

    send_files()

    first, second = SpoolFile.objects.filter(file_type="contacts").order_by("number")
    assert (first.tries, second.tries) == (1, 0)
    assert {first.state, second.state} == {SpoolFile.State.READY}
    assert states()["transactions"] == SpoolFile.State.UPLOADED
    assert next_step(second, next_of_types()) == f"It waits behind file {first.pk}."
    assert next_step(first, next_of_types()) == first.problem


def test_a_folder_that_is_gone_hides_no_pick_up_from_another(
    till: APIClient, away: None, dropbox: Path
) -> None:
    sign_up(till, "Frida")
    sell(till, "101-1")
    _written()
    send_files()
    shutil.rmtree(dropbox / CONTACTS)
    only(dropbox / TRANSACTIONS).unlink()

    with pytest.raises(DropboxError, match=CONTACTS):
        watch()

    assert states() == {"contacts": SpoolFile.State.UPLOADED, "transactions": SpoolFile.State.PICKED_UP}


def test_a_server_that_is_away_is_not_asked_once_more_for_every_type(
    till: APIClient, away: None, dropbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_up(till, "Frida")
    sell(till, "101-1")
    _written()
    asked = []

    def refuse() -> NoReturn:
        asked.append(True)
        raise DropboxError(Trouble.REFUSED_LOGIN)

    monkeypatch.setattr(uploading, "opened", refuse)

    send_files()

    assert len(asked) == 1
    assert sorted(SpoolFile.objects.values_list("tries", flat=True)) == [0, 1]


def test_the_api_comes_back_while_files_go_and_the_rest_stays(
    engage: Any, till: APIClient, away: None, dropbox: Path
) -> None:
    sell(till, "101-1")
    sell(till, "101-2", contact=BY_PHONE)
    _written()

    done = upload_due(is_over=lambda: False, progress=lambda _file, _sent: come_back(engage))

    assert done == 1
    assert len(list(dropbox.rglob("*.xml"))) == 1
    assert [file.state for file in SpoolFile.objects.order_by("number")] == ["uploaded", "withdrawn"]
    assert Item.objects.get(reference="101-2").state == State.PENDING


def test_whoever_uploads_hears_that_the_api_is_back(
    engage: Any, till: APIClient, away: None, dropbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sell(till, "101-1")
    _written()
    come_back(engage)

    call_command("spool", "upload")

    assert "1 file withdrawn, since Engage's API is back" in capsys.readouterr().out
    assert not list(dropbox.rglob("*.xml"))
