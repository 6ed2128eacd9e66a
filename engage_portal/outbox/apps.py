"""The offline queue."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Registers the minute's sweep after each migration."""

    name = "engage_portal.outbox"
    label = "outbox"
    verbose_name = "Offline queue"

    def ready(self) -> None:
        """Connect the schedule and the configuration checks."""
        from django.db.models.signals import post_migrate

        from engage_portal import checks  # noqa: F401 - registers itself
        from engage_portal.outbox.schedule import ensure_schedules

        post_migrate.connect(ensure_schedules, sender=self)
