"""The least that writing a transactions file can be: lxml's trees and its own stream, every name in its place.

Nothing is cleaned, renamed, counted, or checked afterwards; a receipt with a field that is not in here would lose it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lxml import etree

from engage_portal.engage import payloads

_NAMESPACE = "http://voyado.Schemas.ImportReceipts"


def write(path: Path, receipts: Iterable[payloads.Receipt]) -> None:
    """One file."""
    with (
        path.open("wb") as out,
        etree.xmlfile(out, encoding="utf-8") as document,
        document.element("transactions", nsmap={None: _NAMESPACE}),
    ):
        for receipt in receipts:
            document.write(_receipt(receipt))


def _receipt(receipt: Any) -> Any:
    add, record = etree.SubElement, etree.Element("transaction")
    contact = add(record, "contact")
    add(contact, "matchKey").text = receipt.contact.match_key
    add(contact, "matchKeyType").text = receipt.contact.match_key_type
    add(contact, "contactType").text = receipt.contact.contact_type
    add(record, "uniqueReceiptId").text = receipt.unique_receipt_id
    add(record, "receiptNumber").text = receipt.receipt_number
    add(record, "createdDate").text = receipt.created_date
    add(record, "storeExternalId").text = receipt.store_external_id
    add(record, "currency").text = receipt.currency
    add(record, "exchangeRateToGroupCurrency").text = str(receipt.exchange_rate_to_group_currency)
    add(record, "totalGrossPrice").text = str(receipt.total_gross_price)
    below = add(record, "paymentMethods")
    for method in receipt.payment_methods:
        member = add(below, "paymentMethod")
        add(member, "type").text = method.type
        add(member, "value").text = str(method.value)
    below = add(record, "items")
    for line in receipt.items:
        member = add(below, "item")
        add(member, "type").text = line.type
        add(member, "quantity").text = str(line.quantity)
        add(member, "grossPaidPrice").text = str(line.gross_paid_price)
        add(member, "taxAmount").text = str(line.tax_amount)
        add(member, "taxPercent").text = str(line.tax_percent)
        add(member, "sku").text = line.sku
        add(member, "articleNumber").text = line.article_number
        add(member, "articleName").text = line.article_name
        add(member, "articleGroup").text = line.article_group
    return record
