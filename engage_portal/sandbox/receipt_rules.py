"""The shape and the signs of a receipt (api.md §10.2, §10.3, §10.5).

Shape and signs are refused with 422 at once; sums are only looked at on import, as in Engage.
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from engage_portal.sandbox.answers import Record

REFUSED_ARTICLE = "REFUSE"
MATCH_KINDS = (
    *("contactId", "memberNumber", "socialSecurityNumber", "mobilePhone", "externalId", "email"),
    *("CardId", "MemberNumberWithCardNumberAsFallback"),
)
TOLERANCE = Decimal("0.01")

# A field is (kind, required). A `?` after the kind allows null, where the documented type does.
_EXTRA = {"name": ("text", False), "value": ("text", False)}
_PAYMENT = {
    "type": ("text", True),
    "value": ("number", True),
    "description": ("text?", False),
    "extraData": (_EXTRA, False),
}
_DISCOUNT = {"value": ("number", True), "type": ("text?", False), "description": ("text?", False)}
_ITEM = {
    "type": ("line", True),
    "sku": ("text", True),
    "articleNumber": ("text", True),
    "articleName": ("text", True),
    "quantity": ("whole", True),
    "grossPaidPrice": ("number", True),
    "taxAmount": ("number", True),
    "taxPercent": ("number", True),
    "articleGroup": ("text?", False),
    "packQuantity": ("number", False),
    "marginPercent": ("percent", False),
    "awardsBonus": ("flag", False),
    "extraData": (_EXTRA, False),
    "discounts": (_DISCOUNT, False),
}
_TAX = {
    "description": ("text?", False),
    **dict.fromkeys(("value", "percent", "totalIncludingTax", "totalExcludingTax"), ("number", False)),
}
_CONTACT = {"matchKey": ("filled", True), "matchKeyType": ("match", True), "contactType": ("filled", False)}
_RECEIPT = {
    "uniqueReceiptId": ("filled", True),
    "receiptNumber": ("text", True),
    "createdDate": ("moment", True),
    "storeExternalId": ("filled", True),
    "currency": ("currency", True),
    "exchangeRateToGroupCurrency": ("rate", False),
    "totalGrossPrice": ("number", True),
    "paymentMethods": (_PAYMENT, True),
    "items": (_ITEM, True),
    "taxDetails": (_TAX, False),
    "usedBonusChecks": ({"checkNumber": ("text", False)}, False),
    "usedPromotions": ({"promotionId": ("text", False), "couponId": ("text", False)}, False),
    "extraData": (_EXTRA, False),
}
_NEVER_EMPTY = {"paymentMethods", "items"}
_Fields = dict[str, tuple[Any, bool]]

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")


def errors_in(receipt: Record, *, refuse_article: bool) -> list[str]:
    """Every reason to refuse a receipt; each starts with the path of its field."""
    body = dict(receipt)
    contact = body.pop("contact", None)
    errors = (
        _object_errors(contact, _CONTACT, "contact") if "contact" in receipt else ["contact: is required"]
    )
    errors += _object_errors(body, _RECEIPT, "")
    if errors:
        return errors
    errors = _sign_errors(receipt)
    if refuse_article:
        errors += [
            f"items[{number}].articleNumber: article {REFUSED_ARTICLE} is blocked in this Engage"
            for number, item in enumerate(receipt["items"])
            if item["articleNumber"] == REFUSED_ARTICLE
        ]
    return errors


def sum_errors(receipt: Record) -> list[str]:
    """What is wrong with the sums: lines signed by type, and payments, must both give the total."""
    total = money(receipt["totalGrossPrice"])
    lines = sum((signed(item, "grossPaidPrice") for item in receipt["items"]), Decimal())
    paid = sum((money(method["value"]) for method in receipt["paymentMethods"]), Decimal())
    sums = (("the lines", lines), ("the payments", paid))
    return [
        f"{what} give {got}, totalGrossPrice is {total}" for what, got in sums if abs(got - total) > TOLERANCE
    ]


def signed(item: Record, field: str) -> Decimal:
    """An amount of a line as it counts in the totals: a return's positive amounts are taken away."""
    return -money(item[field]) if item["type"].upper() == "RETURN" else money(item[field])


def money(value: float | str) -> Decimal:
    """A JSON number as an exact one."""
    return Decimal(str(value))


def _object_errors(value: Any, fields: _Fields, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: must be an object"]
    prefix = f"{where}." if where else ""
    errors = [f"{prefix}{name}: unknown field" for name in value if name not in fields]
    for name, (kind, required) in fields.items():
        if name in value:
            errors += _value_errors(value[name], kind, f"{prefix}{name}", name)
        elif required:
            errors.append(f"{prefix}{name}: is required")
    return errors


def _value_errors(value: Any, kind: Any, where: str, name: str) -> list[str]:
    if isinstance(kind, str):
        reason = _scalar_error(value, kind)
        return [f"{where}: {reason}"] if reason else []
    if not isinstance(value, list):
        return [f"{where}: must be an array"]
    if not value and name in _NEVER_EMPTY:
        return [f"{where}: must hold at least one"]
    return [
        error
        for number, part in enumerate(value)
        for error in _object_errors(part, kind, f"{where}[{number}]")
    ]


def _scalar_error(value: Any, kind: str) -> str | None:
    if kind.endswith("?"):
        return None if value is None else _scalar_error(value, kind[:-1])
    if value is None:
        return "must not be null"
    is_right, reason = _KINDS[kind]
    return None if is_right(value) else reason


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_percent(value: Any) -> bool:
    return _is_number(value) or (isinstance(value, str) and bool(re.fullmatch(r"-?\d+(\.\d+)?", value)))


def is_moment(value: Any) -> bool:
    """Whether a value is a date and time with its offset."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _among(value: Any, names: tuple[str, ...]) -> bool:
    return isinstance(value, str) and value.lower() in {name.lower() for name in names}


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "text": (lambda value: isinstance(value, str), "must be text"),
    "filled": (lambda value: isinstance(value, str) and bool(value.strip()), "must be text and not empty"),
    "number": (_is_number, "must be a number"),
    "rate": (lambda value: _is_number(value) and value > 0, "must be a number above 0"),
    "percent": (_is_percent, "must be a number"),
    "whole": (_is_whole, "must be a whole number"),
    "flag": (lambda value: isinstance(value, bool), "must be true or false"),
    "moment": (is_moment, "must be a date and time with offset (ISO 8601)"),
    "currency": (
        lambda value: isinstance(value, str) and bool(re.fullmatch("[A-Z]{3}", value)),
        "must be three capital letters (ISO 4217)",
    ),
    "line": (
        lambda v: _among(v, ("PURCHASE", "RETURN", "ADJUSTMENT")),
        "must be PURCHASE, RETURN or ADJUSTMENT",
    ),
    "match": (lambda value: _among(value, MATCH_KINDS), f"must be one of {', '.join(MATCH_KINDS[:6])}"),
}


def _sign_errors(receipt: Record) -> list[str]:
    errors = []
    for number, item in enumerate(receipt["items"]):
        errors += [f"items[{number}].{text}" for text in _line_sign_errors(item)]
    kinds = {item["type"].upper() for item in receipt["items"]}
    if kinds == {"PURCHASE"} and receipt["totalGrossPrice"] < 0:
        errors.append("totalGrossPrice: must not be negative on a purchase")
    if kinds == {"RETURN"}:
        if receipt["totalGrossPrice"] > 0:
            errors.append("totalGrossPrice: must not be positive on a return")
        errors += [
            f"paymentMethods[{number}].value: must not be positive on a return"
            for number, method in enumerate(receipt["paymentMethods"])
            if method["value"] > 0
        ]
    return errors


def _line_sign_errors(item: Record) -> list[str]:
    kind = item["type"].upper()
    if kind == "ADJUSTMENT":
        return []
    errors = []
    if kind == "RETURN" and item["quantity"] >= 0:
        errors.append("quantity: must be negative on RETURN")
    if kind == "PURCHASE" and item["quantity"] <= 0:
        errors.append("quantity: must be positive on PURCHASE")
    errors += [
        f"{name}: must not be negative on {kind}"
        for name in ("grossPaidPrice", "taxAmount", "taxPercent")
        if item[name] < 0
    ]
    return errors
