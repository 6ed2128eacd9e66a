"""What was tried and what happened to an item. Append-only; texts are masked."""

from django.db import models

from engage_portal.core import clock
from engage_portal.outbox.models.items import Item
from engage_portal.outbox.states import Channel


class Outcome(models.TextChoices):
    """How one attempt ended."""

    DONE = "done", "Done"
    ALREADY_DONE = "already_done", "Was already done"
    FOUND = "found", "Found in Engage"
    NOT_FOUND = "not_found", "Not in Engage yet"
    TAKEN_IN = "taken_in", "Taken in"
    NO_ANSWER = "no_answer", "No answer"
    NOT_SENT = "not_sent", "Could not be sent"
    SLOW_DOWN = "slow_down", "Engage asked for a pause"
    REFUSED = "refused", "Refused"
    LEASE_LOST = "lease_lost", "Worker was lost"


class Attempt(models.Model):
    """One try to bring an item to Engage, or to find it there. Append-only."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="attempts")
    channel = models.CharField(max_length=4, choices=Channel.choices, default=Channel.API)
    batch_id = models.CharField(max_length=60, blank=True, help_text="Engage's id of a bulk call.")
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    operation = models.CharField(max_length=100, help_text="Method and path template.")
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=300, blank=True, help_text="Engage's words, masked.")

    class Meta:
        indexes = [models.Index(fields=["started_at"], name="outbox_attempt_started")]

    def __str__(self) -> str:
        return f"{self.operation} {self.outcome}"


class Event(models.Model):
    """What happened to an item and who did it. Append-only."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=clock.now)
    what = models.CharField(max_length=40)
    actor = models.CharField(
        max_length=150, default="portal", help_text="A staff user name, a key's name or portal."
    )
    detail = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.what
