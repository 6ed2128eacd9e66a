"""Receipts as the tills sent them, purchases as Engage lists them, and the stores that Engage knows."""

from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import models

from contacts.models import Contact
from engage_portal.core import clock


class Receipt(models.Model):
    """One finalised sale or return, kept until Engage has it. What was sold never changes."""

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
    content_hash = models.CharField(max_length=64, help_text="Of the content; see `sameness`.")
    recorded_at = models.DateTimeField(default=clock.now)
    given_up_at = models.DateTimeField(
        null=True, blank=True, help_text="When staff decided that it is not sent; the queue forgets it."
    )
    is_listed = models.BooleanField(default=False, help_text="Seen in Engage's history of the contact.")

    class Meta:
        indexes = [
            models.Index(
                fields=["contact", "-created_date", "-id"],
                name="receipts_not_listed",
                condition=models.Q(is_listed=False),
            ),
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
    is_one_sale = models.BooleanField(
        default=False, help_text="It looks like the kept sale, written differently: none is missing."
    )
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
    """One purchase or return from Engage's history of a contact (snapshot).

    `rank` says how many older ones Engage counts: a new sale moves no rank, while it moves every `offset`. It holds
    among rows of one `numbering`, and tells something only in the contact's present one.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="transactions")
    engage_transaction_id = models.CharField(max_length=60)
    unique_receipt_id = models.CharField(
        max_length=100, blank=True, help_text="Engage's externalId, where it says so."
    )
    created_date = models.DateTimeField(null=True, blank=True)
    is_return = models.BooleanField(default=False)
    numbering = models.PositiveIntegerField(default=0)
    rank = models.PositiveIntegerField(default=0)
    raw = models.TextField(help_text="JSON as Engage sent it; digits are kept.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "engage_transaction_id"], name="receipts_transaction_once"
            )
        ]
        indexes = [
            models.Index(fields=["contact", "-created_date", "-id"], name="receipts_transaction_newest"),
            models.Index(
                fields=["contact", "is_return", "-created_date", "-id"], name="receipts_transaction_kind"
            ),
            models.Index(fields=["contact", "numbering", "-rank"], name="receipts_transaction_rank"),
            models.Index(fields=["unique_receipt_id"], name="receipts_transaction_receipt"),
        ]

    def __str__(self) -> str:
        return f"transaction {self.engage_transaction_id}"


class HistorySnapshot(models.Model):
    """How complete and how old our copy of a contact's history is."""

    contact = models.OneToOneField(
        Contact, primary_key=True, on_delete=models.CASCADE, related_name="history"
    )
    fetched_at = models.DateTimeField(help_text="When the newest page came from Engage.")
    total_count = models.PositiveIntegerField(default=0, help_text="What Engage counted then.")
    newest_total = models.PositiveIntegerField(
        default=0, help_text="What Engage counted last, with any page: newer sales may not be kept yet."
    )
    numbering = models.PositiveIntegerField(
        default=0, help_text="Of the rows whose rank holds; the next one begins when ranks cannot be trusted."
    )
    kept_count = models.PositiveIntegerField(default=0, help_text="Rows of that numbering.")

    def __str__(self) -> str:
        return f"history of {self.contact_id}"

    @property
    def is_whole(self) -> bool:
        """Whether everything that Engage counts is kept."""
        return self.kept_count >= self.total_count


class Store(models.Model):
    """A store or web market: as Engage lists it (snapshot), and how staff want its receipts numbered.

    What Engage lists no more is kept, with what staff wrote: only `is_listed` goes.
    """

    external_id = models.CharField("store (externalId)", max_length=100, primary_key=True)
    name = models.CharField(max_length=300, blank=True)
    is_listed = models.BooleanField("in Engage", default=False, help_text="Engage's newest list has it.")
    active = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0, help_text="Its place in Engage's list.")
    raw = models.TextField(blank=True, help_text="JSON as Engage sent it.")
    prefix = models.CharField(
        "begins its receipts",
        max_length=40,
        blank=True,
        help_text="A uniqueReceiptId of this store has to begin with this, or its till hears of it; empty: any id. "
        "Set up the tills first.",
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["position"], name="receipts_store_listed", condition=models.Q(is_listed=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.external_id} {self.name}".strip()

    def clean(self) -> None:
        """No prefix may begin another one: their receipts could overlap again."""
        self.prefix = self.prefix.strip()
        if not self.prefix:
            return
        others = Store.objects.exclude(pk=self.pk).exclude(prefix="").only("prefix")
        for other in others.iterator():
            if self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix):
                raise ValidationError(
                    {"prefix": f"It overlaps with {other.prefix}, which store {other.pk} has."}
                )


class StoreList(models.Model):
    """How old our copy of Engage's stores is: one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    fetched_at = models.DateTimeField(null=True, blank=True, help_text="When Engage was asked for it.")
    count = models.PositiveIntegerField(default=0)
    wanted_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when something waits for a newer one."
    )

    def __str__(self) -> str:
        return f"{self.count} stores"
