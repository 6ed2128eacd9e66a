"""A line on which a file takes for ever holds nobody up without a word."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.fallback import tasks
from engage_portal.fallback.dropbox import folder
from engage_portal.fallback.dropbox.host_keys import PATIENCE
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool import uploading
from engage_portal.fallback.spool.uploading import upload_due
from engage_portal.fallback.spool.writing import write_next
from tests.fallback.spool.conftest import TRANSACTIONS, only, sell, start, texts

pytestmark = pytest.mark.django_db


class Watch:
    """The clock that people's patience is measured by."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Time passes where a test says so, and nowhere else."""
    made = Watch()
    monkeypatch.setattr(clock, "time", made)
    return made


@pytest.fixture
def written(till: APIClient, away: None, dropbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of several pieces."""
    monkeypatch.setattr(folder, "PIECE", 64)
    sell(till, "101-1")
    start(by="karin")
    write_next()


def _takes(watch: Watch, seconds: float) -> Callable[[SpoolFile, int], None]:
    """Each piece does."""

    def seen(_file: SpoolFile, _sent: int) -> None:
        watch.passed += seconds

    return seen


def test_an_upload_that_takes_too_long_for_the_worker_is_given_up_and_staff_hear_what_helps(
    written: None, dropbox: Path, watch: Watch
) -> None:
    assert upload_due(is_over=lambda: False, patience=50, progress=_takes(watch, 30)) == 0

    file = SpoolFile.objects.get()
    assert (file.state, file.tries) == (SpoolFile.State.READY, 1)
    assert "too slowly" in file.problem
    assert "SPOOL_MAX_RECORDS" in file.problem
    assert not list(dropbox.rglob("*.xml"))

    call_command("spool", "upload")
    assert texts(only(dropbox / TRANSACTIONS), "uniqueReceiptId") == ["101-1"]
    assert (SpoolFile.objects.get().tries, SpoolFile.objects.get().problem) == (0, "")


def test_a_login_that_takes_most_of_the_time_is_not_told_as_a_slow_upload(
    written: None, dropbox: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = uploading.opened

    @contextmanager
    def slowly() -> Iterator[Any]:
        watch.passed += 45
        with real() as box:
            yield box

    monkeypatch.setattr(uploading, "opened", slowly)

    assert upload_due(is_over=lambda: False, patience=50, progress=_takes(watch, 3)) == 0

    assert "takes so long to log in" in SpoolFile.objects.get().problem
    assert "SPOOL_MAX_RECORDS" not in SpoolFile.objects.get().problem
    assert not list(dropbox.rglob("*.xml"))
    assert upload_due(is_over=lambda: False, patience=500, progress=_takes(watch, 3)) == 0, (
        "not at once again"
    )
    SpoolFile.objects.update(not_before=clock.now())
    assert upload_due(is_over=lambda: False, patience=500, progress=_takes(watch, 3)) == 1


def test_a_run_of_the_worker_is_over_before_the_task_queue_ends_its_worker(settings: Any) -> None:
    assert settings.Q_CLUSTER["timeout"] > tasks.SLICE_SECONDS + tasks.UPLOAD_SECONDS + PATIENCE
