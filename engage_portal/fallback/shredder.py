"""Forgetting a contact: a file that has not left is written anew without what is personal about them."""

from uuid import UUID

from django.db.models import QuerySet

from engage_portal.core.privacy import register_shredder
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool.withdrawing import withdraw
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State


def shred_spool_files(contact_id: UUID) -> int:
    """Withdraw the files that hold something of this contact, and could still be. Returns how many; may run twice."""
    return withdraw_files_of(Item.objects.filter(stream=f"contact:{contact_id}"))


def withdraw_files_of(items: QuerySet[Item]) -> int:
    """Withdraw the files that hold some of these items, as above: for whoever knows better what is about somebody."""
    inside = items.filter(state=State.SPOOLED, finished_at__isnull=True)
    files = SpoolFile.objects.filter(key__in=inside.values("spool_file"))
    return sum(
        withdraw(file, by="portal", reason="Somebody in it was forgotten.", is_urgent=True) for file in files
    )


register_shredder("spool files", shred_spool_files)
