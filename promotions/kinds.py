"""The kinds of items that promotions, vouchers and points bring to the queue."""

REDEEM = "promotion.redeem"
VOUCHER_REDEEM = "voucher.redeem"
VOUCHER_REACTIVATE = "voucher.reactivate"
