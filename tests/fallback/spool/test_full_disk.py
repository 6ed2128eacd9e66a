"""A disk that is full costs time and nothing else."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool import folder
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.fallback.spool.conftest import TRANSACTIONS, only, sell, send_files, start, texts

pytestmark = pytest.mark.django_db

_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.fixture
def no_room_for(monkeypatch: pytest.MonkeyPatch) -> Callable[[SpoolFile], None]:
    """The next try to write a file meets a device on which there is never any room."""
    opened, full = os.open, list[str]()

    def open_there(path: Any, *how: Any) -> int:
        if full and Path(path).name.startswith(full[0]):
            full.clear()
            return opened("/dev/full", os.O_WRONLY)
        return opened(path, *how)

    monkeypatch.setattr(folder.os, "open", open_there)
    return lambda file: full.append(file.name)


@pytest.mark.parametrize("key", ["", _KEY])
def test_staff_are_told_and_the_file_is_written_once_there_is_room(
    till: APIClient, away: None, dropbox: Path, settings: Any, travel: Any, key: str, no_room_for: Any
) -> None:
    settings.SPOOL_KEY = key
    sell(till, "101-1")
    start(by="karin")
    no_room_for(SpoolFile.objects.get())

    send_files()

    file = SpoolFile.objects.get()
    assert (file.state, file.tries) == (SpoolFile.State.WRITING, 1)
    assert file.problem == "The spool folder cannot hold it: No space left on device."
    assert file.events.filter(what="writing failed").count() == 1
    assert list(folder.folder().iterdir()) == []
    assert Item.objects.get().state == State.SPOOLED

    travel(1)
    send_files()
    assert SpoolFile.objects.get().state == SpoolFile.State.UPLOADED
    assert SpoolFile.objects.get().problem == ""
    assert texts(only(dropbox / TRANSACTIONS), "uniqueReceiptId") == ["101-1"]


def test_the_other_files_are_written_all_the_same(
    till: APIClient, away: None, dropbox: Path, settings: Any, no_room_for: Any
) -> None:
    settings.SPOOL_MAX_RECORDS = 1
    sell(till, "101-1")
    sell(till, "101-2", contact={"matchKey": "+46700000991", "matchKeyType": "mobilePhone"})
    start(by="karin")
    first, _ = SpoolFile.objects.order_by("number")
    no_room_for(first)

    send_files()

    assert texts(only(dropbox / TRANSACTIONS), "uniqueReceiptId") == ["101-2"]
