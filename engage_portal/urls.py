"""Every address of the portal."""

from django.contrib import admin
from django.urls import include, path

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
]
