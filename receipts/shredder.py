"""Forgetting what a contact bought."""

from uuid import UUID

from engage_portal.core.privacy import register_shredder
from receipts.models import HistorySnapshot, Receipt, Transaction


def shred_purchases(contact_id: UUID) -> int:
    """Delete the history; receipts stay as the store's own record, tied to nobody."""
    removed, _ = Transaction.objects.filter(contact_id=contact_id).delete()
    HistorySnapshot.objects.filter(contact_id=contact_id).delete()
    return removed + Receipt.objects.filter(contact_id=contact_id).update(contact=None)


register_shredder("receipts.Receipt", shred_purchases)
