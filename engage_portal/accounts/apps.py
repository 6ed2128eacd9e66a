"""Signing in."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Customers and staff; registers how a sign-in is forgotten."""

    name = "engage_portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Fill the registry of what must be forgotten with a person."""
        from engage_portal.accounts import shredder  # noqa: F401 - it registers itself
        from engage_portal.outbox.schedule import register_schedule

        register_schedule("forget sessions", "engage_portal.accounts.tasks.forget_sessions", daily=True)
