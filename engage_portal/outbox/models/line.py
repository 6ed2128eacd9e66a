"""The one line to Engage: breaker and pace."""

from django.db import models


class EngageLine(models.Model):
    """The shared state of the one line to Engage: breaker and pace. One row, known to all processes."""

    key = models.CharField(max_length=20, primary_key=True, default="default")
    breaker_state = models.CharField(max_length=10, default="closed")
    failures = models.PositiveIntegerField(default=0)
    successes = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True, blank=True, help_text="When the breaker opened last.")
    down_since = models.DateTimeField(null=True, blank=True, help_text="First failure of the present outage.")
    last_error = models.CharField(max_length=300, blank=True)
    last_answer_at = models.DateTimeField(null=True, blank=True)
    probe_until = models.DateTimeField(null=True, blank=True, help_text="Lease of the one who may try.")
    pace_tat = models.BigIntegerField(
        default=0, help_text="State of the rate limit (GCRA), in ns since 1970."
    )

    def __str__(self) -> str:
        return f"Engage {self.breaker_state}"
