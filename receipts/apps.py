"""Receipts: what was bought, and telling Engage."""

from django.apps import AppConfig


class ReceiptsConfig(AppConfig):
    """Registers how receipts reach Engage and how they are forgotten."""

    name = "receipts"

    def ready(self) -> None:
        """Fill the registries."""
        from receipts import handlers, shredder  # noqa: F401 - they register themselves
