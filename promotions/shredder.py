"""Forgetting a contact's offers, vouchers and points."""

from uuid import UUID

from contacts.shredder import known_as
from engage_portal.core.privacy import register_shredder
from promotions.models import (
    Assignment,
    AssignmentSnapshot,
    PointAccount,
    PointSnapshot,
    Redemption,
    Voucher,
    VoucherSnapshot,
    VoucherUse,
)


def shred_offers(contact_id: UUID) -> int:
    """Delete the snapshot; redemptions stay as facts about an assignment, tied to nobody."""
    person = known_as(contact_id)
    removed, _ = Assignment.objects.filter(contact__in=person).delete()
    AssignmentSnapshot.objects.filter(contact__in=person).delete()
    return removed + Redemption.objects.filter(contact__in=person).update(contact=None)


def shred_vouchers(contact_id: UUID) -> int:
    """Delete the snapshot; uses stay as facts about a voucher, tied to nobody: they are locks."""
    person = known_as(contact_id)
    removed, _ = Voucher.objects.filter(contact__in=person).delete()
    VoucherSnapshot.objects.filter(contact__in=person).delete()
    return removed + VoucherUse.objects.filter(contact__in=person).update(contact=None)


def shred_points(contact_id: UUID) -> int:
    """Delete accounts with their movements."""
    person = known_as(contact_id)
    removed, _ = PointAccount.objects.filter(contact__in=person).delete()
    PointSnapshot.objects.filter(contact__in=person).delete()
    return removed


register_shredder("promotions.Assignment", shred_offers)
register_shredder("promotions.Voucher", shred_vouchers)
register_shredder("promotions.PointAccount", shred_points)
