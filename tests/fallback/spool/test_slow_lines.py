"""A line on which a file takes for ever holds nobody up without a word."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from engage_portal.fallback import tasks
from engage_portal.fallback.dropbox import folder
from engage_portal.fallback.dropbox.host_keys import PATIENCE
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool.starting import start
from engage_portal.fallback.spool.uploading import upload_due
from engage_portal.fallback.spool.writing import write_next
from tests.fallback.spool.conftest import TRANSACTIONS, only, sell, texts

pytestmark = pytest.mark.django_db


def test_an_upload_that_takes_longer_than_a_turn_is_given_up_and_staff_hear_what_helps(
    till: APIClient, away: None, dropbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "PIECE", 64)
    sell(till, "101-1")
    start(by="karin")
    write_next()

    assert upload_due(is_over=lambda: False, patience=0) == 0

    file = SpoolFile.objects.get()
    assert (file.state, file.tries) == (SpoolFile.State.READY, 1)
    assert "too slowly" in file.problem
    assert "SPOOL_MAX_RECORDS" in file.problem
    assert not list(dropbox.rglob("*.xml"))

    call_command("spool", "upload")
    assert texts(only(dropbox / TRANSACTIONS), "uniqueReceiptId") == ["101-1"]
    assert (SpoolFile.objects.get().tries, SpoolFile.objects.get().problem) == (0, "")


def test_a_turn_is_over_before_the_task_queue_ends_its_worker(settings: Any) -> None:
    assert settings.Q_CLUSTER["timeout"] > tasks.SLICE_SECONDS + tasks.UPLOAD_SECONDS + PATIENCE
