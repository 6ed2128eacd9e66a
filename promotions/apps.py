"""Promotions: the right to an offer, and using it."""

from django.apps import AppConfig


class PromotionsConfig(AppConfig):
    """Registers how promotions reach Engage and how they are forgotten."""

    name = "promotions"

    def ready(self) -> None:
        """Fill the registries."""
        from contacts.importing.readers import register_reader
        from promotions import handlers, shredder  # noqa: F401 - they register themselves
        from promotions.importing.reader import PromotionsReader

        register_reader(PromotionsReader)
