"""Many contacts in one call of ours: kept at once, split into items afterwards."""

from uuid import uuid4

from django.db import models

from contacts.models.contact import Contact
from engage_portal.core import clock


class Batch(models.Model):
    """One `POST` or `PATCH /api/v3/contacts/bulk` of a till or a shop."""

    class Verb(models.TextChoices):
        """What its rows want."""

        CREATE = "create", "Create"
        UPDATE = "update", "Update"

    id = models.UUIDField(primary_key=True, default=uuid4)
    verb = models.CharField(max_length=6, choices=Verb.choices)
    contact_type = models.CharField(max_length=40)
    key_name = models.CharField(max_length=150, help_text="The key that sent it, and may ask for it.")
    store = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=60, blank=True)
    total = models.PositiveIntegerField()
    position = models.PositiveIntegerField(default=0, help_text="Rows that are split.")
    created_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(default=clock.now, help_text="When the people in it were asked.")
    finished_at = models.DateTimeField(null=True, blank=True, help_text="When all rows were split.")

    class Meta:
        verbose_name_plural = "batches"
        indexes = [
            models.Index(
                fields=["created_at"],
                name="contacts_batch_open",
                condition=models.Q(finished_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"batch {self.id}"


class BatchRow(models.Model):
    """One row: its data until it is split, then the contact and the item that came of it, or why none did."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(help_text="From 0, as in the array.")
    body = models.JSONField(null=True, help_text="Personal; gone once the row is split.")
    contact = models.ForeignKey(Contact, null=True, on_delete=models.SET_NULL)
    item_id = models.BigIntegerField(null=True, help_text="Null where there was nothing to send.")
    error_code = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=300, blank=True, help_text="Masked.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="contacts_batch_row_once")]

    def __str__(self) -> str:
        return f"row {self.number} of {self.batch_id}"
