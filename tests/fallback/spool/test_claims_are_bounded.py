"""What it costs to bring items into files depends on the batches, not on the items or on what went before."""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from engage_portal.fallback.spool.writing import write_next
from tests.fallback.spool.conftest import sell, start

pytestmark = pytest.mark.django_db


def test_a_batch_costs_the_same_for_any_number_of_items_and_behind_any_number_of_files(
    till: APIClient, away: None, dropbox: Path
) -> None:
    sell(till, "warm-1")
    _queries()

    costs = []
    for count in (2, 25, 2):
        for number in range(count):
            sell(till, f"{len(costs)}-{number}")
        costs.append(_queries())

    assert len(set(costs)) == 1, costs


def _queries() -> tuple[int, int]:
    """How many queries it takes to claim, and to write."""
    with CaptureQueriesContext(connection) as claiming:
        start(by="karin")
    with CaptureQueriesContext(connection) as writing:
        assert write_next() is not None
    return len(claiming), len(writing)
