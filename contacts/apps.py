"""Contacts: look up, create, change, show."""

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    """Registers how contacts reach Engage and how they are forgotten."""

    name = "contacts"

    def ready(self) -> None:
        """Fill the registries and the schedule."""
        from contacts import handlers, shredder  # noqa: F401 - they register themselves
        from engage_portal.outbox.schedule import register_schedule

        register_schedule("contacts split", "contacts.tasks.split_batches", minutes=1)
