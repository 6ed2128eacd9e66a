"""The people of these tests, and an outage."""

import pytest
from django.core.cache import cache
from django.test import Client

from tests.pages import building
from tests.pages.people import *  # noqa: F403
from tests.pages.people import signed_in
from tests.staff.an_outage import away, hand  # noqa: F401 - fixtures


@pytest.fixture
def no_wake_up() -> None:
    """What becomes due is left to the test."""
    cache.add("outbox:woken", 1, 600)


@pytest.fixture
def carl_at_work(db) -> Client:
    """The browser of Carl, who may look and cancel."""
    return signed_in(building.staff("carl", "view_item", "cancel_item"))


@pytest.fixture
def paula_at_work(db) -> Client:
    """The browser of Paula, who may look and pause."""
    return signed_in(building.staff("paula", "view_item", "pause_items"))


@pytest.fixture
def vera_at_work(db) -> Client:
    """The browser of Vera, who may only look."""
    return signed_in(building.staff("vera", "view_item"))
