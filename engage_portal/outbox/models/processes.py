"""What the processes share beside the queue: their pulse, their counters, their cache."""

from uuid import uuid4

from django.db import models

from engage_portal.core import clock


class Heartbeat(models.Model):
    """The pulse of one worker group; `manage.py worker` replaces a group whose pulse stopped."""

    supervisor = models.UUIDField(primary_key=True, default=uuid4)
    host = models.CharField(max_length=100)
    beat_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"worker on {self.host}"


class Tally(models.Model):
    """A counter of all processes together, for `/metrics`."""

    metric = models.CharField(max_length=60)
    labels = models.CharField(max_length=200, blank=True, help_text="name=value pairs, sorted.")
    value = models.FloatField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["metric", "labels"], name="outbox_tally_once")]

    def __str__(self) -> str:
        return f"{self.metric} {self.labels}"


class CacheEntry(models.Model):
    """Django's database cache, as a model so that `migrate` alone makes a complete database."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "outbox_cache"

    def __str__(self) -> str:
        return self.cache_key
