"""The sender has to try again until Engage's server has the file, and leaves it more and more peace."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.fallback.models import SpoolFile
from tests.fallback.spool.conftest import TRANSACTIONS, only, sell, send_files, start

pytestmark = pytest.mark.django_db


def test_a_server_that_is_down_for_long_is_asked_ever_more_seldom(
    till: APIClient, away: None, dropbox: Path, travel: Any
) -> None:
    sell(till, "101-1")
    start(by="karin")
    name = SpoolFile.objects.get().name
    (dropbox / TRANSACTIONS).rmdir()

    pauses = []
    for _ in range(5):
        pauses.append(_next_try())
        travel(2)
    assert pauses == sorted(pauses)
    assert pauses[-1] > 5 * pauses[0]

    (dropbox / TRANSACTIONS).mkdir()
    travel(2)
    send_files()
    assert only(dropbox / TRANSACTIONS).name == name


def _next_try() -> timedelta:
    send_files()
    file = SpoolFile.objects.get()
    assert file.problem
    return file.not_before - clock.now()
