"""Who stopped the queue or a part of it, and why."""

from django.db import models
from django.db.models import Q

from engage_portal.core import clock


class Pause(models.Model):
    """Somebody stopped the queue, or a part of it. Kept after it ended: who, why, from when to when."""

    kind = models.CharField(max_length=40, blank=True, help_text="Empty: every kind.")
    store = models.CharField(max_length=100, blank=True, help_text="Empty: every store.")
    reason = models.CharField(max_length=300)
    started_by = models.CharField(max_length=150)
    started_at = models.DateTimeField(default=clock.now)
    ended_by = models.CharField(max_length=150, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "store"], name="outbox_pause_once", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(name="outbox_pause_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="outbox_pause_ended_by_somebody",
                condition=Q(ended_at__isnull=True, ended_by="")
                | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
            ),
        ]

    def __str__(self) -> str:
        return f"pause of {self.kind or 'everything'}{f' in store {self.store}' if self.store else ''}"
