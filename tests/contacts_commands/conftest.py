"""Shared with the tests of the API."""

import pytest
from django.core.cache import cache

from tests.api.fixtures import roomy, wire

__all__ = ["roomy", "wire"]


@pytest.fixture(autouse=True)
def nothing_remembered(db) -> None:
    """Leases, wake-ups and events of another test; Redis keeps them when the database does not."""
    cache.clear()
