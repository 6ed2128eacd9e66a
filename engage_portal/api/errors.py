"""Errors in Engage's own shape: `errorCode`, `message`, `messageDetails`, `validationErrors`.

Engage publishes no schema of it; code that parses it in production shows these members (api.md §5).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.signals import got_request_exception
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from engage_portal.api.sentences import NOTICE
from engage_portal.engage import (
    AuthFailed,
    Conflict,
    EngageError,
    FieldError,
    Misconfigured,
    RateLimited,
    Rejected,
    Unavailable,
)
from engage_portal.engage.payloads import PayloadError

log = structlog.get_logger(__name__)

_RETRY_AFTER = "10"
_TOLD_IN_THE_MESSAGE = 5


def engage_error_response(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler. A fault of ours is logged and answered as Engage answers its own: 500, no details."""
    set_rollback()
    if isinstance(error, EngageError):
        return _from_engage(error)
    if isinstance(error, PayloadError):
        return validation_error(error.problems, retry_after=error.retry_after)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, RequestDataTooBig):
        return Response(error_body("BodyTooLarge", "The body is too large."), status=413)
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _from_framework(error)
    return _our_fault(error, context)


def error_body(code: str, message: str, **more: Any) -> dict[str, Any]:
    """An error in Engage's shape."""
    return {"errorCode": code, "message": message, **more}


def validation_error(problems: Sequence[FieldError], *, retry_after: int | None = None) -> Response:
    """422 that names every field; 400 where the body as a whole cannot be read.

    With `Retry-After` where the same body may be taken later, and such an answer is not kept under a key.
    """
    first = problems[0]
    if not first.field:
        return Response(error_body("InvalidBody", first.description), status=400)
    told = [
        {"field": each.field, "errorDescription": f"{each.field}: {each.description}"} for each in problems
    ]
    message = "; ".join(each["errorDescription"].rstrip(".") for each in told[:_TOLD_IN_THE_MESSAGE]) + "."
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return Response(
        error_body("ValidationError", message, validationErrors=told), status=422, headers=headers
    )


def _from_engage(error: EngageError) -> Response:
    if isinstance(error, Unavailable | RateLimited):
        return _unavailable(error)
    if isinstance(error, AuthFailed | Misconfigured):
        log.error("engage refuses us", error=str(error))
        return Response(
            error_body("EngageMisconfigured", "Engage refuses the portal. Staff have to act."), status=502
        )
    more: dict[str, Any] = {}
    if isinstance(error, Conflict) and error.candidates:
        more["messageDetails"] = {"multipleMatchesFound": list(error.candidates)}
    if isinstance(error, Rejected) and error.field_errors:
        more["validationErrors"] = [
            {"field": entry.field, "errorDescription": _described(entry)} for entry in error.field_errors
        ]
    message = error.message or "Engage refused this."
    return Response(
        error_body(error.error_code or type(error).__name__, message, **more), status=error.status or 502
    )


def _our_fault(error: Exception, context: Mapping[str, Any]) -> Response:
    request = getattr(context.get("request"), "_request", None)
    log.error("unhandled", fault=type(error).__name__, exc_info=error)
    got_request_exception.send(sender=None, request=request)
    return Response(error_body("InternalError", "An error has occurred."), status=500)


def _described(entry: FieldError) -> str:
    """Engage's sentence, or ours with the field in front of it."""
    named = not entry.field or entry.field in entry.description
    return entry.description if named else f"{entry.field} {entry.description}"


def _unavailable(error: EngageError) -> Response:
    message = error.message or "Engage does not answer. Carry on with the sale and try again later."
    body = error_body("EngageUnavailable", message, messageDetails={"notice": NOTICE})
    return Response(body, status=503, headers={"Retry-After": _RETRY_AFTER})


def _from_framework(error: exceptions.APIException) -> Response:
    headers = {}
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        headers["WWW-Authenticate"] = "apikey"
    code = error.get_codes()
    named = code if isinstance(code, str) else "ValidationError"
    return Response(error_body(_pascal(named), str(error.detail)), status=error.status_code, headers=headers)


def _pascal(code: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in code.split("_"))
