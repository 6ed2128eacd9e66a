"""One call over the wire: send, wait no longer than agreed, log one line, turn every failure into ours."""

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from typing import Self
from urllib.parse import quote, urlencode

import httpx
import tenacity

from engage_portal.core.clock import Deadline
from engage_portal.engage.config import EngageConfig
from engage_portal.engage.errors import EngageError, RateLimited, Unavailable
from engage_portal.engage.failures import error_of
from engage_portal.engage.operations import Operation
from engage_portal.engage.transport import DeadlineTransport, deadline

logger = logging.getLogger("engage_portal.engage")

_TRIES = 3
_PATIENCE = 5.0
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_HTTPX_FAILURES = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpx.CookieConflict)
_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-correlation-id", "x-ms-request-id")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:|=-]{1,100}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its status, and its body, None where it could not be read to the end within limits."""

    status: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: an operation, the ids in its path, its query and its body."""

    operation: Operation
    ids: Mapping[str, str]
    query: Mapping[str, str | int | None]
    body: bytes | None

    @property
    def target(self) -> str:
        """Path and query. Every value is percent-encoded: + as %2B, @ as %40, space as %20, : as %3A.

        [developer.voyado.com/docs/contacts/identify-contact/find-contact]
        """
        path = self.operation.path_with(dict(self.ids))
        given = {name: str(value) for name, value in self.query.items() if value not in (None, "")}
        return f"{path}?{urlencode(given, quote_via=quote, safe='')}" if given else path


@dataclass(frozen=True, slots=True)
class Line:
    """The pooled connection to one Engage, and how patient its user is. Threads may share it.

    `limit` None is the worker's profile. A number of seconds is that of somebody who waits: nothing takes
    longer and nothing is repeated.
    """

    config: EngageConfig
    http: httpx.Client
    sleep: Callable[[float], None]
    limit: float | None = None

    @classmethod
    def opened(
        cls, config: EngageConfig, *, transport: httpx.BaseTransport | None, sleep: Callable[[float], None]
    ) -> Self:
        """A line of its own. httpx logs full addresses at INFO and httpcore headers at DEBUG, so both are
        silenced.
        """
        for name in ("httpx", "httpcore"):
            noisy = logging.getLogger(name)
            noisy.setLevel(max(noisy.level, logging.WARNING))
        http = httpx.Client(
            transport=transport or DeadlineTransport(max_connections=config.max_connections),
            headers={
                "apikey": config.api_key,
                "User-Agent": config.user_agent,
                # Without it Engage answers 500, to a GET too
                # [developer.voyado.com/en/api/api-authentication.html].
                "Content-Type": "application/json",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
            follow_redirects=False,  # the key must not travel to another host
            trust_env=False,
        )
        # A load balancer's cookie would pin every worker to one of Engage's servers.
        http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return cls(config=config, http=http, sleep=sleep)

    def within(self, seconds: float) -> Self:
        """The same line for somebody who waits that long at most, per call."""
        return replace(self, limit=seconds if self.limit is None else min(seconds, self.limit))

    def call(self, request: Request) -> Answer:
        """The answer to a request, or one of our errors.

        Reads are repeated on the worker's profile, at most three tries and within a few seconds. A write
        never is: it changes state each time it arrives [developer.voyado.com/en/api/api-retry-policy.html].
        """
        if self.limit is not None or request.operation.method != "GET":
            return self._once(request)
        patient = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_passes_soon),
            stop=tenacity.stop_after_attempt(_TRIES) | tenacity.stop_before_delay(_PATIENCE),
            wait=tenacity.wait_combine(
                tenacity.wait_random_exponential(multiplier=0.25, max=1.0), _asked_wait
            ),
            sleep=self.sleep,
            reraise=True,
        )
        return patient(self._once, request)

    def _once(self, request: Request) -> Answer:
        """One try, with its line in the log. The error is raised outside httpx's own, which holds the full
        address.
        """
        began = time.monotonic()
        outcome, note = self._exchange(request)
        logger.info(
            "%s %s in %d ms%s",
            request.operation,
            outcome.status or "no answer",
            round((time.monotonic() - began) * 1000),
            note,
        )
        if isinstance(outcome, EngageError):
            raise outcome from None
        return outcome

    def _exchange(self, request: Request) -> tuple[Answer | EngageError, str]:
        """Send and read. Answers the outcome and a note for the log."""
        operation = str(request.operation)
        allowed = self.config.overall_timeout if self.limit is None else self.limit
        if allowed <= 0.0:
            return Unavailable("No time was left to ask Engage", operation=operation), ", not sent"
        until = Deadline.after(allowed)
        token = deadline.set(until)
        try:
            with self.http.stream(
                request.operation.method,
                self.config.base_url.rstrip("/") + request.target,
                content=request.body,
                timeout=self._timeout(allowed),
            ) as response:
                body = _read(response, until=until, limit=self.config.answer_limit)
                return _outcome(operation, response, body), _request_id(response)
        except _HTTPX_FAILURES as failure:
            return _no_answer(operation, failure), f", {type(failure).__name__}"
        finally:
            deadline.reset(token)

    def _timeout(self, allowed: float) -> httpx.Timeout:
        """Connect short, read long, and nothing longer than the whole call may take."""
        connect, read = min(self.config.connect_timeout, allowed), min(self.config.read_timeout, allowed)
        return httpx.Timeout(connect=connect, read=read, write=read, pool=connect)


def _read(response: httpx.Response, *, until: Deadline, limit: int) -> bytes | None:
    """The body, or None if it breaks off, takes too long or is too big. The status stands in any case:
    a 2xx that was received is a success even when the rest of the answer got lost.
    """
    collected = bytearray()
    try:
        for chunk in response.iter_bytes():
            collected += chunk
            if len(collected) > limit or until.is_past:
                return None
    except _HTTPX_FAILURES:
        return None
    return bytes(collected)


def _outcome(operation: str, response: httpx.Response, body: bytes | None) -> Answer | EngageError:
    """A success as answer, anything else as error."""
    if response.is_success:
        return Answer(status=response.status_code, body=body)
    return error_of(
        operation=operation,
        status=response.status_code,
        body=body,
        retry_after=response.headers.get("retry-after"),
    )


def _no_answer(operation: str, failure: Exception) -> Unavailable:
    """Ours for a failure of httpx. Only the kind of failure is kept: its text and its request hold the
    address.
    """
    return Unavailable(
        f"Engage did not answer ({type(failure).__name__})",
        operation=operation,
        may_have_taken_effect=not isinstance(failure, _NEVER_LEFT),
    )


def _request_id(response: httpx.Response) -> str:
    """Engage's reference of the call, for its support, when it sends one."""
    for header in _REQUEST_ID_HEADERS:
        value = response.headers.get(header, "")
        if _REQUEST_ID.fullmatch(value):
            return f", request id {value}"
    return ""


def _passes_soon(error: BaseException) -> bool:
    """Whether a second try within a moment can help."""
    return isinstance(error, Unavailable | RateLimited)


def _asked_wait(state: tenacity.RetryCallState) -> float:
    """The wait Engage asked for."""
    error = state.outcome.exception() if state.outcome else None
    return (error.retry_after or 0.0) if isinstance(error, RateLimited) else 0.0
