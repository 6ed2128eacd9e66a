"""Receipts in Django's admin: to look, not to touch; their bodies are not shown."""

from django.contrib import admin
from django.http import HttpRequest

from receipts.models import Receipt


@admin.register(Receipt)
class ReceiptAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only."""

    list_display = (
        "unique_receipt_id",
        "receipt_number",
        "store",
        "created_date",
        "total",
        "currency",
        "recorded_at",
    )
    list_filter = ("store",)
    search_fields = ("unique_receipt_id", "receipt_number")
    fields = list_display
    readonly_fields = list_display

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Receipts come from tills and shops."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Receipt | None = None) -> bool:
        """A recorded receipt never changes."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Receipt | None = None) -> bool:
        """No sale is lost."""
        return False
