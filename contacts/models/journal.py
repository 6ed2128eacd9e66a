"""What happened to a contact's copy, and who did it."""

from django.db import models

from contacts.models.contact import Contact
from engage_portal.core import clock


class Happened(models.TextChoices):
    """What a line of the journal says."""

    BORN = "born", "Signed up here"
    LINKED = "linked", "Linked to Engage"
    CHANGED = "changed", "Changed here"
    CORRECTED = "corrected", "Corrected by staff"
    CONFLICT = "conflict", "Changed in Engage too"
    OVERRULED = "overruled", "A later answer counts"
    KEY_MOVED = "key_moved", "Key belongs to another id now"
    DELETED = "deleted", "Deleted"
    RESTORED = "restored", "Restored in Engage"
    REFRESHED = "refreshed", "Refreshed by staff"
    REVEALED = "revealed", "Personal data shown to staff"


class ContactEvent(models.Model):
    """One line of a contact's journal. Append-only; only forgetting blanks the values."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="journal")
    at = models.DateTimeField(default=clock.now)
    what = models.CharField(max_length=12, choices=Happened.choices)
    actor = models.CharField(max_length=150, default="portal")
    field = models.CharField(max_length=130, blank=True, help_text="Flat name (`contacts/flat.py`).")
    old = models.JSONField(null=True, blank=True, help_text="Personal.")
    new = models.JSONField(null=True, blank=True, help_text="Personal.")
    detail = models.CharField(max_length=300, blank=True, help_text="Nothing personal.")

    class Meta:
        indexes = [models.Index(fields=["contact", "-at"], name="contacts_event_newest")]
        permissions = [
            ("correct_contact", "Can correct, refresh and link contacts"),
            ("reveal_contact", "Can see contacts' personal data"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.field}".strip()
