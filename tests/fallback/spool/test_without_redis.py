"""Files are begun, written and gone on with although the cache, and the wake-ups, are away."""

from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.test import APIClient

from engage_portal.core.clock import Deadline
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool.starting import start_if_due
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.fallback.spool.conftest import sell, start
from tests.fallback.spool.test_command import spool
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def without_redis(settings: Any) -> None:
    """The cache is a Redis that nobody can reach."""
    settings.CACHES = {
        "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    with pytest.raises(RedisError):
        cache.get("anything")


@pytest.mark.parametrize("seconds", [3600, 0], ids=["all of it", "a first batch"])
def test_what_was_claimed_is_told(
    till: APIClient, away: None, dropbox: Path, without_redis: None, seconds: float
) -> None:
    sell(till, "101-1")
    assert start(by="karin", seconds=seconds).items == 1
    assert Item.objects.get().state == State.SPOOLED


def test_the_worker_begins_by_rule(
    till: APIClient, away: None, dropbox: Path, without_redis: None, travel: Any, settings: Any
) -> None:
    sell(till, "101-1")
    travel(settings.SPOOL_AFTER + 0.1)
    claimed = start_if_due(Deadline.after(0))
    assert claimed is not None
    assert claimed.items == 1


def test_the_command_writes_the_file(till: APIClient, away: None, dropbox: Path, without_redis: None) -> None:
    sell(till, "101-1")
    assert spool("write", "--yes").code == 0
    assert SpoolFile.objects.get().state == SpoolFile.State.READY


def test_who_presses_the_button_hears_that_files_were_begun(
    till: APIClient, away: None, dropbox: Path, without_redis: None
) -> None:
    sell(till, "101-1")
    browser = signed_in(building.staff("fia", "view_item", "spool"))
    page = browser.post("/staff/files/start/", follow=True)
    assert "1 file begun with 1 item." in page.text
