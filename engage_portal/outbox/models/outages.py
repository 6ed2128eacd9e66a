"""When Engage was away, and what waited then."""

from django.db import models
from django.db.models import Q


class Outage(models.Model):
    """A time in which Engage did not answer. Kept after it ended, for as long as the items that waited in it."""

    class Cause(models.TextChoices):
        """What opened the breaker."""

        NO_ANSWER = "no_answer", "Engage did not answer"
        ERRORS = "errors", "Engage answered with errors of its own"
        KEY = "key", "Engage refused the portal’s key"
        SET_UP = "set_up", "Engage’s set-up is not complete"

    line = models.CharField(max_length=20, default="default", help_text="The key of the line that broke.")
    cause = models.CharField(max_length=10, choices=Cause.choices)
    error = models.CharField(
        max_length=300, blank=True, help_text="The error that opened the breaker, masked."
    )
    last_answer_at = models.DateTimeField(
        null=True, blank=True, help_text="When Engage was last known to answer."
    )
    began_at = models.DateTimeField(help_text="The first failure.")
    opened_at = models.DateTimeField(
        help_text="When the breaker opened: from here on Engage was only tested."
    )
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When Engage answered again.")
    returns = models.PositiveIntegerField(
        default=0, help_text="How often it had answered in between, for too short a time to be an end."
    )
    first_item = models.BigIntegerField(help_text="Number of the first item that was kept because of it.")
    last_item = models.BigIntegerField(
        null=True, blank=True, help_text="Number of the last item, at its end."
    )
    kept = models.JSONField(
        null=True, blank=True, help_text="Kind → how many items were kept; counted after its end."
    )
    emptied_at = models.DateTimeField(
        null=True, blank=True, help_text="When none of them was on its way any more."
    )

    class Meta:
        constraints = [
            # Two processes that open the breaker at once make one outage.
            models.UniqueConstraint(
                fields=["line"], name="outbox_outage_once", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                name="outbox_outage_ends_with_an_item",
                condition=Q(ended_at__isnull=True, last_item__isnull=True, emptied_at__isnull=True)
                | Q(ended_at__isnull=False, last_item__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["ended_at"], name="outbox_outage_ended"),
            models.Index(fields=["id"], name="outbox_outage_unsettled", condition=Q(emptied_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"outage {self.pk}"

    @property
    def is_running(self) -> bool:
        """Whether Engage is still away."""
        return self.ended_at is None
