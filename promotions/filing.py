"""Redemptions as records of a file, for tenants who agreed on such a file with Voyado: its format is not public."""

from django.conf import settings
from django.utils.timezone import localtime

from contacts.models import KEY_FIELDS, Contact
from engage_portal.engage.xml import RedemptionRecord
from engage_portal.fallback.groups import REDEMPTIONS
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import FileRow
from promotions.models import Redemption


def filed(item: Item, redemption: Redemption) -> FileRow | None:
    """A redemption as a record; None where only the API can tell what becomes of it.

    So where an earlier one may have taken effect, and where nobody knows whose it is in Engage: it could not be read
    back.
    """
    contact = redemption.contact
    if item.was_in_doubt or contact is None or contact.engage_id is None:
        return None
    record = RedemptionRecord(
        coupon_id=str(redemption.assignment_id),
        redemption_channel=redemption.channel,
        redeemed_at=localtime(redemption.accepted_at).isoformat(timespec="seconds"),
        store_id=redemption.store or None,
        **_whose(contact.same_as or contact),
    )
    return FileRow(REDEMPTIONS, record)


def _whose(contact: Contact) -> dict[str, str | None]:
    return {
        "contact_id": str(contact.engage_id),
        "contact_key": getattr(contact, KEY_FIELDS[settings.ENGAGE_KEY]) or None,
        "contact_type": contact.contact_type,
    }
