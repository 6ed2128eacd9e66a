"""Reward vouchers as Engage listed them, and their uses."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from contacts.models import Contact
from engage_portal.core import clock


class Voucher(models.Model):
    """One reward voucher of a contact, as Engage knows it (snapshot). What was used here stands in `VoucherUse`."""

    id = models.UUIDField(primary_key=True, help_text="Engage's id, which is redeemed; not the number on it.")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="vouchers")
    redeemed = models.BooleanField(default=False)
    redeemed_on = models.DateTimeField(null=True, blank=True)
    valid_from = models.DateTimeField(null=True, blank=True)
    expires_on = models.DateTimeField(null=True, blank=True)
    raw = models.TextField(help_text="JSON as Engage sent it; digits are kept.")
    position = models.PositiveIntegerField(default=0, help_text="Engage's order.")

    class Meta:
        indexes = [models.Index(fields=["contact", "position"], name="vouchers_of_contact")]

    def __str__(self) -> str:
        return f"voucher {self.id}"


class VoucherSnapshot(models.Model):
    """How old our copy of a contact's vouchers is."""

    contact = models.OneToOneField(
        Contact, primary_key=True, on_delete=models.CASCADE, related_name="voucher_list"
    )
    fetched_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"vouchers of {self.contact_id}"


class VoucherUse(models.Model):
    """One use of a voucher. While it is not released it is the lock against a second one, on every till."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    voucher_id = models.UUIDField()
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="voucher_uses"
    )
    is_ours = models.BooleanField(
        default=True, help_text="No: made elsewhere, and known only because it was taken back here."
    )
    store = models.CharField(max_length=100, blank=True)
    api_key_name = models.CharField(max_length=80, blank=True)
    request_key = models.CharField(
        max_length=64,
        blank=True,
        help_text="Hash of its caller's Idempotency-Key: their repeated request is this use.",
    )
    money = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="What it was worth, where our copy knew.",
    )
    currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    accepted_at = models.DateTimeField(default=clock.now)
    released_at = models.DateTimeField(
        null=True, blank=True, help_text="When its reactivation was accepted: from then on, usable again."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["voucher_id"],
                name="promotions_voucher_used_once",
                condition=Q(released_at__isnull=True),
            )
        ]
        indexes = [
            models.Index(fields=["voucher_id", "-accepted_at"], name="voucher_uses_newest"),
            models.Index(fields=["accepted_at"], name="voucher_uses_of_a_day"),
        ]

    def __str__(self) -> str:
        return f"use of voucher {self.voucher_id}"
