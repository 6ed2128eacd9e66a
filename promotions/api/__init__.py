"""Promotions, points and vouchers in Engage's v3 language."""

from promotions.api.offers import PromotionAssignments, RedeemAssignment, ReleaseAssignment
from promotions.api.points import OnePointAccount, PointAccounts, PointTransactions
from promotions.api.vouchers import (
    AvailableVouchers,
    ReactivateVoucher,
    RedeemedVouchers,
    RedeemVoucher,
    RewardVouchers,
)

__all__ = [
    "AvailableVouchers",
    "OnePointAccount",
    "PointAccounts",
    "PointTransactions",
    "PromotionAssignments",
    "ReactivateVoucher",
    "RedeemAssignment",
    "RedeemVoucher",
    "RedeemedVouchers",
    "ReleaseAssignment",
    "RewardVouchers",
]
