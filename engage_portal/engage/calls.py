"""What the methods of the client share: asking, and insisting on an answer of the kind a caller needs."""

from collections.abc import Mapping
from typing import Any

from engage_portal.engage.answers import listed
from engage_portal.engage.errors import Unavailable
from engage_portal.engage.line import Line, Request
from engage_portal.engage.operations import Operation
from engage_portal.engage.wire import Unreadable, decode

Query = Mapping[str, str | int | None]


class Calls:
    """Base of the groups of methods. `_line` is set by the client."""

    _line: Line

    def _ask(
        self,
        operation: Operation,
        *,
        ids: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: bytes | None = None,
    ) -> bytes | None:
        """The body of a 2xx, whichever: documentation and samples disagree on 200, 201 and 202."""
        request = Request(operation=operation, ids=ids or {}, query=query or {}, body=body)
        return self._line.call(request).body

    def _ask_list(self, operation: Operation, *, query: Query | None = None) -> Any:
        """An answer that is a list or a page of one."""
        body = needed(operation, self._ask(operation, query=query))
        if not isinstance(listed(body), list):
            raise unusable(operation)
        return body


def unusable(operation: Operation) -> Unavailable:
    """The error for a 2xx that does not hold what it should: a login page, half an object, nothing.

    The request did arrive, so it may have taken effect.
    """
    return Unavailable(
        "Engage's answer could not be read", operation=str(operation), may_have_taken_effect=True
    )


def needed(operation: Operation, body: bytes | None) -> Any:
    """The JSON in a body that has to be there."""
    found = optional(body)
    if found is None:
        raise unusable(operation)
    return found


def optional(body: bytes | None) -> Any:
    """The JSON in a body that may be missing, or None."""
    try:
        return decode(body or b"null")
    except Unreadable:
        return None
