"""From the XML of a transaction to the receipt of the API, which meets the same importer (files.md §5.1)."""

import re
from typing import Any
from xml.etree.ElementTree import Element

from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.files.reading import Layout

LAYOUT = Layout("http://voyado.Schemas.ImportReceipts", "transactions", above=1)
RECORD = "transaction"
_LISTS = {
    "taxDetails": "taxDetail",
    "paymentMethods": "paymentMethod",
    "items": "item",
    "discounts": "discount",
    "usedBonusChecks": "usedBonusCheck",
    "usedPromotions": "usedPromotion",
}
_NUMBERS = {
    *(
        "value",
        "percent",
        "totalIncludingTax",
        "totalExcludingTax",
        "grossPaidPrice",
        "taxAmount",
        "taxPercent",
    ),
    *("packQuantity", "marginPercent", "exchangeRateToGroupCurrency", "totalGrossPrice"),
}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_WHOLE = re.compile(r"-?\d+")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def receipt(element: Element) -> Record:
    """A transaction as a receipt. What cannot be read stays text, for the receipt's rules to refuse."""
    return {LAYOUT.name(child): _value(child) for child in element}


def _value(element: Element) -> Any:
    name = LAYOUT.name(element)
    if name in _LISTS:
        return [_part(child, _LISTS[name]) for child in element]
    if name == "extraData":
        return [{"name": child.get("name"), "value": LAYOUT.text(child)} for child in element]
    if len(element):
        return receipt(element)
    return _scalar(name, LAYOUT.text(element))


def _part(element: Element, wanted: str) -> Record:
    name = LAYOUT.name(element)
    return receipt(element) if name == wanted else {name: None}


def _scalar(name: str, text: str) -> str | int | float | bool:
    """A value; the decimal separator is a point, without grouping or exponent [A7]."""
    if name == "quantity" and _WHOLE.fullmatch(text):
        return int(text)
    if name in _NUMBERS and _NUMBER.fullmatch(text):
        return float(text)
    if name == "awardsBonus":
        return _FLAGS.get(text.lower(), text)
    return text
