"""Offers for everybody, shown only while Engage is away: the apology for those that cannot be."""

from django.db import models
from django.db.models import F, Q

from engage_portal.core import clock


class OpenOffer(models.Model):
    """What a till may give to anybody while members' own offers cannot be had. Written by staff."""

    heading = models.CharField(max_length=120, help_text="What the customer gets: 10 % off everything today.")
    description = models.TextField(blank=True, help_text="Conditions, for the cashier.")
    code = models.CharField(max_length=60, blank=True, help_text="What the till or shop calls it.")
    language = models.CharField(
        max_length=10, blank=True, help_text="sv, en; empty: shown whatever language a till asks for."
    )
    store = models.CharField(max_length=100, blank=True, help_text="externalId; empty: every store.")
    begins_at = models.DateTimeField(default=clock.now)
    ends_at = models.DateTimeField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0, help_text="Lower comes first.")

    class Meta:
        ordering = ("position", "pk")
        constraints = [
            models.CheckConstraint(
                name="promotions_open_offer_ends_after_it_begins",
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("begins_at")),
                violation_error_message="It has to end after it begins.",
            ),
        ]

    def __str__(self) -> str:
        return self.heading
