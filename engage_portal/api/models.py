"""The keys of tills and shops, and what was already answered under an idempotency key."""

from django.db import models
from knox.models import AbstractAuthToken, AuthTokenManager

from engage_portal.core import clock


class ApiKey(AbstractAuthToken):
    """A key of one till or shop: hashed, named, bound to a store, revocable. Shown once, when it is made."""

    name = models.CharField(max_length=80, unique=True)
    store = models.CharField(
        max_length=100, blank=True, help_text="externalId; empty: may speak for every store."
    )
    may_delete_contacts = models.BooleanField(
        default=False, help_text="Deleting cannot be undone: a till does not need it."
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = AuthTokenManager()  # type: ignore[misc]

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return self.name


class IdempotentAnswer(models.Model):
    """One answer given under an `Idempotency-Key`; the same key gets the same answer for a day."""

    api_key_name = models.CharField(max_length=80)
    key_hash = models.CharField(max_length=64)
    request_hash = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    status = models.PositiveSmallIntegerField(
        null=True, help_text="Empty while the first call is still at work."
    )
    body = models.BinaryField(default=bytes)
    location = models.CharField(max_length=200, blank=True, help_text="Where to look at what was queued.")
    created_at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["api_key_name", "key_hash"], name="api_answer_once_per_key")
        ]

    def __str__(self) -> str:
        return f"{self.api_key_name} {self.key_hash[:8]}"
