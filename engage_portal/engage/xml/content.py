"""What goes into an import file."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from engage_portal.engage.payloads import Receipt

MOST_LINES = 20_000
"""Contacts, lines of receipts, or redemptions in a file.

[developer.voyado.com/docs/file-based-transfer/historical-data/importing-historical-transactions]
"""


class FileType(StrEnum):
    """The imports that there are."""

    CONTACTS = "contacts"
    TRANSACTIONS = "transactions"
    REDEEMED_PROMOTIONS = "redeemedPromotions"


class ContactRecord(NamedTuple):
    """What Engage is to know of a contact; what is not named it keeps."""

    contact_type: str
    """The type's handle, such as Member."""
    fields: Mapping[str, str]
    """By Engage's flat names, `contactId` among them; an empty text clears the field."""


class RedemptionRecord(NamedTuple):
    """A promotion that somebody used."""

    coupon_id: str
    """The assignment's id, never the template's."""
    redemption_channel: str
    """POS, ECOM or OTHER."""
    redeemed_at: str
    """ISO 8601 with an offset."""
    promotion_id: str | None = None
    external_promotion_id: str | None = None
    contact_id: str | None = None
    contact_key: str | None = None
    contact_type: str | None = None
    store_id: str | None = None
    store_type: str | None = None
    """RETAIL or ECOM."""


AnyRecord = ContactRecord | Receipt | RedemptionRecord


class Written(NamedTuple):
    """What a file has become."""

    records: int
    lines: int
    """What counts against `MOST_LINES`."""
    size: int
    """Bytes."""
    digest: str
    """SHA-256, hexadecimal."""


def lines_of(record: AnyRecord) -> int:
    """What a record counts against `MOST_LINES`: a receipt as many as it has lines, any other one."""
    return len(record.items) if isinstance(record, Receipt) else 1
