"""What can be done with promotions, vouchers and points: bring our copy up to date, use, take back."""

from promotions.services.offers import offers_current, offers_store
from promotions.services.point_copy import accounts_current, history_current, history_page, points_current
from promotions.services.redeeming import (
    ALREADY_REDEEMED,
    CHANNELS,
    Redeemed,
    assignment_redeem,
    redemption_release,
)
from promotions.services.voucher_copy import vouchers_current, vouchers_store
from promotions.services.vouchers import Used, voucher_reactivate, voucher_redeem

__all__ = [
    "ALREADY_REDEEMED",
    "CHANNELS",
    "Redeemed",
    "Used",
    "accounts_current",
    "assignment_redeem",
    "history_current",
    "history_page",
    "offers_current",
    "offers_store",
    "points_current",
    "redemption_release",
    "voucher_reactivate",
    "voucher_redeem",
    "vouchers_current",
    "vouchers_store",
]
