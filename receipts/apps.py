"""Receipts: what was bought, and telling Engage."""

from django.apps import AppConfig


class ReceiptsConfig(AppConfig):
    """Registers how receipts reach Engage and how they are forgotten."""

    name = "receipts"

    def ready(self) -> None:
        """Fill the registries; read Engage's stores."""
        from engage_portal.outbox.schedule import register_schedule
        from receipts import handlers, shredder  # noqa: F401 - they register themselves

        register_schedule("receipts stores", "receipts.tasks.read_stores", minutes=1, at_start=True)
