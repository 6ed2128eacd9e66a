"""Whether this process is alive, and whether the whole is ready. For machines: no key, no personal data."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from engage_portal.outbox import selectors


class HealthMiddleware:
    """Answers probes before host names are checked: they come to an address, not to a name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The probe's answer, or whatever comes next."""
        answer = {"/healthz": healthz, "/readyz": readyz}.get(request.path)
        return answer(request) if answer else self.get_response(request)


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
