"""What can go wrong between us and Engage, as one tree.

EngageError
├── Unavailable     no answer, time-out, 408, 500, 502, 503, 504, a redirect, a 2xx without the body it needs
├── RateLimited     429
├── AuthFailed      401, 403
├── NotFound        404
├── Conflict        409, and 406 from v2
├── Rejected        400, 422 and every other 4xx
└── Misconfigured   500 with InvalidSystemConfiguration: the tenant's keys are not set up, waiting is no help

Only `Unavailable` and `RateLimited` pass by themselves; for the rest the data, the key or Engage's set-up
has to change first [developer.voyado.com/en/api/api-retry-policy.html].

No error holds the address that was called, a body or an httpx object. Texts from Engage are masked when the
error is made, because they end up in logs, in the queue's reasons and on staff screens.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from engage_portal.core.ids import EngageContactId
from engage_portal.core.masking import masked
from engage_portal.engage.operations import MAY_BE_OFF

# ruff: noqa: N818  (the names are words for what happened, and are agreed with everybody who catches them)

INVALID_SYSTEM_CONFIGURATION = "InvalidSystemConfiguration"
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,99}")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One complaint of Engage about the data. `field` is empty when Engage did not say which one it means."""

    field: str
    description: str


class EngageError(Exception):
    """Anything that kept a call from succeeding.

    `operation` is a method and a path template, such as "POST /api/v3/contacts": never ids, never a query.
    `may_have_taken_effect` tells whether Engage may have acted on the request although we got no good
    answer. It is also True after a *read* without an answer: a look that failed proves nothing about an
    earlier write.
    """

    def __init__(
        self,
        message: str = "",
        *,
        operation: str = "",
        status: int | None = None,
        error_code: str = "",
        may_have_taken_effect: bool = False,
    ) -> None:
        self.message = masked(message)
        self.operation = operation
        self.status = status
        self.error_code = error_code if _CODE.fullmatch(error_code) else ""
        self.may_have_taken_effect = may_have_taken_effect
        super().__init__(self.message)

    def __str__(self) -> str:
        """The operation, status, code and masked message: fit for logs and staff screens."""
        answer = " ".join(part for part in (str(self.status or ""), self.error_code) if part)
        return (
            ": ".join(part for part in (self.operation, answer, self.message) if part) or type(self).__name__
        )


class Unavailable(EngageError):
    """Engage gave no usable answer; trying later can help.

    `may_have_taken_effect` is False only when the request certainly never left: no connection could be
    made, or no time was left to begin. Then the same call may be repeated at once; otherwise look first
    [developer.voyado.com/en/api/api-retry-policy.html].
    """


class RateLimited(EngageError):
    """More than 200 calls in a second with this key [developer.voyado.com/en/api/api-rate-limit.html].

    `retry_after` is in seconds, None when Engage does not say (it is not documented that it ever does).
    """

    def __init__(
        self,
        message: str = "",
        *,
        operation: str = "",
        status: int | None = 429,
        error_code: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, operation=operation, status=status, error_code=error_code)
        self.retry_after = retry_after


class Rejected(EngageError):
    """Engage understood and refused: the same data will be refused again."""

    def __init__(
        self,
        message: str = "",
        *,
        operation: str = "",
        status: int | None = None,
        error_code: str = "",
        field_errors: Iterable[FieldError] = (),
    ) -> None:
        super().__init__(message, operation=operation, status=status, error_code=error_code)
        self.field_errors = tuple(
            FieldError(field=masked(each.field, keep=100), description=masked(each.description))
            for each in field_errors
        )


class NotFound(EngageError):
    """404. An empty `error_code` means that something before Engage's own code answered (a gateway, a wrong
    host).
    """


class Conflict(EngageError):
    """The state in Engage forbids it: the key is taken, already redeemed, more than one match.

    `candidates` holds the contacts of a `MultipleMatches` look-up
    [developer.voyado.com/docs/contacts/identify-contact/find-contact].
    """

    def __init__(
        self,
        message: str = "",
        *,
        operation: str = "",
        status: int | None = 409,
        error_code: str = "",
        candidates: Iterable[EngageContactId] = (),
    ) -> None:
        super().__init__(message, operation=operation, status=status, error_code=error_code)
        self.candidates = tuple(candidates)


class AuthFailed(EngageError):
    """The key is missing, unknown, revoked, or not allowed from here or for this operation
    [developer.voyado.com/en/api/api-security.html].
    """

    @property
    def is_of_one_operation(self) -> bool:
        """Whether it says nothing about other calls: a 403 for something that a tenant may do without."""
        return self.status == HTTPStatus.FORBIDDEN and self.operation in MAY_BE_OFF


class Misconfigured(EngageError):
    """The tenant's key attributes are not set up: a 500 that is not an outage.

    [developer.voyado.com/docs/contacts/identify-contact/find-contact]
    """
