"""Every address of the portal."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from engage_portal.accounts.views import admin_sign_in

urlpatterns = [
    # REST API
    path("", include("engage_portal.api.urls")),
    # Pages
    path("", include("engage_portal.accounts.urls")),
    path("me/", include("contacts.urls")),
    path("me/", include("receipts.urls")),
    path("me/", include("promotions.urls")),
    path("staff/", include("engage_portal.staff.urls")),
    # Before the admin's own addresses: its sign-in is the staff's, with limits and second factor.
    path("admin/login/", admin_sign_in),
    path("admin/", admin.site.urls),
    # For pages of others, which do not name our icon.
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}img/favicon.svg")),
]
