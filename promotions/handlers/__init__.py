"""How uses of promotions and vouchers reach Engage: one module per kind of item."""

from engage_portal.outbox.registry import register
from promotions.handlers.promotion_redeem import PromotionRedeem
from promotions.handlers.voucher_reactivate import VoucherReactivate
from promotions.handlers.voucher_redeem import VoucherRedeem

for _handler in (PromotionRedeem(), VoucherRedeem(), VoucherReactivate()):
    register(_handler)
