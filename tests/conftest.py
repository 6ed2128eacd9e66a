"""What tests share: the sandbox Engage on loopback, a till with a key, and no way out of this machine."""

import os
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from engage_portal.api.keys import key_create
from engage_portal.core import clock
from engage_portal.outbox import tallies
from engage_portal.outbox.line import door, pace, reports
from engage_portal.sandbox.app import Sandbox, create_app
from engage_portal.sandbox.server import SandboxServer, running

# Always the same examples, except in `make soak`: what one run refuses, the next one refuses too. And an example may
# take long on a busy machine, also to make up: no test asserts on seconds.
hypothesis.settings.register_profile(
    "patient",
    deadline=None,
    derandomize=os.environ.get("HYPOTHESIS_PROFILE") != "soak",
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")

_LOOPBACK = ("127.", "::1", "localhost")

SOLD_AT = (clock.now() - timedelta(days=1)).isoformat(timespec="seconds")
"""When a sale of the tests took place: newer than what the sandbox is seeded with, whenever they run; the same in each
receipt, so that a repetition is one.
"""

_connect = socket.socket.connect


def _only_loopback(self: socket.socket, address: Any) -> None:
    """A test that reaches for another machine fails where it does so.

    Not an audit hook: one written in Python runs while coverage starts to trace a thread, and breaks that.
    """
    if isinstance(address, tuple) and not str(address[0]).startswith(_LOOPBACK):
        raise RuntimeError(f"a test tried to connect to {address[0]}")
    _connect(self, address)


socket.socket.connect = _only_loopback


@pytest.fixture(autouse=True)
def figures_of_its_own() -> None:
    """What one test counted is not written in the middle of another."""
    tallies._start_anew()


@pytest.fixture(autouse=True)
def line_of_its_own() -> None:
    """What one test's process has seen of the line says nothing about the next one's."""
    pace.booked.forget()
    reports.forget()


@pytest.fixture(autouse=True)
def cache_of_its_own(request: pytest.FixtureRequest, settings: Any) -> None:
    """No test finds what another one left: neither Redis nor the cache's table is rolled back with a test."""
    databases = {"db", "transactional_db"} & set(request.fixturenames)
    for name in databases:
        request.getfixturevalue(name)
    if settings.REDIS_URL or databases or request.node.get_closest_marker("django_db"):
        cache.clear()


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[SandboxServer]:
    """The sandbox on a real port, one per test process."""
    with running(create_app()) as server:
        yield server


@pytest.fixture
def engage(sandbox_server: SandboxServer, settings: Any) -> Iterator[Sandbox]:
    """A freshly seeded Engage that the portal is connected to; `engage.engage` holds what it received."""
    sandbox_server.app.engage.reset()
    settings.ENGAGE_BASE_URL = sandbox_server.url
    settings.ENGAGE_RATE = 190
    door.disconnect()
    yield sandbox_server.app
    door.disconnect()


@pytest.fixture
def api_key(db: None) -> Callable[..., str]:
    """Makes keys: `api_key()` for store 101, `api_key(name=…, store=…)` for others."""

    def make(name: str = "till-101-1", store: str = "101") -> str:
        return key_create(name=name, store=store)

    return make


@pytest.fixture
def till(api_key: Callable[..., str]) -> APIClient:
    """A till of store 101 that speaks JSON."""
    return client_with(api_key())


def client_with(key: str) -> APIClient:
    """A client that sends this key and writes JSON."""
    client = APIClient(HTTP_APIKEY=key)
    client.default_format = "json"
    return client


@pytest.fixture
def receipt_body() -> Callable[..., dict[str, Any]]:
    """Makes a valid receipt of store 101; keywords replace top-level members, `article` the article number."""
    return make_receipt


def make_receipt(
    unique_receipt_id: str = "101-1",
    *,
    contact: dict[str, str] | None = None,
    article: str = "A-1",
    **members: Any,
) -> dict[str, Any]:
    """One jacket for 200 SEK."""
    return {
        "contact": contact
        or {"matchKey": "430d3329-7eef-45c0-87f9-ae9300a0dace", "matchKeyType": "contactId"},
        "uniqueReceiptId": unique_receipt_id,
        "receiptNumber": unique_receipt_id[-6:],
        "createdDate": SOLD_AT,
        "storeExternalId": "101",
        "currency": "SEK",
        "totalGrossPrice": 200.00,
        "paymentMethods": [{"type": "card", "value": 200.00}],
        "items": [
            {
                "type": "PURCHASE",
                "sku": article,
                "articleNumber": article,
                "articleName": "Ipsum Wool Jacket",
                "quantity": 1,
                "grossPaidPrice": 200.00,
                "taxAmount": 40.00,
                "taxPercent": 25.00,
            }
        ],
        **members,
    }
