"""Whether this process is alive, and whether the whole is ready. For machines: no key, no personal data."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from engage_portal.outbox import selectors


def healthz(_request: HttpRequest) -> HttpResponse:
    """The process is alive. Asks nobody."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_request: HttpRequest) -> JsonResponse:
    """200 where the database answers and a worker took a task lately, else 503.

    Engage being away is no reason: this portal is there for exactly that.
    """
    worker = selectors.worker_is_alive()
    return JsonResponse(
        {"database": "ok", "worker": "ok" if worker else "missing"}, status=200 if worker else 503
    )
