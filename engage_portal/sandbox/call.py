"""One request as the handlers see it."""

import json
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from engage_portal.core.ids import parse_guid
from engage_portal.sandbox.answers import ApiError, Record

_MAX_BODY = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """A request: method, path, query, headers (lower-case names), body, and the path's parameters."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    params: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_environ(cls, environ: Record) -> "Call":
        """Read a WSGI environment with its body, so that the connection can be closed cleanly."""
        headers = {
            name[5:].replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        headers["content-type"] = str(environ.get("CONTENT_TYPE") or "")
        length = min(int(environ.get("CONTENT_LENGTH") or 0), _MAX_BODY)
        path = str(environ.get("PATH_INFO") or "/").encode("latin-1").decode("utf-8", "replace")
        return cls(
            method=str(environ["REQUEST_METHOD"]),
            path=path,
            query=dict(parse_qsl(str(environ.get("QUERY_STRING") or ""), keep_blank_values=True)),
            headers=headers,
            body=environ["wsgi.input"].read(length) if length else b"",
        )

    def with_params(self, params: dict[str, str]) -> "Call":
        """The same call, with what stands in its path."""
        return replace(self, params=params)

    @property
    def key(self) -> str:
        """The API key, empty when none was sent."""
        return self.headers.get("apikey", "")

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON, None where it is empty. Raises 400 where it is not JSON."""
        if not self.body.strip():
            return None
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise ApiError(400, "InvalidJson", "The request body is not valid JSON") from error

    def json_or_none(self) -> Any:
        """The body as JSON for a mere onlooker: None where there is none to read."""
        try:
            return self.json()
        except ApiError:
            return None

    def data(self) -> Record:
        """The body as a JSON object with at least one member, else 400 `NoData` (api.md §5)."""
        value = self.json()
        if not isinstance(value, dict) or not value:
            raise ApiError(400, "NoData", "No data in request")
        return value

    def form_or_json(self) -> Record:
        """The body of a control call: a browser's form or a developer's JSON."""
        if self.media_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        value = self.json()
        return value if isinstance(value, dict) else {}

    def number(self, name: str, default: int, least: int = 0) -> int:
        """A whole number from the query. Raises 400 where it is none, or below `least`."""
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdecimal() or int(text) < least:
            raise ApiError(400, "InvalidSearchQuery", f"{name} is not a number of at least {least}")
        return int(text)


def guid(text: str | None, code: str, label: str) -> str:
    """A GUID in lower case (ids compare without regard to case, api.md §3). Raises 400 `code` otherwise."""
    found = parse_guid(text or "")
    if found is None:
        raise ApiError(400, code, f"Invalid {label}")
    return str(found)


def paged(items: list[Any], call: Call) -> Record:
    """Engage's page: items, totalCount, offset, count; default 100 a page (api.md §3)."""
    offset, count = call.number("offset", 0), call.number("count", 100, least=1)
    chosen = items[offset : offset + count]
    return {"items": chosen, "totalCount": len(items), "offset": offset, "count": len(chosen)}
