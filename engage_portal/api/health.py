"""Whether this process is alive, and whether the whole is ready. For machines: no key, no personal data."""

from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache import cache
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from redis.exceptions import RedisError

from engage_portal.api.metrics import metrics
from engage_portal.core import clock
from engage_portal.outbox import selectors
from engage_portal.outbox.line import breaker

log = structlog.get_logger(__name__)

_CACHE_KEY = "readyz"
_CACHED_SECONDS = 2
"""Shorter than the time between two probes, so that each reads what it wrote itself."""
_UNKNOWN = {"database": "failed", "worker": "unknown", "oldestWaitingSeconds": None, "engage": "unknown"}


class HealthMiddleware:
    """Answers probes before host names are checked: they come to an address, not to a name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The probe's answer, or whatever comes next."""
        answer = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}.get(request.path)
        return answer(request) if answer else self.get_response(request)


def healthz(_request: HttpRequest) -> HttpResponse:
    """The process is alive. Asks nobody."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_request: HttpRequest) -> JsonResponse:
    """200 where the database and the cache answer and a worker took a task lately, else 503.

    Engage being away is no reason: this portal is there for exactly that.
    """
    found = {**_ledger(), "cache": _cache()}
    is_ready = all(found[part] == "ok" for part in ("database", "cache", "worker"))
    return JsonResponse(found, status=200 if is_ready else 503)


def _ledger() -> dict[str, Any]:
    """What the database says, or that it says nothing."""
    try:
        oldest = selectors.oldest_waiting_at()
        return {
            "database": "ok",
            "worker": "ok" if selectors.worker_is_alive() else "missing",
            "oldestWaitingSeconds": round((clock.now() - oldest).total_seconds(), 1) if oldest else None,
            "engage": "up" if breaker.is_closed() else "down",
        }
    except Error as error:
        log.warning("the database does not answer", error=type(error).__name__)
        return _UNKNOWN


def _cache() -> str:
    """Whether the cache gives back what it is given."""
    try:
        cache.set(_CACHE_KEY, 1, _CACHED_SECONDS)
        is_kept = cache.get(_CACHE_KEY) == 1
    except (Error, RedisError) as error:
        log.warning("the cache does not answer", error=type(error).__name__)
        return "failed"
    return "ok" if is_kept else "failed"
