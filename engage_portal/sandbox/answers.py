"""What the sandbox says back: answers, Engage's error body, and the connection that ends without a word."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"


class ConnectionDropped(Exception):  # noqa: N818 - it tells what happened to the connection
    """Instead of an answer the connection ends. The real server closes the socket; a WSGI test maps it.

    `took_effect` tells whether the request was carried out first (fault `lost_answer`).
    """

    def __init__(self, mode: str, *, took_effect: bool = False) -> None:
        super().__init__(f"no answer: {mode}")
        self.mode = mode
        self.took_effect = took_effect


class NeverAnswered(ConnectionDropped):
    """The fault `hang` in pure WSGI use, where nobody can wait: what a client sees as a read time-out."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()


def as_json(value: object, status: int = 200) -> Answer:
    """A JSON answer."""
    return Answer(status, json.dumps(value, ensure_ascii=False).encode())


def empty(status: int = 200) -> Answer:
    """An answer without a body, where Engage documents none."""
    return Answer(status)


def page(text: str, status: int = 200) -> Answer:
    """An HTML answer."""
    return Answer(status, text.encode(), HTML_TYPE)


def redirect(to: str) -> Answer:
    """Back to a page after a form."""
    return Answer(303, headers=(("Location", to),))


class ApiError(Exception):
    """A refusal in Engage's error body: errorCode, message, messageDetails, validationErrors (api.md §5)."""

    def __init__(
        self,
        status: int,
        code: str | None,
        message: str,
        *,
        details: Record | None = None,
        errors: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.errors = list(errors)

    def answer(self) -> Answer:
        """The refusal as it goes over the wire."""
        body: Record = {"message": self.message}
        if self.code:
            body = {"errorCode": self.code, **body}
        if self.details:
            body["messageDetails"] = self.details
        if self.errors:
            body["validationErrors"] = [{"errorDescription": text} for text in self.errors]
        return as_json(body, self.status)


def invalid(errors: Iterable[str]) -> ApiError:
    """422 ValidationError; each error starts with its field. Only `errorDescription` is known (api.md §5)."""
    return ApiError(422, "ValidationError", "Validation failed", errors=errors)
