"""A stand-in for Engage and a client that talks to it, without a network."""

from collections.abc import Iterator

import pytest

from engage_portal.engage import EngageClient
from tests.engage.answering import Engage


@pytest.fixture
def engage() -> Engage:
    return Engage()


@pytest.fixture
def client(engage: Engage) -> Iterator[EngageClient]:
    with engage.client() as client:
        yield client
