"""Promotion assignments (one contact's right to a promotion) and redemptions (its use)."""

from uuid import uuid4

from django.db import models

from contacts.models import Contact
from engage_portal.core import clock


class Assignment(models.Model):
    """One contact's right to a promotion, as Engage listed it (snapshot). `id` is what is redeemed."""

    id = models.UUIDField(
        primary_key=True, help_text="Engage's assignment id, never the template's promotionId."
    )
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="assignments")
    promotion_id = models.UUIDField(
        null=True,
        blank=True,
        db_index=True,
        help_text="The template, which everybody shares: never redeemed.",
    )
    redeemed = models.BooleanField(default=False)
    valid_from = models.DateTimeField(null=True, blank=True)
    expires_on = models.DateTimeField(null=True, blank=True)
    raw = models.TextField(help_text="JSON as Engage sent it; digits are kept.")
    position = models.PositiveIntegerField(default=0, help_text="Engage's order.")
    as_of = models.DateTimeField(
        null=True, blank=True,
        help_text="The moment of Engage's that this shows: a question left, an export was made.",
    )  # fmt: skip

    class Meta:
        indexes = [models.Index(fields=["contact", "position"], name="promotions_of_contact")]

    def __str__(self) -> str:
        return f"assignment {self.id}"


class AssignmentSnapshot(models.Model):
    """How old our copy of a contact's assignments is."""

    contact = models.OneToOneField(Contact, primary_key=True, on_delete=models.CASCADE, related_name="offers")
    fetched_at = models.DateTimeField()
    as_of = models.DateTimeField(null=True, blank=True, help_text="When the question left.")

    def __str__(self) -> str:
        return f"offers of {self.contact_id}"


class Withdrawal(models.Model):
    """An assignment that an export called deleted, so that an older file does not bring it back. Nobody's any more."""

    assignment_id = models.UUIDField(primary_key=True)
    as_of = models.DateTimeField(db_index=True, help_text="When the export was made.")

    def __str__(self) -> str:
        return f"withdrawal of {self.assignment_id}"


class Redemption(models.Model):
    """The use of one assignment, accepted here. One per assignment: the row is the lock against a second use.

    It counts whatever a later list or export says. Engage documents no way to take a redemption back
    [developer.voyado.com/en/promotions/redeem-a-promotion], so one that has the offer as unused again is sooner late
    than right, and an offer given twice is the store's loss, where customer service can assign another one. What was
    used elsewhere is no redemption of ours: there Engage's word counts, whatever it says next.
    """

    id = models.UUIDField(primary_key=True, default=uuid4)
    assignment_id = models.UUIDField(unique=True)
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="redemptions"
    )
    channel = models.CharField(max_length=10)
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
        help_text="What it took off, where that is an amount.",
    )
    currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    accepted_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["accepted_at"], name="redemptions_of_a_day")]

    def __str__(self) -> str:
        return f"redemption of {self.assignment_id}"
