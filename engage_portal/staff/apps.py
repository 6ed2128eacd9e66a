"""The staff's screens."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    """Dashboard and queue."""

    name = "engage_portal.staff"
    label = "staff"
