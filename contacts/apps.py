"""Contacts: look up, create, change, show."""

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    """Registers how contacts reach Engage and how they are forgotten."""

    name = "contacts"

    def ready(self) -> None:
        """Fill the registries; split bulk calls; follow Engage."""
        from django.conf import settings

        from contacts import handlers, shredder  # noqa: F401 - they register themselves
        from contacts.importing.members import ContactsReader
        from contacts.importing.readers import register_reader
        from engage_portal.outbox.schedule import register_schedule

        register_reader(ContactsReader)
        register_schedule("contacts consents", "contacts.tasks.read_consents", minutes=60, at_start=True)
        register_schedule("contacts split", "contacts.tasks.split_batches", minutes=1)
        if settings.ENGAGE_SYNC_MINUTES:
            register_schedule(
                "contacts follow",
                "contacts.following.tasks.follow_changes",
                minutes=settings.ENGAGE_SYNC_MINUTES,
            )
        register_schedule("contacts refresh", "contacts.following.tasks.refresh_noted", minutes=1)
        register_schedule("contacts exports", "contacts.tasks.read_exports", minutes=5)
