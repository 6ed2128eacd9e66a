"""Documents the file tests share; `data/` holds the examples of the format's description, with made-up people."""

from pathlib import Path
from xml.etree import ElementTree as ET

DATA = Path(__file__).parent / "data"
MAJA_ID = "3f1c9a52-7d0e-4b7a-9c55-0a6b1d2e3f40"
COUPON_ID = "5d1f7a60-4b0e-4f27-9d55-8f6c1b2a3d4e"
TEMPLATE_ID = "0c2e4a68-1b3d-4f5a-8c7e-9a0b1c2d3e4f"

CONTACTS, TRANSACTIONS, REDEMPTIONS = "contactImport", "transactionImport", "redeemedPromotionImport"
CONTACTS_FILE = "20260412093015_000042_contacts.xml"
TRANSACTIONS_FILE = "20260412093100_000007_transactions.xml"
REDEMPTIONS_FILE = "20260412093200_000001_redeemedPromotions.xml"


def example(name):
    return (DATA / f"{name}.xml").read_text()


def elements(**fields):
    return "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())


def member(record="member", **fields):
    return f"<{record}>{elements(**fields)}</{record}>"


def contacts(
    *records, root="contacts", section="new", namespace="http://eClub.Schemas.ImportContact", more=""
):
    return f'<{root} xmlns="{namespace}"{more}><{section}>{"".join(records)}</{section}></{root}>'


def transaction(
    unique="r-1", *, key="+46700000113", kind="mobilePhone", store="9001", price="100.00", **fields
):
    line = elements(
        type="PURCHASE",
        quantity="1",
        grossPaidPrice=price,
        taxAmount="20.00",
        taxPercent="25",
        sku="LAMP-1",
        articleNumber="LAMP",
        articleName="Lamp",
    )
    whole = {
        "contact": elements(matchKey=key, matchKeyType=kind),
        "uniqueReceiptId": unique,
        "receiptNumber": "881",
        "createdDate": "2026-04-12T09:12:44+02:00",
        "storeExternalId": store,
        "currency": "SEK",
        "totalGrossPrice": price,
        "paymentMethods": f"<paymentMethod>{elements(type='card', value=price)}</paymentMethod>",
        "items": f"<item>{line}</item>",
        **fields,
    }
    return f"<transaction>{elements(**whole)}</transaction>"


def transactions(*records, root="transactions", namespace="http://voyado.Schemas.ImportReceipts"):
    return f'<{root} xmlns="{namespace}">{"".join(records)}</{root}>'


def redemption(coupon=COUPON_ID, record="redeemedPromotion", **fields):
    whole = {
        "couponId": coupon,
        "redemptionChannel": "POS",
        "redeemedDateTime": "2026-04-12T09:12:44+02:00",
        **fields,
    }
    return f"<{record}>{elements(**whole)}</{record}>"


def redemptions(*records):
    return f"<redeemedPromotions>{''.join(records)}</redeemedPromotions>"


def tree(element):
    """Names and texts of a document, without the white space of its layout."""
    return (element.tag, (element.text or "").strip(), [tree(child) for child in element])


def parsed(text):
    return tree(ET.fromstring(text.encode()))


def members(text):
    """A contacts export as section → the fields of each of its records."""
    space = "{http://eClub.Schemas.ExportMember}"
    root = ET.fromstring(text.encode())
    assert root.tag == f"{space}contacts"
    return {
        section.tag.removeprefix(space): [
            {field.tag.removeprefix(space): field.text or "" for field in record} for record in section
        ]
        for section in root
        if len(section)
    }
