"""What the example files in `tests/data/engage/xml` say, as the portal has it: Engage's JSON, and flat contacts."""

import io
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from lxml import etree

from engage_portal.engage import decode_receipt, payloads
from engage_portal.engage.xml import (
    DEFAULT_PROFILE,
    ContactRecord,
    FileType,
    RedemptionRecord,
    TenantProfile,
    Written,
    check_file,
    write_file,
)

EXAMPLES = Path(__file__).parents[1] / "data" / "engage" / "xml"
MAJA = "3F1C9A52-7D0E-4B7A-9C55-0A6B1D2E3F40"
CONTACTS, TRANSACTIONS, REDEEMED = FileType

NEW_PEOPLE = [
    ContactRecord(
        "Member",
        {
            "favouriteColour": "blue",
            "createdInStore": "9001",
            "birthDay": "1988-02-29",
            "firstName": "Maja",
            "lastName": "Öst & Lind",
            "street": "Kvarngatan 4 B",
            "zipCode": "118 47",
            "city": "Stockholm",
            "country": "Sweden",
            "email": "maja.ost@example.org",
            "mobilePhone": "+46700000113",
            "externalId": "WEB-700113",
        },
    ),
    ContactRecord("Member", {"externalId": "WEB-700114", "mobilePhone": "+358400000114"}),
]
ONE_FIELD = [ContactRecord("Member", {"contactId": MAJA, "city": "Göteborg"})]
OWN_FIELD = [ContactRecord("Member", {"contactId": MAJA, "lastQuizScore": "17"})]

_SALE: dict[str, Any] = {
    "contact": {"matchKey": "+46700000113", "matchKeyType": "mobilePhone", "contactType": "Member"},
    "uniqueReceiptId": "9001-20260412-000881",
    "receiptNumber": "881",
    "createdDate": "2026-04-12T09:12:44+02:00",
    "storeExternalId": "9001",
    "currency": "SEK",
    "exchangeRateToGroupCurrency": Decimal(1),
    "totalGrossPrice": Decimal("298.00"),
    "taxDetails": [
        {
            "description": "VAT 25",
            "value": Decimal("59.60"),
            "percent": Decimal(25),
            "totalIncludingTax": Decimal("298.00"),
            "totalExcludingTax": Decimal("238.40"),
        }
    ],
    "paymentMethods": [
        {
            "type": "card",
            "description": "Debit card",
            "value": Decimal("298.00"),
            "extraData": [{"name": "cardIssuer", "value": "Testbanken"}],
        }
    ],
    "items": [
        {
            "type": "PURCHASE",
            "quantity": 1,
            "grossPaidPrice": Decimal("213.00"),
            "taxAmount": Decimal("42.60"),
            "taxPercent": Decimal(25),
            "sku": "LAMP-01-GRN",
            "articleNumber": "LAMP-01",
            "articleName": 'Desk lamp "Ljus" <green>',
            "articleGroup": "Lamps",
            "extraData": [{"name": "campaign", "value": "spring"}],
            "awardsBonus": True,
            "discounts": [
                {"type": "77", "description": "Member price", "value": Decimal("-50.00")},
                {"type": "voucher", "description": None, "value": Decimal("-36.00")},
            ],
        },
        {
            "type": "PURCHASE",
            "quantity": 3,
            "grossPaidPrice": Decimal("85.00"),
            "taxAmount": Decimal("17.00"),
            "taxPercent": Decimal(25),
            "sku": "BULB-E27",
            "articleNumber": "BULB",
            "articleName": "Bulb E27",
            "discounts": [{"type": "voucher", "value": Decimal("-14.00")}],
        },
    ],
    "usedBonusChecks": [{"checkNumber": "0000000200417"}],
    "usedPromotions": [{"couponId": "5d1f7a60-4b0e-4f27-9d55-8f6c1b2a3d4e"}],
}
_RETURN: dict[str, Any] = {
    "contact": _SALE["contact"],
    "uniqueReceiptId": "9001-20260412-000902",
    "receiptNumber": "902",
    "createdDate": "2026-04-12T16:40:05+02:00",
    "storeExternalId": "9001",
    "currency": "SEK",
    "exchangeRateToGroupCurrency": Decimal(1),
    "totalGrossPrice": Decimal("-85.00"),
    "paymentMethods": [{"type": "card", "value": Decimal("-85.00")}],
    "items": [
        {
            "type": "RETURN",
            "quantity": -3,
            "grossPaidPrice": Decimal("85.00"),
            "taxAmount": Decimal("17.00"),
            "taxPercent": Decimal(25),
            "sku": "BULB-E27",
            "articleNumber": "BULB",
            "articleName": "Bulb E27",
        }
    ],
}
_encode = msgspec.json.Encoder(decimal_format="number").encode


def receipt(body: dict[str, Any] | None = None, **changes: Any) -> payloads.Receipt:
    """As the ledger keeps it."""
    return decode_receipt(_encode({**(body or _SALE), **changes}))


def line(**changes: Any) -> dict[str, Any]:
    """A line of a sale."""
    return {**_SALE["items"][1], **changes}


SALES = [receipt(), receipt(_RETURN)]
USES = [
    RedemptionRecord(
        coupon_id="5D1F7A60-4b0e-4f27-9d55-8f6c1b2a3d4e",
        promotion_id="0c2e4a68-1b3d-4f5a-8c7e-9a0b1c2d3e4f",
        contact_id=MAJA,
        contact_key="5000113",
        contact_type="Member",
        redemption_channel="POS",
        store_id="9001",
        store_type="RETAIL",
        redeemed_at="2026-04-12T09:12:44+02:00",
    )
]


def written(
    file_type: FileType, records: Iterable[Any], profile: TenantProfile = DEFAULT_PROFILE, **more: Any
) -> bytes:
    """A file, not checked."""
    return written_with(file_type, records, profile, **more)[0]


def written_with(
    file_type: FileType, records: Iterable[Any], profile: TenantProfile = DEFAULT_PROFILE, **more: Any
) -> tuple[bytes, Written]:
    """A file, and what was said about it."""
    out = io.BytesIO()
    said = write_file(out, file_type, records, profile, **more)
    return out.getvalue(), said


def checked(
    folder: Path, content: bytes, file_type: FileType, profile: TenantProfile = DEFAULT_PROFILE
) -> None:
    """Check a file, and raise what is wrong with its first bad record."""
    (folder / "checked.xml").write_bytes(content)
    for fault in check_file(folder / "checked.xml", file_type, profile):
        raise fault


def tree(content: bytes) -> bytes:
    """What a file says, however it is laid out."""
    parser = etree.XMLParser(remove_blank_text=True)
    return etree.tostring(etree.fromstring(content, parser), method="c14n2")
