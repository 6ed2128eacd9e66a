"""One log line per request: method, route, status, duration. Never the query string: look-ups carry e-mails there."""

import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponseBase

log = structlog.get_logger("engage_portal.requests")
_SILENT = ("/healthz", "/static/")


class RequestLogMiddleware:
    """Logs the route's pattern rather than the path, so that ids in paths do not become log data either."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request and log it."""
        started = time.perf_counter()
        response = self.get_response(request)
        if not request.path.startswith(_SILENT):
            match = request.resolver_match
            log.info(
                "request",
                method=request.method,
                path=f"/{match.route}" if match else "(no route)",
                status=response.status_code,
                duration_ms=round((time.perf_counter() - started) * 1000, 1),
            )
        return response
