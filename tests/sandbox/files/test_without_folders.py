"""A sandbox without `--files` has no file jobs."""

import pytest

from engage_portal.sandbox.app import create_app
from tests.sandbox.payloads import client_for


@pytest.fixture
def app():
    made = create_app()
    yield made
    made.close()


@pytest.fixture
def api(app):
    with client_for(app) as client:
        yield client


@pytest.mark.parametrize("what", ["import", "export", "both"])
def test_running_a_job_is_refused(api, what):
    answer = api.post("/files/run", json={"what": what})
    assert answer.status_code == 400
    assert answer.json()["error"] == "this sandbox has no import folder; start it with --files DIR"


def test_there_is_nothing_to_list(api):
    assert api.get("/files").json()["root"] is None
    assert api.get("/files/export", params={"name": "a.xml"}).status_code == 400


def test_the_page_says_nothing_of_files(api):
    assert "Import and export files" not in api.get("/").text


def test_time_goes_on(engage, api):
    engage.advance(100_000)
    assert api.get("/state").status_code == 200
