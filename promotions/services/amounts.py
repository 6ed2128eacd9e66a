"""Amounts of money as they are kept beside a use, to be summed up."""

from decimal import Decimal
from typing import TypedDict

from engage_portal.engage import Money

_LARGEST = 10**9


class Amount(TypedDict):
    """The columns `money` and `currency`."""

    money: Decimal | None
    currency: str


def kept_amount(money: Money | None) -> Amount:
    """An amount that can be kept; nothing for one that no offer has."""
    if money is None or not 0 <= money.amount < _LARGEST:
        return Amount(money=None, currency="")
    return Amount(money=money.amount, currency=money.currency[:3])
