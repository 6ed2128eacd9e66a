import httpx
import pytest

from engage_portal.sandbox.app import create_app
from engage_portal.sandbox.server import running
from tests.sandbox.payloads import HEADERS, client_for


@pytest.fixture
def app():
    made = create_app()
    yield made
    made.close()


@pytest.fixture
def engage(app):
    return app.engage


@pytest.fixture
def api(app):
    """A client that calls the WSGI app directly."""
    with client_for(app) as client:
        yield client


@pytest.fixture
def server(app):
    with running(app) as started:
        yield started


@pytest.fixture
def wire(server):
    """A client that talks to the real server over loopback."""
    with httpx.Client(base_url=server.url, headers=HEADERS, timeout=30) as client:
        yield client
