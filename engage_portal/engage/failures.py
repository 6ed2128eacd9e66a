"""From an answer that is not a success to the error it means.

Engage publishes no error body; this reads what programs in production have seen: `errorCode`, `message`,
`messageDetails`, `validationErrors`, and the forms its web framework is known for. Empty, HTML and broken
bodies (gateways answer with those) leave the status alone to decide.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, TypedDict

from engage_portal.core.clock import now
from engage_portal.core.ids import EngageContactId, parse_guid
from engage_portal.engage.errors import (
    INVALID_SYSTEM_CONFIGURATION,
    AuthFailed,
    Conflict,
    EngageError,
    FieldError,
    Misconfigured,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
)
from engage_portal.engage.wire import Unreadable, decode, member, objects, text

_FIRST_REFUSAL = 400
_FIRST_FAULT = 500
_FIELD_NAMES = (
    "field",
    "fieldName",
    "property",
    "propertyName",
    "attribute",
    "attributeName",
    "name",
    "key",
    "path",
)
_DESCRIPTIONS = ("errorDescription", "description", "errorMessage", "message", "error")


class _Said(TypedDict):
    """What every error has from its answer."""

    message: str
    operation: str
    status: int
    error_code: str


def error_of(
    *, operation: str, status: int, body: bytes | None, retry_after: str | None = None
) -> EngageError:
    """The error that a status outside 2xx and its body (None when it could not be read) stand for."""
    problem = _problem(body)
    code = text(problem, "errorCode") or ""
    message = text(problem, "message", "detail", "title") or ""
    said = _Said(message=message, operation=operation, status=status, error_code=code)
    error: EngageError
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        error = AuthFailed(**said)
    elif status == HTTPStatus.NOT_FOUND:
        error = NotFound(**said)
    elif status in {HTTPStatus.CONFLICT, HTTPStatus.NOT_ACCEPTABLE}:
        error = Conflict(**said, candidates=_candidates(problem))
    elif status == HTTPStatus.TOO_MANY_REQUESTS:
        error = RateLimited(**said, retry_after=seconds_of(retry_after))
    # 408 is a gateway's word for "I waited in vain": the same request may well succeed later.
    elif _FIRST_REFUSAL <= status < _FIRST_FAULT and status != HTTPStatus.REQUEST_TIMEOUT:
        error = Rejected(**said, field_errors=_field_errors(problem))
    elif status == HTTPStatus.INTERNAL_SERVER_ERROR and code == INVALID_SYSTEM_CONFIGURATION:
        error = Misconfigured(**said)
    else:
        said["message"] = message or _wording(status)
        error = Unavailable(**said, may_have_taken_effect=True)
    return error


def _problem(body: bytes | None) -> Any:
    """The error object, or None. A text that is no JSON is dropped: it may repeat the address with its
    query.
    """
    try:
        return decode(body or b"")
    except Unreadable:
        return None


def _wording(status: int) -> str:
    """What to say when Engage says nothing."""
    if status < _FIRST_REFUSAL:
        return "Engage sent us elsewhere, which we do not follow"
    return "Engage could not answer"


def _candidates(problem: Any) -> Iterator[EngageContactId]:
    """The contacts of a `MultipleMatches`, in Engage's order [developer.voyado.com/.../find-contact]."""
    found = member(member(problem, "messageDetails"), "multipleMatchesFound")
    for each in found if isinstance(found, list) else ():
        contact_id = each if isinstance(each, str) else text(each, "id", "contactId")
        if contact_id and parse_guid(contact_id.strip()):
            yield EngageContactId(contact_id.strip().lower())


def _field_errors(problem: Any) -> Iterator[FieldError]:
    """Complaints per field. Only `errorDescription` has been seen; the field's name is looked for under
    likely names.
    """
    entries = member(problem, "validationErrors")
    for each in entries if isinstance(entries, list) else ():
        if isinstance(each, str):
            yield FieldError(field="", description=each)
    for each in objects(entries):
        yield FieldError(field=text(each, *_FIELD_NAMES) or "", description=text(each, *_DESCRIPTIONS) or "")
    by_field = entries if isinstance(entries, Mapping) else member(problem, "errors", "modelState")
    for name, said in by_field.items() if isinstance(by_field, Mapping) else ():
        for each in said if isinstance(said, list) else [said]:
            if isinstance(each, str):
                yield FieldError(field=str(name), description=each)


def seconds_of(retry_after: str | None) -> float | None:
    """A `Retry-After` header (seconds or a date) in seconds, never negative; None when it says nothing
    usable.
    """
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            moment = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - now()).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
