"""Bodies as they are on the wire: JSON whose numbers keep their digits, of a bounded size."""

from collections.abc import Mapping
from typing import IO, Any, ClassVar

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from engage_portal.engage.wire import Unreadable, decode


class BodyTooLarge(APIException):
    """More than this portal reads."""

    status_code = 413
    default_detail = "The body is too large."
    default_code = "BodyTooLarge"


class BoundedParser(BaseParser):
    """A body of a bounded size, read at once."""

    largest: ClassVar[int | None] = None
    """Bytes; without, DATA_UPLOAD_MAX_MEMORY_SIZE."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """What the body says. Raises BodyTooLarge, and ParseError for what it cannot be."""
        del media_type, parser_context
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE if self.largest is None else self.largest
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(f"The body is larger than {limit} bytes.")
        return self.read(body)

    def read(self, body: bytes) -> Any:
        """The bytes themselves, wrapped so that DRF takes them for data."""
        return {"body": body}


class EngageJSONParser(BoundedParser):
    """JSON with fractions as Decimal."""

    media_type = "application/json"

    def read(self, body: bytes) -> Any:
        """The JSON value of a body; an empty body is None. Raises ParseError."""
        if not body.strip():
            return None
        try:
            return decode(body)
        except Unreadable:
            raise ParseError("The body is not valid JSON.") from None


class RawJSONParser(BoundedParser):
    """The bytes themselves, for bodies that a typed model reads."""

    media_type = "application/json"


def object_body(request: Request) -> dict[str, Any]:
    """The body as an object. Raises ParseError for anything else, and for an empty one Engage's NoData."""
    body = request.data
    if body is None or body == {}:
        raise NoData
    if not isinstance(body, dict):
        raise ParseError("The body must be a JSON object.")
    return body


def raw_body(request: Request) -> bytes:
    """The bytes that RawJSONParser read. Raises NoData where there are none: then DRF asks no parser."""
    data: Any = request.data
    body: bytes = data.get("body", b"")
    if not body.strip():
        raise NoData
    return body


class NoData(APIException):
    """Engage's word for an empty body."""

    status_code = 400
    default_detail = "There is no data in the request."
    default_code = "NoData"
