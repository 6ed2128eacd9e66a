"""Our copy of a contact: what Engage told us, and what changed here and is still on its way."""

from typing import Any
from uuid import UUID, uuid4

from django.db import models

from contacts.flat import nested
from engage_portal.core import clock

KEY_FIELDS = {
    "email": "email",
    "mobilePhone": "mobile_phone",
    "socialSecurityNumber": "social_security_number",
    "memberNumber": "member_number",
    "externalId": "external_id",
}
"""Engage's names of what identifies a contact → our columns."""


class Contact(models.Model):
    """One person in the loyalty programme, or somebody who signed up while Engage was away.

    `id` is the GUID given out to callers and stays valid for ever. For somebody first seen in Engage it is Engage's
    own; for somebody born here `engage_contact_id` is filled in once Engage has answered.
    """

    id = models.UUIDField(primary_key=True, default=uuid4)
    engage_contact_id = models.UUIDField(null=True, blank=True, unique=True)
    contact_type = models.CharField(max_length=40, default="Member")
    email = models.CharField(max_length=254, blank=True, help_text="Trimmed and in lower case.")
    mobile_phone = models.CharField(max_length=20, blank=True, help_text="E.164.")
    social_security_number = models.CharField(max_length=20, blank=True)
    member_number = models.CharField(max_length=40, blank=True)
    external_id = models.CharField(max_length=60, blank=True)
    snapshot = models.JSONField(
        default=dict, help_text="What Engage last answered, flat (`contacts/flat.py`)."
    )
    changes = models.JSONField(default=dict, help_text="Changed here and not yet in Engage, flat.")
    fetched_at = models.DateTimeField(
        null=True, blank=True, help_text="When the whole of `snapshot` came from Engage."
    )
    as_of = models.DateTimeField(
        null=True, blank=True,
        help_text="The moment of Engage's that `snapshot` shows: a question left, an export was made.",
    )  # fmt: skip
    deleted_at = models.DateTimeField(
        null=True, blank=True, help_text="Deleted in Engage. Nothing personal is left; the ids stay taken."
    )
    same_as = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="also_known_as",
        help_text="Set when somebody born here turned out to be a contact that we knew already.",
    )  # fmt: skip
    source = models.CharField(max_length=60, blank=True, help_text="Engage's `source` at creation.")
    created_in_store = models.CharField(max_length=100, blank=True)
    created_as_unapproved = models.BooleanField(default=False)
    filed_at = models.DateTimeField(
        null=True, blank=True, help_text="When Engage picked up the last file with something about them."
    )
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            # Two tills that sign up the same person while Engage is away: the second one is told so.
            models.UniqueConstraint(
                fields=["contact_type", column],
                name=f"contacts_born_once_{column}"[:60],
                condition=models.Q(engage_contact_id__isnull=True, same_as__isnull=True)
                & ~models.Q(**{column: ""}),
            )
            for column in KEY_FIELDS.values()
        ]
        # Not partial: SQLite does not use such an index for a value that it is given as a parameter.
        indexes = [
            models.Index(fields=[column], name=f"contacts_{column}"[:30]) for column in KEY_FIELDS.values()
        ]

    def __str__(self) -> str:
        return f"contact {self.id}"

    @property
    def data(self) -> dict[str, Any]:
        """The contact as its owner sees it: Engage's answer with the changes made here on top, by Engage's names."""
        return nested({**self.snapshot, **self.changes})

    @property
    def name(self) -> str:
        """First and last name, or the e-mail address where there is no name."""
        data = self.data
        return " ".join(str(data[key]) for key in ("firstName", "lastName") if data.get(key)) or self.email

    @property
    def engage_id(self) -> UUID | None:
        """Engage's own GUID, None for somebody Engage does not know yet."""
        return self.same_as.engage_contact_id if self.same_as else self.engage_contact_id

    @property
    def is_whole(self) -> bool:
        """Whether what is missing from our copy is missing in Engage too: it was fetched, or was born here."""
        return self.fetched_at is not None or (self.engage_contact_id is None and not self.snapshot)

    @property
    def public_id(self) -> str:
        """The id that callers are given: Engage's where there is one, else ours, which stays valid."""
        return str(self.engage_id or self.id)

    @property
    def stream(self) -> str:
        """The outbox stream of everything that is about this contact."""
        return f"contact:{self.same_as_id or self.id}"


class OwnNumber(models.Model):
    """The number series of people born here: a number is used once, whatever becomes of its owner.

    The primary key is the number. Both databases give it out without a lock that others wait for, and never again
    (PostgreSQL's sequence, SQLite's AUTOINCREMENT).
    """

    number = models.BigAutoField(primary_key=True)
    contact_id = models.UUIDField()

    def __str__(self) -> str:
        return str(self.number)
