"""Files instead of calls."""

from django.apps import AppConfig


class FallbackConfig(AppConfig):
    """The files that are made here for Engage."""

    name = "engage_portal.fallback"
    label = "fallback"
    verbose_name = "Files"
