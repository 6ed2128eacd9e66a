"""Which offers a store gives on trust while Engage is away, and which it gave."""

from django.db import models
from django.db.models import Q

from engage_portal.core import clock


class OfferKind(models.TextChoices):
    """How an offer's value is given, in Engage's own words."""

    PERCENT = "PERCENT", "Per cent off"
    MONEY = "MONEY", "Money off"
    CODE = "EXTERNALOFFER", "Code of the shop"
    MANUAL = "MANUAL", "By the cashier’s hand"
    SWIPE = "SWIPE", "Swiped at the till"


def every_kind() -> list[str]:
    """All kinds: a new rule forbids nothing by itself."""
    return list(OfferKind.values)


class TrustRule(models.Model):
    """What a store may give before Engage has heard of it. Written by staff; a store without any gives everything."""

    store = models.CharField(
        max_length=100, blank=True, unique=True, help_text="externalId; empty: every store without its own."
    )
    kinds = models.JSONField(default=every_kind, help_text="The kinds of offers that are given.")
    allows_unknown = models.BooleanField(default=False, help_text="Also offers that our copy has never seen.")
    most_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    most_money = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, help_text="Of both amounts of money.")
    oldest_hours = models.PositiveIntegerField(
        null=True, blank=True, help_text="How old our copy of the offers may be."
    )
    uses_a_day = models.PositiveIntegerField(null=True, blank=True)
    money_a_day = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    changed_by = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("store",)
        constraints = [
            models.CheckConstraint(
                name="promotions_trusted_money_has_a_currency",
                condition=Q(most_money__isnull=True, money_a_day__isnull=True) | ~Q(currency=""),
                violation_error_message="An amount of money needs a currency, such as SEK.",
            )
        ]

    def __str__(self) -> str:
        return f"trust in {self.store or 'every store'}"


class TrustedUse(models.Model):
    """A redemption that a till was promised before Engage had heard of it, and what Engage said later. Of nobody."""

    class Outcome(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", "Waiting"
        CONFIRMED = "confirmed", "Confirmed"
        REFUSED = "refused", "Refused"

    redemption_id = models.UUIDField(unique=True, help_text="Kept where the redemption itself is taken back.")
    store = models.CharField(max_length=100, blank=True)
    day = models.DateField(help_text="In the portal's zone.")
    kind = models.CharField(max_length=20, blank=True, help_text="Empty: our copy did not know the offer.")
    percent = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    money = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True)
    is_beyond = models.BooleanField(
        default=False,
        help_text="Against the rule: Engage may have taken it, so that it could not be refused.",
    )
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    accepted_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["day", "store"], name="promotions_trusted_of_a_day")]

    def __str__(self) -> str:
        return f"on trust {self.redemption_id}"
