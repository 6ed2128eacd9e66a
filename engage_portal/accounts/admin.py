"""Staff sign-ins in Django's admin, for superusers. Customers are not listed: they come from the loyalty programme."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from engage_portal.accounts.models import User


class _SuperusersOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Whoever may change sign-ins may become anybody, so single permissions do not open these screens."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Listed for superusers."""
        return self._is_allowed(request)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        """Seen by superusers."""
        return self._is_allowed(request)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        """Changed by superusers."""
        return self._is_allowed(request)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        """Added by superusers."""
        return self._is_allowed(request)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        """Deleted by superusers."""
        return self._is_allowed(request)

    @staticmethod
    def _is_allowed(request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)


@admin.register(User)
class StaffAdmin(_SuperusersOnly, UserAdmin):  # type: ignore[type-arg]
    """Name, password, permissions. A new sign-in is staff at once."""

    list_display = ("username", "first_name", "last_name", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser", "groups")
    search_fields = ("username", "first_name", "last_name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Staff only: neither customers nor the users behind API keys."""
        return super().get_queryset(request).filter(is_staff=True)

    def save_model(self, request: HttpRequest, obj: User, form: object, change: bool) -> None:  # noqa: FBT001
        """Save a sign-in; what is added here is staff."""
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)


admin.site.unregister(EmailAddress)  # Customers' addresses follow the loyalty programme.
admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class SecondFactorAdmin(_SuperusersOnly):
    """To switch off the app of somebody who lost their phone. Its secret is never shown."""

    list_display = ("user", "type", "created_at", "last_used_at")
    fields = readonly_fields = list_display

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Set up by its owner only."""
        del request, obj
        return False
