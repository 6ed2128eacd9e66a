"""Every address of the API. Engage's own paths come without a trailing slash, as Engage has them."""

from csp.decorators import csp_update
from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from contacts.api import (
    BulkContacts,
    BulkStatus,
    BulkStatusV2,
    Consents,
    Contacts,
    ContactType,
    CountContacts,
    FindContactId,
    OneContact,
)
from contacts.webhooks import EngageWebhook
from engage_portal.api.checkout import CheckoutView
from engage_portal.api.portal import (
    CancelOutboxItemView,
    NoSuchOperation,
    OutboxItemView,
    OutboxView,
    RetryOutboxItemView,
    StatusView,
)
from promotions.api import (
    AvailableVouchers,
    OnePointAccount,
    PointAccounts,
    PointTransactions,
    PromotionAssignments,
    ReactivateVoucher,
    RedeemAssignment,
    RedeemedVouchers,
    RedeemVoucher,
    ReleaseAssignment,
    RewardVouchers,
)
from receipts.api import Receipts, Stores, Transactions

_docs = csp_update({"style-src": ["'self'", "'unsafe-inline'"]})(
    SpectacularSwaggerSplitView.as_view(url_name="api-schema")
)

urlpatterns = [
    path("api/v2/contacts/count", CountContacts.as_view()),
    path("api/v3/contacts", Contacts.as_view()),
    path("api/v3/contacts/id", FindContactId.as_view()),
    path("api/v3/contacts/transactions", Transactions.as_view()),
    path("api/v3/contacts/bulk", BulkContacts.as_view()),
    path("api/v3/contacts/bulk/status", BulkStatus.as_view()),
    path("api/v2/contacts/bulk/status", BulkStatusV2.as_view()),
    path("api/v3/contacts/<str:contact_id>", OneContact.as_view()),
    path("api/v3/contacts/<str:contact_id>/updateContactType", ContactType.as_view()),
    path("api/v3/consents", Consents.as_view()),
    path("api/v3/promotion-assignments", PromotionAssignments.as_view()),
    path("api/v3/promotion-assignments/<str:assignment_id>/redeem", RedeemAssignment.as_view()),
    path("api/v3/point-accounts", PointAccounts.as_view()),
    path("api/v3/point-accounts/<str:account_id>", OnePointAccount.as_view()),
    path("api/v3/point-transactions", PointTransactions.as_view()),
    path("api/v3/reward-vouchers", RewardVouchers.as_view()),
    path("api/v3/reward-vouchers/available", AvailableVouchers.as_view()),
    path("api/v3/reward-vouchers/redeemed", RedeemedVouchers.as_view()),
    path("api/v3/reward-vouchers/<str:reward_voucher_id>/redeem", RedeemVoucher.as_view()),
    path("api/v3/reward-vouchers/<str:reward_voucher_id>/reactivate", ReactivateVoucher.as_view()),
    path("api/v3/receipts", Receipts.as_view()),
    path("api/v3/stores", Stores.as_view()),
    path("api/portal/v1/status", StatusView.as_view()),
    path("api/portal/v1/checkout", CheckoutView.as_view()),
    path("api/portal/v1/promotion-assignments/<str:assignment_id>/release", ReleaseAssignment.as_view()),
    path("api/portal/v1/outbox", OutboxView.as_view()),
    path("api/portal/v1/outbox/<int:pk>", OutboxItemView.as_view()),
    path("api/portal/v1/outbox/<int:pk>/retry", RetryOutboxItemView.as_view()),
    path("api/portal/v1/outbox/<int:pk>/cancel", CancelOutboxItemView.as_view()),
    path("api/portal/v1/webhooks/engage", EngageWebhook.as_view()),
    path("api/schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs", _docs, name="api-docs"),
    re_path(r"^api(?:/.*)?$", NoSuchOperation.as_view()),
]
