"""In Django's admin: what was used, to look, not to touch; and the open offers, which staff write."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from promotions.models import OpenOffer, Redemption, VoucherUse


class _ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Uses come from tills and shops, and their rows are locks: deleting one would let a thing be used twice."""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Uses come from tills and shops."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """A use is changed by the queue only."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Deleting one would let the promotion or the voucher be used twice."""
        return False


@admin.register(Redemption)
class RedemptionAdmin(_ReadOnly):
    """Read-only."""

    list_display = ("assignment_id", "channel", "store", "api_key_name", "accepted_at")
    list_filter = ("channel", "store")
    fields = list_display
    readonly_fields = list_display


@admin.register(VoucherUse)
class VoucherUseAdmin(_ReadOnly):
    """Read-only."""

    list_display = ("voucher_id", "store", "api_key_name", "accepted_at", "released_at", "is_ours")
    list_filter = ("store", "is_ours")
    fields = list_display
    readonly_fields = list_display


@admin.register(OpenOffer)
class OpenOfferAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What a till may give to anybody while Engage is away."""

    list_display = ("heading", "code", "language", "store", "begins_at", "ends_at", "position")
    list_filter = ("store", "language")
