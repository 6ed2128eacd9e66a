"""One line per request, with the route instead of the address."""

import pytest
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from django.urls import ResolverMatch
from structlog.testing import capture_logs

from engage_portal.core import request_log
from engage_portal.core.request_log import RequestLogMiddleware


@pytest.fixture
def logged(monkeypatch):
    """The lines; structlog keeps a logger once it was used, so each test has its own."""
    import structlog

    with capture_logs() as lines:
        monkeypatch.setattr(request_log, "log", structlog.get_logger("engage_portal.requests"))
        yield lines


def answered(path: str, *, route: str | None = "x/<int:pk>/", status: int = 200):
    request = RequestFactory().get(path)

    def view(request):
        if route is not None:
            request.resolver_match = ResolverMatch(view, (), {}, route=route)
        return HttpResponse(status=status)

    return RequestLogMiddleware(view)(request)


def test_a_request_is_told_by_method_route_status_and_time(logged):
    answered("/x/4711/?email=anna@example.com", status=404)
    (line,) = logged
    assert line.pop("duration_ms") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": "/x/<int:pk>/",
        "status": 404,
    }


def test_neither_the_path_nor_the_query_is_written_where_no_route_is_known(logged):
    answered("/anna@example.com/?phone=%2B46735654321", route=None)
    (line,) = logged
    assert line["path"] == "(no route)"
    assert "anna" not in str(line)


@pytest.mark.parametrize("path", ["/healthz", "/static/css/base.css"])
def test_what_is_asked_all_the_time_is_not_told(logged, path):
    answered(path)
    assert logged == []


def test_the_answer_is_passed_on_and_a_fault_too(logged):
    assert answered("/x/1/", status=418).status_code == 418

    def broken(_request):
        raise Http404

    with pytest.raises(Http404):
        RequestLogMiddleware(broken)(RequestFactory().get("/x/?email=a@b.se"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "/api/v3/contacts/id?email=anna%40example.com",
        "/api/v3/contacts/id?mobilePhone=%2B46735654321",
        "/api/v3/contacts/430d3329-7eef-45c0-87f9-ae9300a0dace",
        "/no/such/page/anna@example.com?socialSecurityNumber=19860412-2387",
    ],
)
def test_no_address_of_the_real_site_tells_who_was_looked_up(logged, address):
    Client().get(address)
    (line,) = logged
    text = str(line)
    for personal in ("anna", "example", "46735654321", "0412", "430d3329", "?"):
        assert personal not in text, text
    assert line["status"] in {401, 404}
