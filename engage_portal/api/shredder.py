"""Forgetting a contact in the answers that are kept for `Idempotency-Key`."""

from uuid import UUID

from contacts.shredder import known_as
from engage_portal.api.models import IdempotentAnswer
from engage_portal.core.privacy import register_shredder


def shred_answers(contact_id: UUID) -> int:
    """Delete the answers that name one of the contact's ids. They are kept for a day, so few are there to be read."""
    ids = {
        str(guid).encode()
        for row in known_as(contact_id).values_list("pk", "engage_contact_id")
        for guid in row
        if guid
    }
    kept = IdempotentAnswer.objects.exclude(body=b"").values_list("pk", "body").iterator()
    naming = [pk for pk, body in kept if any(guid in bytes(body) for guid in ids)]
    removed, _ = IdempotentAnswer.objects.filter(pk__in=naming).delete()
    return removed


register_shredder("api.IdempotentAnswer", shred_answers)
