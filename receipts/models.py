"""Receipts as the tills sent them, and purchases as Engage lists them."""

from uuid import uuid4

from django.db import models

from contacts.models import Contact
from engage_portal.core import clock


class Receipt(models.Model):
    """One finalised sale or return, kept until Engage has it. Never changed after it was recorded."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    unique_receipt_id = models.CharField(max_length=100, unique=True)
    receipt_number = models.CharField(max_length=100)
    store = models.CharField(max_length=100, help_text="storeExternalId")
    created_date = models.DateTimeField(help_text="When the sale happened, as the till says.")
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=18, decimal_places=4)
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="receipts"
    )
    match_contact_id = models.UUIDField(
        null=True, blank=True, help_text="The contact id that the till gave, also where it is unknown here."
    )
    is_guest = models.BooleanField(
        default=False, help_text="Sold to nobody in the programme: counted here, never sent to Engage."
    )
    body = models.TextField(help_text="Canonical JSON as it was accepted; digits of money are kept.")
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of `body`.")
    recorded_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index(fields=["contact", "-created_date"], name="receipts_of_contact"),
            models.Index(fields=["created_date", "store"], name="receipts_of_day"),
            models.Index(
                fields=["match_contact_id"],
                name="receipts_of_unknown",
                condition=models.Q(contact__isnull=True, match_contact_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"receipt {self.unique_receipt_id}"


class Clash(models.Model):
    """Two receipts that came under one `uniqueReceiptId`: two tills with overlapping numbers lose sales silently.

    The first is kept; the second was refused, and the till told so. A repetition is counted, not listed again.
    """

    receipt = models.ForeignKey(Receipt, on_delete=models.CASCADE, related_name="clashes")
    store = models.CharField(max_length=100, help_text="Of the receipt that was refused.")
    created_date = models.DateTimeField(help_text="When the refused sale happened, as its till says.")
    total = models.DecimalField(max_digits=18, decimal_places=4)
    currency = models.CharField(max_length=3)
    content_hash = models.CharField(max_length=64)
    api_key_name = models.CharField(max_length=80, help_text="The till that sent it.")
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(default=clock.now)
    last_at = models.DateTimeField(default=clock.now)
    seen_by = models.CharField(max_length=150, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "clashes"
        constraints = [
            models.UniqueConstraint(fields=["receipt", "content_hash"], name="receipts_clash_once")
        ]
        indexes = [
            models.Index(
                fields=["first_at"], name="receipts_clash_unseen", condition=models.Q(seen_at__isnull=True)
            )
        ]
        permissions = [("settle_clash", "Can mark clashes of receipts as dealt with")]

    def __str__(self) -> str:
        return f"clash over {self.receipt_id}"


class Transaction(models.Model):
    """One purchase or return from Engage's history of a contact (snapshot)."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="transactions")
    engage_transaction_id = models.CharField(max_length=60)
    unique_receipt_id = models.CharField(
        max_length=100, blank=True, help_text="Engage's externalId, where it says so."
    )
    created_date = models.DateTimeField(null=True, blank=True)
    raw = models.TextField(help_text="JSON as Engage sent it; digits are kept.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "engage_transaction_id"], name="receipts_transaction_once"
            )
        ]
        indexes = [
            models.Index(fields=["contact", "-created_date", "-id"], name="receipts_transaction_newest"),
            models.Index(fields=["unique_receipt_id"], name="receipts_transaction_receipt"),
        ]

    def __str__(self) -> str:
        return f"transaction {self.engage_transaction_id}"


class HistorySnapshot(models.Model):
    """How complete and how old our copy of a contact's history is."""

    contact = models.OneToOneField(
        Contact, primary_key=True, on_delete=models.CASCADE, related_name="history"
    )
    fetched_at = models.DateTimeField()
    total_count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"history of {self.contact_id}"
