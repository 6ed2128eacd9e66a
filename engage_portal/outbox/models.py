"""The ledger's tables. Nothing personal is in them: an item points at its subject, texts are masked."""

from uuid import uuid4

from django.db import models
from django.db.models import F, Q

from engage_portal.core import clock
from engage_portal.outbox.states import CLAIMABLE, MOVING, OPEN, State


class Item(models.Model):
    """One fact that still has to reach Engage, or has reached it. A reference, never a payload."""

    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField(help_text="The row this is about; its model follows from the kind.")
    stream = models.CharField(
        max_length=80, help_text="Items of one stream go in order; one stream per contact."
    )
    fields = models.JSONField(default=list, help_text="Names of the changed fields, for updates.")
    reference = models.CharField(
        max_length=100, blank=True, help_text="What staff search for: a receipt's id, an assignment's id."
    )
    store = models.CharField(max_length=100, blank=True, help_text="externalId of the store it came from.")
    priority = models.PositiveSmallIntegerField(default=50, help_text="Lower goes first.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    not_before = models.DateTimeField(default=clock.now)
    first_due_at = models.DateTimeField(
        default=clock.now, help_text="From here the days until giving up count."
    )
    tries = models.PositiveIntegerField(
        default=0, help_text="Attempts since it was queued or last retried by hand."
    )
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    looks_first = models.BooleanField(
        default=False, help_text="An earlier request may have taken effect: look in Engage before sending."
    )
    was_in_doubt = models.BooleanField(
        default=False, help_text="At some time an answer was lost; then 'already done' means that we did it."
    )
    reason_code = models.CharField(
        max_length=60, blank=True, help_text="Engage's errorCode, or our own word."
    )
    reason = models.CharField(max_length=300, blank=True, help_text="Why it waits, masked.")
    created_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(
        null=True, blank=True, help_text="When it left the queue, however it did."
    )

    class Meta:
        permissions = [("retry_item", "Can send items again")]
        constraints = [
            models.CheckConstraint(name="outbox_item_state_is_known", condition=Q(state__in=State.values)),
            models.CheckConstraint(
                name="outbox_item_lease_only_while_sending",
                condition=Q(state=State.SENDING, lease_token__isnull=False, lease_until__isnull=False)
                | (~Q(state=State.SENDING) & Q(lease_token__isnull=True, lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="outbox_item_attention_has_a_reason", condition=~Q(state=State.ATTENTION) | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="outbox_item_open_xor_finished",
                condition=Q(state__in=OPEN, finished_at__isnull=True)
                | (~Q(state__in=OPEN) & Q(finished_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                F("priority"),
                F("not_before"),
                F("id"),
                name="outbox_item_due",
                condition=Q(state__in=CLAIMABLE),
            ),
            models.Index(fields=["stream", "id"], name="outbox_item_stream", condition=Q(state__in=OPEN)),
            models.Index(fields=["subject_id"], name="outbox_item_subject"),
            models.Index(fields=["lease_until"], name="outbox_item_lease", condition=Q(state=State.SENDING)),
            models.Index(fields=["created_at"], name="outbox_item_waiting", condition=Q(state__in=MOVING)),
            models.Index(fields=["state", "-id"], name="outbox_item_state_newest"),
            models.Index(fields=["finished_at"], name="outbox_item_finished"),
            models.Index(fields=["reference"], name="outbox_item_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether it has not reached Engage yet."""
        return self.state in OPEN

    @property
    def needs_attention(self) -> bool:
        """Whether a person must act."""
        return self.state == State.ATTENTION


class Outcome(models.TextChoices):
    """How one attempt ended."""

    DONE = "done", "Done"
    ALREADY_DONE = "already_done", "Was already done"
    FOUND = "found", "Found in Engage"
    NOT_FOUND = "not_found", "Not in Engage yet"
    NO_ANSWER = "no_answer", "No answer"
    NOT_SENT = "not_sent", "Could not be sent"
    SLOW_DOWN = "slow_down", "Engage asked for a pause"
    REFUSED = "refused", "Refused"
    LEASE_LOST = "lease_lost", "Worker was lost"


class Attempt(models.Model):
    """One try to bring an item to Engage, or to find it there. Append-only."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="attempts")
    channel = models.CharField(max_length=10, default="api")
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
        default=0, help_text="State of the rate limit (GCRA), in µs since 1970."
    )

    def __str__(self) -> str:
        return f"Engage {self.breaker_state}"


class Heartbeat(models.Model):
    """The pulse of one worker group; `manage.py worker` replaces a group whose pulse stopped."""

    supervisor = models.UUIDField(primary_key=True, default=uuid4)
    host = models.CharField(max_length=100)
    beat_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"worker on {self.host}"


class CacheEntry(models.Model):
    """Django's database cache, as a model so that `migrate` alone makes a complete database."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "outbox_cache"

    def __str__(self) -> str:
        return self.cache_key
