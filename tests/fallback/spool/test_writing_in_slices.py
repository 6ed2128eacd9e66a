"""`manage.py spool write` claims a slice at a time, and writes what it claimed before it claims more."""

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.core.clock import Deadline
from engage_portal.fallback.models import SpoolEvent, SpoolFile
from engage_portal.fallback.spool import claiming, starting
from engage_portal.fallback.spool.starting import start_if_due, start_in_slices
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.fallback.spool.conftest import sell, sign_up
from tests.outbox_commands.running import said_by

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """One item in each."""
    monkeypatch.setattr(claiming, "BATCH", 1)
    monkeypatch.setattr(starting, "SLICE_SECONDS", 0)


def written() -> dict[str, Any]:
    return dict(said_by("spool", "write", "--yes", "--json", "--by", "karin").document)


def test_what_a_turn_claimed_is_written_before_the_next_one_begins(
    till: APIClient, away: None, dropbox: Path
) -> None:
    sign_up(till, "Frida")
    sell(till, "101-1")
    sell(till, "101-2")

    said = written()

    assert said["items"] == 3
    assert [file["state"] for file in said["files"]] == ["ready"] * 3
    assert list(SpoolEvent.objects.order_by("pk").values_list("what", flat=True)) == ["begun", "written"] * 3
    assert not Item.objects.exclude(state=State.SPOOLED).exists()


def test_a_turn_that_ended_is_no_business_of_the_workers(till: APIClient, away: None, dropbox: Path) -> None:
    sell(till, "101-1")
    sell(till, "101-2")

    first = next(start_in_slices(by="karin"))

    assert first.items == 1
    assert first.stopped_at is not None
    assert start_if_due(Deadline.after(60)) is None
    assert SpoolFile.objects.count() == 1
