"""What people answered when they were asked for a permission, and the words that they were shown."""

from django.db import models
from django.db.models import Q

from contacts.models.contact import Contact
from engage_portal.core import clock


class ConsentText(models.Model):
    """One version of a consent's words in one language, as Engage had them. Never changed, never deleted."""

    consent_id = models.CharField(max_length=100)
    language = models.CharField(max_length=20, help_text="As Engage writes it: sv-SE.")
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=300, blank=True)
    display_text = models.TextField(blank=True)
    condition_text = models.TextField(blank=True)
    link_text = models.TextField(blank=True)
    seen_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["consent_id", "language", "version"], name="contacts_consent_text_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.consent_id} {self.language} v{self.version}"


class Answer(models.Model):
    """One yes or no that a person gave, here. Append-only: what counts is the newest by `answered_at`."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="answers")
    name = models.CharField(max_length=130, help_text="preferences.acceptsEmail, consents.memberConsent.")
    value = models.BooleanField()
    answered_at = models.DateTimeField(help_text="When the person said it.")
    recorded_at = models.DateTimeField(default=clock.now)
    store = models.CharField(max_length=100, blank=True, help_text="externalId of the store.")
    channel = models.CharField(max_length=60, blank=True, help_text="Where: POS, ECOM, My Pages, staff.")
    text = models.ForeignKey(
        ConsentText, null=True, blank=True, on_delete=models.PROTECT, help_text="The words that were shown."
    )
    actor = models.CharField(max_length=150, help_text="A key's name, a staff user, or the member.")

    class Meta:
        indexes = [models.Index(fields=["contact", "name", "-answered_at"], name="contacts_answer_newest")]
        constraints = [
            models.CheckConstraint(name="contacts_answer_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return f"{self.name} {'yes' if self.value else 'no'}"
