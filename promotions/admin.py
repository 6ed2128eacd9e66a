"""Redemptions in Django's admin: to look, not to touch."""

from django.contrib import admin
from django.http import HttpRequest

from promotions.models import Redemption


@admin.register(Redemption)
class RedemptionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only."""

    list_display = ("assignment_id", "channel", "store", "api_key_name", "accepted_at")
    list_filter = ("channel", "store")
    fields = list_display
    readonly_fields = list_display

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Redemptions come from tills and shops."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Redemption | None = None) -> bool:
        """A redemption never changes."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Redemption | None = None) -> bool:
        """Deleting one would let the promotion be used twice."""
        return False
