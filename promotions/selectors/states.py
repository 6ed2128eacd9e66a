"""Where an offer or a voucher stands by our own clock: Engage's own answer may be hours old."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from engage_portal.core import clock


class UseState(StrEnum):
    """What can be done with an offer or a voucher at this moment; the values are the API's words."""

    USABLE = "usable"
    NOT_YET_VALID = "notYetValid"
    REDEEMED = "redeemed"
    EXPIRED = "expired"

    @property
    def is_usable(self) -> bool:
        """Whether it can be used now."""
        return self is UseState.USABLE

    @property
    def is_not_yet_valid(self) -> bool:
        """Whether it can be used later."""
        return self is UseState.NOT_YET_VALID

    @property
    def is_redeemed(self) -> bool:
        """Whether it was used, there or here."""
        return self is UseState.REDEEMED


class Dated(Protocol):
    """What is valid from one moment to another, where it has them."""

    @property
    def valid_from(self) -> datetime | None: ...
    @property
    def expires_on(self) -> datetime | None: ...


def use_state(row: Dated, *, redeemed: bool) -> UseState:
    """Where it stands now: what was used stays used, whatever its dates."""
    now = clock.now()
    if redeemed:
        return UseState.REDEEMED
    if row.expires_on is not None and row.expires_on <= now:
        return UseState.EXPIRED
    if row.valid_from is not None and row.valid_from > now:
        return UseState.NOT_YET_VALID
    return UseState.USABLE
