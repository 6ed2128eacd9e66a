"""Forgetting a contact's offers."""

from uuid import UUID

from engage_portal.core.privacy import register_shredder
from promotions.models import Assignment, AssignmentSnapshot, Redemption


def shred_offers(contact_id: UUID) -> int:
    """Delete the snapshot; redemptions stay as facts about an assignment, tied to nobody."""
    removed, _ = Assignment.objects.filter(contact_id=contact_id).delete()
    AssignmentSnapshot.objects.filter(contact_id=contact_id).delete()
    return removed + Redemption.objects.filter(contact_id=contact_id).update(contact=None)


register_shredder("promotions.Assignment", shred_offers)
