"""What still has to reach Engage, or has reached it: the items of the ledger."""

from django.db import models
from django.db.models import Case, F, Q, When

from engage_portal.core import clock
from engage_portal.outbox.states import CLAIMABLE, FINAL, MOVING, OPEN, Channel, State


class ItemQuerySet(models.QuerySet["Item"]):
    """The two questions that are asked all the time, put so that both databases answer them from a partial index."""

    def claimable(self) -> "ItemQuerySet":
        """Pending or in doubt."""
        return self.filter(is_claimable=True)

    def waiting_in(self, stream: str) -> "ItemQuerySet":
        """Pending in a stream, and not yet leased to anybody."""
        return self.filter(holds=True, stream=stream, state=State.PENDING)

    def moving_oldest_first(self) -> "ItemQuerySet":
        """On their way without anybody's help: all that is open but what needs a person."""
        return self.open().exclude(state=State.ATTENTION).order_by("created_at")

    def open(self) -> "ItemQuerySet":
        """Not yet in Engage, and not given up: exactly what has no `finished_at`."""
        return self.filter(finished_at__isnull=True)


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
    holds = models.BooleanField(
        default=True, help_text="Later items of the stream wait for it (`streams.holds_stream`)."
    )
    is_parked = models.BooleanField(
        default=False,
        help_text="It cannot go yet, because of an earlier item or a pause: the claim's index leaves it out.",
    )
    is_claimable = models.GeneratedField(
        expression=Case(When(state__in=CLAIMABLE, then=True), default=False),
        output_field=models.BooleanField(),
        db_persist=True,
        help_text="Pending or in doubt. SQLite uses a partial index only for a condition without parameters.",
    )
    channel = models.CharField(
        max_length=4, choices=Channel.choices, default=Channel.API, help_text="The way it goes, or went last."
    )
    avoids_bulk = models.BooleanField(
        default=False, help_text="A bulk call had no effect for it: it goes alone, so that Engage says why."
    )
    spool_file = models.UUIDField(null=True, blank=True, help_text="The file that owns it, or owned it last.")
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

    objects = ItemQuerySet.as_manager()

    class Meta:
        permissions = [
            ("retry_item", "Can send items again"),
            ("cancel_item", "Can cancel items"),
            ("pause_items", "Can pause and resume the queue"),
        ]
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
            models.CheckConstraint(
                name="outbox_item_in_doubt_is_looked_up",
                condition=~Q(state=State.IN_DOUBT) | Q(looks_first=True, was_in_doubt=True),
            ),
            models.CheckConstraint(
                name="outbox_item_sending_is_a_try", condition=~Q(state=State.SENDING) | Q(tries__gt=0)
            ),
            models.CheckConstraint(
                name="outbox_item_spooled_has_a_file",
                condition=~Q(state=State.SPOOLED) | Q(spool_file__isnull=False, channel=Channel.FILE),
            ),
            models.CheckConstraint(
                name="outbox_item_cancelled_has_a_reason", condition=~Q(state=State.CANCELLED) | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="outbox_item_parked_only_while_waiting",
                condition=Q(is_parked=False) | Q(state__in=CLAIMABLE),
            ),
            models.CheckConstraint(
                name="outbox_item_moving_holds_final_does_not",
                condition=Q(state__in=MOVING, holds=True)
                | Q(state__in=FINAL, holds=False)
                | Q(state__in=[State.ATTENTION, State.ACCEPTED]),
            ),
            models.CheckConstraint(
                name="outbox_item_channel_is_known", condition=Q(channel__in=Channel.values)
            ),
        ]
        indexes = [
            models.Index(
                F("priority"),
                F("not_before"),
                F("id"),
                name="outbox_item_due",
                condition=Q(is_claimable=True, is_parked=False),
            ),
            models.Index(fields=["stream", "id"], name="outbox_item_holds", condition=Q(holds=True)),
            models.Index(fields=["kind", "store"], name="outbox_item_parked", condition=Q(is_parked=True)),
            models.Index(
                fields=["priority", "not_before", "id"],
                name="outbox_item_accepted",
                condition=Q(state=State.ACCEPTED),
            ),
            models.Index(
                fields=["spool_file", "id"], name="outbox_item_spooled", condition=Q(spool_file__isnull=False)
            ),
            models.Index(
                fields=["stream", "id"], name="outbox_item_stream", condition=Q(finished_at__isnull=True)
            ),
            models.Index(
                fields=["state", "kind"], name="outbox_item_open", condition=Q(finished_at__isnull=True)
            ),
            models.Index(fields=["subject_id"], name="outbox_item_subject"),
            models.Index(fields=["lease_until"], name="outbox_item_lease", condition=Q(state=State.SENDING)),
            models.Index(
                fields=["created_at"], name="outbox_item_waiting", condition=Q(finished_at__isnull=True)
            ),
            models.Index(fields=["state", "-id"], name="outbox_item_state_newest"),
            models.Index(
                fields=["finished_at"], name="outbox_item_finished", condition=Q(finished_at__isnull=False)
            ),
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
