"""Engage's way to ask for a part of a list, and to answer it."""

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from engage_portal.api.views import whole_or_refuse

_MOST = 500
_LAST = 1_000_000

PAGING = [
    OpenApiParameter("offset", OpenApiTypes.INT, default=0),
    OpenApiParameter("count", OpenApiTypes.INT, default=100),
]


def asked_part(request: Request, *, last: int = _LAST) -> tuple[int, int]:
    """`offset`, up to `last`, and `count` of the query, 0 and 100 by default. Raises ParseError."""
    offset = whole_or_refuse(request, "offset", default=0, least=0, most=last)
    return offset, whole_or_refuse(request, "count", default=100, least=1, most=_MOST)


def page_body(rows: Sequence[Mapping[str, Any]], *, total: int, offset: int) -> dict[str, Any]:
    """A page as Engage answers it [SDK PagedResultOf*.md]."""
    return {"items": rows, "totalCount": total, "offset": offset, "count": len(rows)}
