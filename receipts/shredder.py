"""Forgetting what a contact bought."""

from uuid import UUID

from contacts.models import KEY_FIELDS
from contacts.shredder import known_as
from engage_portal.core.privacy import register_shredder
from engage_portal.fallback.shredder import withdraw_files_of
from engage_portal.outbox.models import Item
from receipts.models import HistorySnapshot, Receipt, Transaction
from receipts.services import POST
from receipts.tagging import receipts_naming, untagged


def shred_purchases(contact_id: UUID) -> int:
    """Delete the history; receipts stay as the store's own record, tied to nobody and naming nobody."""
    person = list(known_as(contact_id))
    removed, _ = Transaction.objects.filter(contact__in=person).delete()
    HistorySnapshot.objects.filter(contact__in=person).delete()
    keys = {str(getattr(row, column)) for row in person for column in KEY_FIELDS.values()}
    keys |= {str(guid) for row in person for guid in (row.pk, row.engage_contact_id) if guid}
    types = {row.contact_type for row in person}
    found = {receipt.pk: receipt for receipt in Receipt.objects.filter(contact__in=person).iterator()}
    found |= {receipt.pk: receipt for receipt in receipts_naming(keys - {""}, contact_types=types)}
    for receipt in found.values():
        receipt.contact = receipt.match_contact_id = None
        receipt.body = untagged(receipt.body)
        receipt.save(update_fields=["contact", "match_contact_id", "body"])
    withdraw_files_of(Item.objects.filter(kind=POST, subject_id__in=found))
    return removed + len(found)


register_shredder("receipts.Receipt", shred_purchases)
