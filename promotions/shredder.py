"""Forgetting a contact's offers."""

from uuid import UUID

from contacts.shredder import known_as
from engage_portal.core.privacy import register_shredder
from promotions.models import Assignment, AssignmentSnapshot, Redemption


def shred_offers(contact_id: UUID) -> int:
    """Delete the snapshot; redemptions stay as facts about an assignment, tied to nobody."""
    person = known_as(contact_id)
    removed, _ = Assignment.objects.filter(contact__in=person).delete()
    AssignmentSnapshot.objects.filter(contact__in=person).delete()
    return removed + Redemption.objects.filter(contact__in=person).update(contact=None)


register_shredder("promotions.Assignment", shred_offers)
