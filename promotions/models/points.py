"""Accounts of points and their movements, as Engage listed them."""

from django.db import models

from contacts.models import Contact


class PointAccount(models.Model):
    """One account of a contact (snapshot), and how complete and how old our copy of its movements is."""

    engage_account_id = models.CharField(
        max_length=60, unique=True, help_text="Text: a GUID in v3, a number in v2."
    )
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="point_accounts")
    raw = models.TextField(help_text="JSON as Engage sent it; digits are kept.")
    position = models.PositiveIntegerField(default=0, help_text="Engage's order.")
    history_fetched_at = models.DateTimeField(null=True, blank=True)
    history_total = models.PositiveIntegerField(default=0, help_text="Movements that Engage counts.")

    class Meta:
        indexes = [models.Index(fields=["contact", "position"], name="points_of_contact")]

    def __str__(self) -> str:
        return f"point account {self.engage_account_id}"


class PointSnapshot(models.Model):
    """How old our copy of a contact's accounts is."""

    contact = models.OneToOneField(Contact, primary_key=True, on_delete=models.CASCADE, related_name="points")
    fetched_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"points of {self.contact_id}"


class PointTransaction(models.Model):
    """One movement of points (snapshot)."""

    account = models.ForeignKey(PointAccount, on_delete=models.CASCADE, related_name="transactions")
    engage_transaction_id = models.CharField(max_length=60)
    transaction_date = models.DateTimeField(null=True, blank=True)
    raw = models.TextField(help_text="JSON as Engage sent it; digits are kept.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "engage_transaction_id"], name="promotions_point_transaction_once"
            )
        ]
        indexes = [
            models.Index(fields=["account", "-transaction_date", "-id"], name="points_transaction_newest")
        ]

    def __str__(self) -> str:
        return f"point transaction {self.engage_transaction_id}"
