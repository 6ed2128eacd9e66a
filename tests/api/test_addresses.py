"""Addresses and methods that are not there, and those that HTTP adds by itself."""

import pytest
from rest_framework.test import APIClient

from tests.api.talking import (
    ANNA,
    ASSIGNMENTS,
    CONTACTS,
    COUNT,
    OUTBOX,
    RECEIPTS,
    ROUTES,
    STATUS,
    code_of,
    redeem_path,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head", "options"])
@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/v3",
        "/api/v3/nothing",
        "/api/v3/contacts/",
        "/api/v4/contacts",
        "/api/v3/contacts/x/y",
        "/api/portal/v1/",
        "/api/portal/v1/outbox/x",
        "/api/%00",
    ],
)
def test_an_unknown_address_is_404_in_engages_shape(engage, till, method, path):
    for client in (till, APIClient(), APIClient(enforce_csrf_checks=True)):
        answer = getattr(client, method)(path)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/json"
        if method != "head":
            assert code_of(answer) == "NoSuchOperation"
            assert method.upper() in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("put", ANNA, "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("post", ANNA, "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("get", CONTACTS, "POST, OPTIONS"),
        ("put", RECEIPTS, "POST, OPTIONS"),
        ("get", RECEIPTS, "POST, OPTIONS"),
        ("post", COUNT, "GET, HEAD, OPTIONS"),
        ("get", redeem_path("430d3329-7eef-45c0-87f9-ae9300a0dace"), "POST, OPTIONS"),
        ("post", ASSIGNMENTS, "GET, HEAD, OPTIONS"),
        ("delete", f"{OUTBOX}/1", "GET, HEAD, OPTIONS"),
        ("get", f"{OUTBOX}/1/retry", "POST, OPTIONS"),
    ],
)
def test_another_method_is_405_and_names_those_there_are(engage, till, method, path, allowed):
    answer = getattr(till, method)(path)
    assert (answer.status_code, code_of(answer)) == (405, "MethodNotAllowed")
    assert answer.headers["Allow"] == allowed
    assert not engage.engage.requests


@pytest.mark.parametrize(
    "path",
    [path for method, path in ROUTES if method == "get" and path != f"{OUTBOX}/1" and "batchId" not in path],
)
def test_head_is_get_without_its_body(engage, till, path):
    answer = till.head(path)
    assert answer.status_code == 200
    assert answer.content == b""


@pytest.mark.parametrize(("_method", "path"), ROUTES)
def test_options_tells_the_methods_and_asks_nobody(engage, till, _method, path):
    answer = till.options(path)
    assert answer.status_code == 200
    assert "OPTIONS" in answer.headers["Allow"]
    assert answer.json()["parses"] == ["application/json"]
    assert APIClient().options(path).status_code == 401
    assert not engage.engage.requests


def test_no_answer_of_the_api_is_kept_by_caches_or_seen_by_browsers_elsewhere(engage, till):
    answer = till.get(ANNA)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]


def test_an_accept_header_of_any_kind_gets_json(engage, till):
    for accept in ("*/*", "application/json", "application/*", "text/html", "text/plain", ""):
        answer = till.get(STATUS, HTTP_ACCEPT=accept)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json"), accept
