"""`Idempotency-Key`: the same key from the same caller gets the same answer, and the work is done once."""

import functools
import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Concatenate, ParamSpec, TypeVar

from rest_framework.request import Request
from rest_framework.response import Response

from engage_portal.api.errors import engage_error_response, error_body
from engage_portal.api.models import IdempotentAnswer
from engage_portal.api.renderers import EngageJSONRenderer
from engage_portal.api.views import EngageView
from engage_portal.core import clock
from engage_portal.engage.wire import decode

P = ParamSpec("P")
ViewT = TypeVar("ViewT", bound=EngageView)

KEPT_FOR = timedelta(hours=24)
_GIVEN_UP_AFTER = timedelta(seconds=60)
_LONGEST_KEY = 255
_MEANT_TO_BE_REPEATED = 500


def answered_once(
    operation: Callable[Concatenate[ViewT, Request, P], Response],
) -> Callable[Concatenate[ViewT, Request, P], Response]:
    """Let an operation be repeated safely under an `Idempotency-Key`; without the header nothing changes.

    While the first call is at work a second one gets 409 with `Retry-After`. The key with another request is refused
    with 422. Answers that ask to be repeated (5xx, or with `Retry-After`) are not kept.
    """

    @functools.wraps(operation)
    def wrapped(view: ViewT, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        key = _key(request)
        if not key:
            return operation(view, request, *args, **kwargs)
        if len(key) > _LONGEST_KEY:
            message = f"Idempotency-Key must be at most {_LONGEST_KEY} characters."
            return Response(error_body("InvalidIdempotencyKey", message), status=400)
        answer, is_first = _take(view.key.name, _digest(key), _request_digest(request))
        if not is_first:
            return _repeat(answer, _request_digest(request))
        return _first(answer, request, lambda: operation(view, request, *args, **kwargs))

    return wrapped


def key_digest(request: Request) -> str:
    """The request's `Idempotency-Key` as an operation may keep it, to know its own work again; empty without one."""
    key = _key(request)
    return _digest(key) if key else ""


def forget_answers() -> int:
    """Delete answers older than a day; they may hold contact data. Returns how many; may run twice."""
    removed, _ = IdempotentAnswer.objects.filter(created_at__lt=clock.now() - KEPT_FOR).delete()
    return removed


def _take(caller: str, key_hash: str, request_hash: str) -> tuple[IdempotentAnswer, bool]:
    """Take the key for the first call, or find what became of it."""
    now = clock.now()
    row, is_first = IdempotentAnswer.objects.get_or_create(
        api_key_name=caller, key_hash=key_hash, defaults={"request_hash": request_hash}
    )
    if is_first:
        return row, True
    # A process that died at work left the row without an answer: what it did is found by the operation itself, by the
    # ids in the request or, where repeating it is a conflict, by `key_digest`.
    taken_over = IdempotentAnswer.objects.filter(
        pk=row.pk, status__isnull=True, request_hash=request_hash, created_at__lt=now - _GIVEN_UP_AFTER
    ).update(created_at=now)
    return row, bool(taken_over)


def _first(row: IdempotentAnswer, request: Request, work: Callable[[], Response]) -> Response:
    try:
        response = work()
    except Exception as error:  # noqa: BLE001 - the same judge as outside; it logs what is our fault
        response = engage_error_response(error, {"request": request})
    if response.status_code >= _MEANT_TO_BE_REPEATED or "Retry-After" in response.headers:
        row.delete()
    else:
        row.status, row.body = response.status_code, EngageJSONRenderer().render(response.data)
        row.location = response.headers.get("Location", "")
        row.save(update_fields=["status", "body", "location"])
    return response


def _repeat(row: IdempotentAnswer, request_hash: str) -> Response:
    if row.request_hash != request_hash:
        message = "This Idempotency-Key was used for another request."
        return Response(error_body("IdempotencyKeyReused", message), status=422)
    if row.status is None:
        message = "The first request with this Idempotency-Key is still at work."
        return Response(error_body("RequestInProgress", message), status=409, headers={"Retry-After": "1"})
    body = bytes(row.body)
    headers = {"Idempotency-Replayed": "true"} | ({"Location": row.location} if row.location else {})
    return Response(decode(body) if body else None, status=row.status, headers=headers)


def _key(request: Request) -> str:
    return request.headers.get("Idempotency-Key", "").strip()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _request_digest(request: Request) -> str:
    head = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(head + request._request.body).hexdigest()  # noqa: SLF001 - DRF has no other way to the bytes
