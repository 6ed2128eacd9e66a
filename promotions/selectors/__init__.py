"""Reading what a contact may use, from our copy."""

from promotions.selectors.offers import AssignmentView, Offer, assignments_for, offers_for
from promotions.selectors.points import (
    account_known_as,
    account_of_definition,
    balances_for,
    movements_for,
    transactions_of,
)
from promotions.selectors.states import UseState
from promotions.selectors.vouchers import VoucherView, vouchers_for

__all__ = [
    "AssignmentView",
    "Offer",
    "UseState",
    "VoucherView",
    "account_known_as",
    "account_of_definition",
    "assignments_for",
    "balances_for",
    "movements_for",
    "offers_for",
    "transactions_of",
    "vouchers_for",
]
