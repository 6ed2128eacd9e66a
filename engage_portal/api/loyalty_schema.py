"""The shapes of points and vouchers in Engage's v3 language, for the OpenAPI page."""

from typing import Any

_TEXT = {"type": "string"}
_GUID = {"type": "string", "format": "uuid"}
_NUMBER = {"type": "number"}
_WHEN = {"type": "string", "format": "date-time", "nullable": True}
_MONEY = {"type": "object", "properties": {"currency": _TEXT, "amount": _NUMBER}}

POINT_ACCOUNT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "contactId": _GUID,
        "definitionId": _TEXT,
        "balance": _NUMBER,
        "balanceExpires": _WHEN,
        "pendingPoints": _NUMBER,
    },
}
POINT_ACCOUNTS: dict[str, Any] = {"type": "array", "items": POINT_ACCOUNT}


def _page_of(item: dict[str, Any]) -> dict[str, Any]:
    counts = {name: {"type": "integer"} for name in ("totalCount", "offset", "count")}
    return {"type": "object", "properties": {"items": {"type": "array", "items": item}, **counts}}


POINT_TRANSACTIONS = _page_of(
    {
        "type": "object",
        "properties": {
            "id": _TEXT,
            "accountId": _TEXT,
            "amount": _NUMBER,
            "type": {"type": "string", "example": "Addition"},
            "description": _TEXT,
            "source": _TEXT,
            **dict.fromkeys(("transactionDate", "validFrom", "validTo"), _WHEN),
        },
    }
)
VOUCHERS = _page_of(
    {
        "type": "object",
        "properties": {
            "id": _GUID,
            "voucherNumber": {**_TEXT, "description": "What a receipt carries in `usedBonusChecks`."},
            "name": _TEXT,
            "redeemed": {"type": "boolean"},
            "redeemedOn": _WHEN,
            "expiresOn": _WHEN,
            "value": _MONEY,
            "localValues": {"type": "array", "items": _MONEY},
            "points": _NUMBER,
        },
    }
)
