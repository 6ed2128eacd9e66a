"""Contacts in Django's admin: to look, not to touch, and without personal data."""

from django.contrib import admin
from django.http import HttpRequest

from contacts.models import Contact


@admin.register(Contact)
class ContactAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only."""

    list_display = ("id", "engage_contact_id", "contact_type", "created_in_store", "fetched_at", "created_at")
    list_filter = ("contact_type",)
    fields = list_display
    readonly_fields = list_display

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Contacts come from Engage, tills and shops."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Contact | None = None) -> bool:
        """Changes go through the services."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Contact | None = None) -> bool:
        """Forgetting goes through the shredders."""
        return False
