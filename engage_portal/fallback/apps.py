"""Files instead of calls."""

from django.apps import AppConfig


class FallbackConfig(AppConfig):
    """Registers what the worker does about files, and what a forgotten contact takes with it."""

    name = "engage_portal.fallback"
    label = "fallback"
    verbose_name = "Files"

    def ready(self) -> None:
        """Fill the registries."""
        from engage_portal.fallback import shredder  # noqa: F401 - it registers itself
        from engage_portal.outbox.schedule import register_schedule

        register_schedule("spool files", "engage_portal.fallback.tasks.tend", minutes=1)
        register_schedule("spool purge", "engage_portal.fallback.tasks.purge", daily=True)
