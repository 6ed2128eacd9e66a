"""Refusals that mean "it is already as you want it". This table is the only place where one is forgiven.

They come when our own earlier request took effect and its answer got lost
[developer.voyado.com/en/promotions/redeem-a-promotion.html] [developer.voyado.com/docs/loyalty/vouchers].
"""

from dataclasses import dataclass

from engage_portal.engage.errors import Conflict, EngageError
from engage_portal.engage.operations import REACTIVATE_VOUCHER, REDEEM_PROMOTION, REDEEM_VOUCHER


@dataclass(frozen=True, slots=True)
class BenignAnswer:
    """One row: this code as answer to this operation, and what it says in words for staff."""

    operation: str
    error_code: str
    label: str


BENIGN_ANSWERS = (
    BenignAnswer(str(REDEEM_PROMOTION), "PromotionAlreadyRedeemed", "The promotion was already redeemed"),
    BenignAnswer(str(REDEEM_VOUCHER), "RewardVoucherAlreadyRedeemed", "The voucher was already redeemed"),
    BenignAnswer(str(REACTIVATE_VOUCHER), "RewardVoucherAlreadyActivated", "The voucher was already active"),
)


def is_already_done(error: EngageError) -> bool:
    """Whether Engage refused only because what was asked for is already so."""
    return isinstance(error, Conflict) and any(
        row.operation == error.operation and row.error_code == error.error_code for row in BENIGN_ANSWERS
    )
