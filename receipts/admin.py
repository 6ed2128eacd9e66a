"""In Django's admin: receipts, to look, not to touch (bodies are not shown); and how stores begin their receipts."""

from django.contrib import admin
from django.http import HttpRequest

from receipts.models import Receipt, Store


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


@admin.register(Store)
class StoreAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Engage's stores; only the prefix is written here. A store may be added before Engage has it."""

    list_display = ("external_id", "name", "prefix", "is_listed", "active")
    list_filter = ("is_listed", "active")
    search_fields = ("external_id", "name")
    fields = list_display

    def get_readonly_fields(self, _request: HttpRequest, obj: Store | None = None) -> tuple[str, ...]:
        """All that Engage says."""
        return ("name", "is_listed", "active", *(("external_id",) if obj else ()))

    def has_delete_permission(self, _request: HttpRequest, _obj: Store | None = None) -> bool:
        """Engage's list would bring it back, and a prefix can be emptied."""
        return False
