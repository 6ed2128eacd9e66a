"""Whom an item of the queue is about."""

from uuid import UUID

from contacts.models import Contact
from contacts.selectors import contact_by_id
from engage_portal.core.ids import parse_guid
from engage_portal.outbox.models import Item
from promotions.models import Redemption, VoucherUse


def contact_about(item: Item) -> UUID | None:
    """Our id of the contact that an item is about; None where nobody here is known to be it."""
    kind, _, guid = item.stream.partition(":")
    named = parse_guid(guid) if kind == "contact" else None
    if item.kind.startswith("contact."):
        named = item.subject_id
    if named is not None:
        contact = contact_by_id(named)
        return contact.pk if contact else None
    for uses in (Redemption, VoucherUse):
        used: Contact | None = next(
            (use.contact for use in uses.objects.select_related("contact").filter(pk=item.subject_id)), None
        )
        if used is not None:
            return used.same_as_id or used.pk
    return None
