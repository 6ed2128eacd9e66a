from types import SimpleNamespace

import httpx
import pytest

from engage_portal.sandbox import gate
from engage_portal.sandbox.app import create_app
from tests.sandbox.payloads import HEADERS, client_for

COUNT = "/api/v2/contacts/count"


def _without(name):
    return {key: value for key, value in HEADERS.items() if key != name}


def _call(app, headers):
    request = httpx.Request("GET", f"http://engage.example.com{COUNT}", headers=headers)
    return httpx.WSGITransport(app=app).handle_request(request)


def test_a_complete_call_is_answered(api):
    answer = api.get(COUNT)
    assert (answer.status_code, answer.json()) == (200, 5)
    assert answer.headers["content-type"].startswith("application/json")


def test_no_key_is_401_without_a_body(app):
    answer = _call(app, _without("apikey"))
    assert answer.status_code == 401
    assert answer.read() == b""


def test_any_key_will_do_unless_keys_are_configured(app):
    assert _call(app, {**HEADERS, "apikey": "whatever"}).status_code == 200
    strict = create_app(keys=["right"])
    assert _call(strict, {**HEADERS, "apikey": "wrong"}).status_code == 401
    assert _call(strict, {**HEADERS, "apikey": "right"}).status_code == 200


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_another_content_type_is_500_even_on_get(app, content_type):
    headers = _without("Content-Type") | ({"Content-Type": content_type} if content_type else {})
    answer = _call(app, headers)
    answer.read()
    assert (answer.status_code, answer.json()) == (500, {"message": "An error has occurred."})


def test_a_charset_beside_the_content_type_is_fine(app):
    assert _call(app, {**HEADERS, "Content-Type": "application/json; charset=utf-8"}).status_code == 200


def test_no_user_agent_is_400_only_in_strict_mode(app):
    assert _call(app, _without("User-Agent")).status_code == 400
    assert _call(create_app(strict_user_agent=False), _without("User-Agent")).status_code == 200


@pytest.fixture
def moment(monkeypatch) -> list[float]:
    """The gate's time, which only moves when told to."""
    moment = [100.0]
    monkeypatch.setattr(gate, "time", SimpleNamespace(monotonic=lambda: moment[0]))
    return moment


def test_too_many_calls_in_a_second_are_429_per_key(moment):
    app = create_app(rate_limit=3)
    with client_for(app) as api:
        assert [api.get(COUNT).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
        assert api.get(COUNT, headers={"apikey": "another"}).status_code == 200
        moment[0] += 1.0
        assert api.get(COUNT).status_code == 200


@pytest.mark.usefixtures("moment")
def test_a_reset_forgets_the_pace():
    app = create_app(rate_limit=1)
    with client_for(app) as api:
        assert [api.get(COUNT).status_code for _ in range(2)] == [200, 429]
        app.engage.reset()
        assert api.get(COUNT).status_code == 200


def test_an_unknown_address_is_404_and_a_wrong_method_405(api):
    assert api.get("/api/v3/nothing").status_code == 404
    assert api.put("/api/v3/receipts", json={}).status_code == 405
