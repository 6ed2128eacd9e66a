"""What a contact may use: promotions, reward vouchers and points; and what was used."""

from promotions.models.offers import Assignment, AssignmentSnapshot, Redemption, Withdrawal
from promotions.models.open_offers import OpenOffer
from promotions.models.points import PointAccount, PointSnapshot, PointTransaction
from promotions.models.trust import OfferKind, TrustedUse, TrustRule
from promotions.models.vouchers import Voucher, VoucherSnapshot, VoucherUse

__all__ = [
    "Assignment",
    "AssignmentSnapshot",
    "OfferKind",
    "OpenOffer",
    "PointAccount",
    "PointSnapshot",
    "PointTransaction",
    "Redemption",
    "TrustRule",
    "TrustedUse",
    "Voucher",
    "VoucherSnapshot",
    "VoucherUse",
    "Withdrawal",
]
