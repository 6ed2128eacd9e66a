"""What every operation of the API shares: the deadline, the caller, the age of an answer."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import ParseError, PermissionDenied
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from engage_portal.api.models import ApiKey
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Freshness, Read
from engage_portal.core.ids import parse_guid
from engage_portal.engage import Rejected

_WHOLE = re.compile(r"[0-9]{1,12}", re.ASCII)


class AlwaysJson(DefaultContentNegotiation):
    """Engage answers JSON whatever a caller says that it accepts; so does this portal."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first renderer, which is JSON."""
        del request, format_suffix
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class EngageView(APIView):
    """One operation. The clock starts when the request comes in."""

    deadline: Deadline
    content_negotiation_class = AlwaysJson

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Start the time budget before anything else is done."""
        self.deadline = Deadline.after(settings.PORTAL_TIME_BUDGET)
        return super().initialize_request(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Answers are about people: no cache on the way keeps one. `Age` tells the age of our copy."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @property
    def key(self) -> ApiKey:
        """The caller's key."""
        key = self.request.auth
        if not isinstance(key, ApiKey):
            raise PermissionDenied
        return key


def store_for(key: ApiKey, wanted: str) -> str:
    """The store that a call is for. Raises PermissionDenied where the key is bound to another one."""
    if key.store and wanted and wanted != key.store:
        raise PermissionDenied(
            f"This API key belongs to store {key.store}; storeExternalId names another one."
        )
    return wanted or key.store


def guid_or_refuse(value: str, *, code: str, name: str) -> UUID:
    """A GUID from a path or a query. Raises Rejected (400) with Engage's code."""
    guid = parse_guid(value.strip())
    if guid is None:
        raise Rejected(f"{name} must be a GUID.", status=400, error_code=code)
    return guid


def whole_or_refuse(request: Request, name: str, *, default: int, least: int, most: int) -> int:
    """A whole number from the query. Raises ParseError that names it."""
    text = request.query_params.get(name, "").strip()
    if not text:
        return default
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise ParseError(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def text_or_refuse(request: Request, name: str, *, longest: int) -> str:
    """A text from the query, trimmed. Raises ParseError that names it where no database or file could keep it."""
    text = request.query_params.get(name, "").strip()
    if len(text) > longest:
        raise ParseError(f"{name} must be at most {longest} characters.")
    if not text.isprintable():
        raise ParseError(f"{name} must not hold control characters.")
    return text


def aged(body: Any, read: Read[Any], *, status: int = 200) -> Response:
    """An answer with its age: `Age` in seconds, `X-Engage-Freshness: live | cached | stale`."""
    return Response(body, status=status, headers=age_headers(read.freshness, read.fetched_at))


def age_headers(freshness: Freshness, fetched_at: datetime | None) -> dict[str, str]:
    """The two headers about an answer's age."""
    age = (
        0 if freshness is Freshness.LIVE or fetched_at is None else (clock.now() - fetched_at).total_seconds()
    )
    return {"Age": str(max(0, int(age))), "X-Engage-Freshness": str(freshness)}
