"""The client of Voyado Engage: the only package that imports httpx. No Django in here."""

from engage_portal.engage.answers import Consent, ConsentDefinition, Contact, Page, Store, Transaction
from engage_portal.engage.benign import BENIGN_ANSWERS, BenignAnswer, is_already_done
from engage_portal.engage.client import EngageClient
from engage_portal.engage.config import EngageConfig
from engage_portal.engage.contact_calls import BULK_LIMIT, ChangeType, Identifier, IdentifierKind
from engage_portal.engage.errors import (
    AuthFailed,
    Conflict,
    EngageError,
    FieldError,
    Misconfigured,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
)
from engage_portal.engage.loyalty import (
    Money,
    PointAccount,
    PointTransaction,
    PromotionAssignment,
    RedemptionChannel,
    RewardVoucher,
)
from engage_portal.engage.loyalty_calls import PointFilter, VoucherChoice
from engage_portal.engage.payloads import (
    Discount,
    ExtraData,
    PayloadError,
    PaymentMethod,
    Receipt,
    ReceiptContact,
    ReceiptItem,
    TaxDetail,
    UsedBonusCheck,
    UsedPromotion,
    decode_receipt,
    encode_receipt,
)

__all__ = [
    "BENIGN_ANSWERS",
    "BULK_LIMIT",
    "AuthFailed",
    "BenignAnswer",
    "ChangeType",
    "Conflict",
    "Consent",
    "ConsentDefinition",
    "Contact",
    "Discount",
    "EngageClient",
    "EngageConfig",
    "EngageError",
    "ExtraData",
    "FieldError",
    "Identifier",
    "IdentifierKind",
    "Misconfigured",
    "Money",
    "NotFound",
    "Page",
    "PayloadError",
    "PaymentMethod",
    "PointAccount",
    "PointFilter",
    "PointTransaction",
    "PromotionAssignment",
    "RateLimited",
    "Receipt",
    "ReceiptContact",
    "ReceiptItem",
    "RedemptionChannel",
    "Rejected",
    "RewardVoucher",
    "Store",
    "TaxDetail",
    "Transaction",
    "Unavailable",
    "UsedBonusCheck",
    "UsedPromotion",
    "VoucherChoice",
    "decode_receipt",
    "encode_receipt",
    "is_already_done",
]
