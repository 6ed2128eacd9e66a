"""The shapes of Engage's v3 language, for the OpenAPI page. Objects are open: Engage may add members."""

from typing import Any

_TEXT = {"type": "string"}
_GUID = {"type": "string", "format": "uuid"}
_YES_NO = {"type": "boolean"}
_NUMBER = {"type": "number"}

ERROR: dict[str, Any] = {
    "type": "object",
    "properties": {
        "errorCode": {"type": "string", "example": "ValidationError"},
        "message": _TEXT,
        "messageDetails": {"type": "object"},
        "validationErrors": {
            "type": "array",
            "items": {"type": "object", "properties": {"field": _TEXT, "errorDescription": _TEXT}},
        },
    },
}
ERRORS: dict[int, Any] = {400: ERROR, 401: ERROR, 403: ERROR, 404: ERROR, 409: ERROR, 422: ERROR, 503: ERROR}

_PREFERENCES = {
    "type": "object",
    "properties": dict.fromkeys(("acceptsEmail", "acceptsSms", "acceptsPostal"), _YES_NO),
}
_CONSENTS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["id", "value"],
        "properties": {"id": _TEXT, "value": _YES_NO, "date": _TEXT, "source": _TEXT, "comment": _TEXT}
        | {"textVersion": {"type": "string", "description": "Ours: the words that were shown, sv-SE/2."}},
    },
}
_BY_LANGUAGE = {"type": "object", "additionalProperties": _TEXT, "example": {"sv-SE": "Ja, gärna"}}
CONSENT_TEXTS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "id": _TEXT,
            "name": _TEXT,
            "metaData": {
                "type": "object",
                "properties": dict.fromkeys(("displayText", "conditionText", "linkText"), _BY_LANGUAGE),
            },
            "versions": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
    },
}
BATCH_STATUS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": _GUID,
        "state": {"type": "string", "enum": ["Processing", "Completed"]},
        "total": {"type": "integer"},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "index": {"type": "integer"},
                    "state": _TEXT,
                    "contactId": {**_GUID, "nullable": True},
                    "errorCode": _TEXT,
                    "message": _TEXT,
                },
            },
        },
    },
}
CONTACT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": _GUID,
        "attributes": {"type": "object", "additionalProperties": True},
        "meta": {"type": "object", "properties": {"contactType": _TEXT}},
        "preferences": _PREFERENCES,
        "consents": _CONSENTS,
    },
}
CONTACT_WRITE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": True,
    "properties": {
        **dict.fromkeys(("contactType", "firstName", "lastName", "email", "mobilePhone"), _TEXT),
        **dict.fromkeys(("externalId", "memberNumber"), _TEXT),
        "countryCode": {"type": "string", "example": "SE"},
        "preferences": _PREFERENCES,
        "consents": _CONSENTS,
    },
    "example": {"firstName": "Example", "email": "example@example.com", "countryCode": "SE"},
}
ASSIGNMENTS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "id": _GUID,
            "promotionId": _GUID,
            "name": _TEXT,
            "heading": _TEXT,
            "description": _TEXT,
            "expiresOn": {"type": "string", "nullable": True},
            "redeemed": _YES_NO,
            "redeemedOn": {"type": "string", "nullable": True},
            "redemptionChannels": {"type": "array", "items": {"type": "object"}},
            "state": {
                "enum": ["usable", "notYetValid", "redeemed"],
                "description": "Ours: by the portal's clock, with what was redeemed here and is on its way.",
            },
        },
    },
}
_OPEN_OFFERS = {
    "type": "array",
    "description": "For anybody, only while Engage is down.",
    "items": {
        "type": "object",
        "properties": {
            **dict.fromkeys(("heading", "description", "code"), _TEXT),
            "endsOn": {**_TEXT, "nullable": True},
        },
    },
}
_SOURCE = {"type": "string", "enum": ["live", "cached", "offline", "none"]}
CHECKOUT_ASKED: dict[str, Any] = {
    "type": "object",
    "description": "Exactly one identifier.",
    "properties": {
        **dict.fromkeys(("email", "mobilePhone", "socialSecurityNumber", "customKey", "any"), _TEXT),
        "contactId": _GUID,
        "contactType": _TEXT,
        "channel": {"type": "string", "enum": ["POS", "ECOM", "OTHER"]},
        "language": {"type": "string", "example": "sv"},
    },
    "example": {"email": "anna@example.com", "channel": "POS", "language": "sv"},
}
CHECKOUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "contact": {
            "type": "object",
            "nullable": True,
            "properties": {"id": _GUID}
            | dict.fromkeys(("contactType", "firstName", "lastName", "memberNumber"), _TEXT),
        },
        "offers": {
            **ASSIGNMENTS,
            "description": "Usable now; each of `redemptionChannels` has a `text` for the cashier. `allowed` is false "
            "where Engage is away and the store's rule makes it wait; `why` says so.",
        },
        "otherOffers": {
            "type": "array",
            "description": "Known, but of no use now.",
            "items": {
                "type": "object",
                "properties": {"id": _GUID}
                | dict.fromkeys(("heading", "why"), _TEXT)
                | {"state": {"enum": ["notYetValid", "redeemed", "expired"]}},
            },
        },
        "vouchers": {
            "type": "array",
            "description": "Usable now; `text` is what each is worth, for the cashier.",
            "items": {"type": "object", "additionalProperties": True},
        },
        "openOffers": _OPEN_OFFERS,
        "source": _SOURCE,
        "age": {"type": "integer", "description": "Seconds."},
        "parts": {"type": "object", "additionalProperties": _SOURCE},
        "allowed": {"type": "object", "properties": {"redeem": _YES_NO, "signUp": _YES_NO}},
        "cashier": _TEXT,
        "customer": _TEXT,
    },
}
REDEEM: dict[str, Any] = {
    "type": "object",
    "required": ["redemptionChannel"],
    "properties": {"redemptionChannel": {"type": "string", "enum": ["POS", "ECOM", "OTHER"]}},
}
TRANSACTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
        "totalCount": {"type": "integer"},
        "offset": {"type": "integer"},
        "count": {"type": "integer"},
    },
}
_LINE = {
    "type": "object",
    "required": [
        "type", "sku", "articleNumber", "articleName", "quantity", "grossPaidPrice", "taxAmount", "taxPercent",
    ],
    "properties": {
        "type": {"type": "string", "enum": ["PURCHASE", "RETURN", "ADJUSTMENT"]},
        "sku": _TEXT,
        "articleNumber": _TEXT,
        "articleName": _TEXT,
        "articleGroup": _TEXT,
        "quantity": {"type": "integer", "description": "Negative on RETURN."},
        "grossPaidPrice": {"type": "number", "description": "The line's total, positive on RETURN too."},
        "taxAmount": _NUMBER,
        "taxPercent": _NUMBER,
        "awardsBonus": _YES_NO,
    },
}  # fmt: skip
RECEIPT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "contact", "uniqueReceiptId", "receiptNumber", "createdDate", "storeExternalId", "currency",
        "totalGrossPrice", "paymentMethods", "items",
    ],
    "properties": {
        "contact": {
            "type": "object",
            "nullable": True,
            "description": "null: a guest; kept and counted, never sent to Engage.",
            "required": ["matchKey", "matchKeyType"],
            "properties": {
                **dict.fromkeys(("matchKey", "matchKeyType", "contactType"), _TEXT),
                "person": {
                    "type": "object",
                    "additionalProperties": True,
                    "description": "Ours: what is known of somebody who may be new; see POST contacts.",
                },
            },
        },
        "uniqueReceiptId": {"type": "string", "description": "Unique for ever, across stores and systems."},
        "receiptNumber": _TEXT,
        "createdDate": {"type": "string", "format": "date-time"},
        "storeExternalId": _TEXT,
        "currency": {"type": "string", "example": "SEK"},
        "exchangeRateToGroupCurrency": _NUMBER,
        "totalGrossPrice": _NUMBER,
        "paymentMethods": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "value"],
                "properties": {"type": _TEXT, "value": _NUMBER, "description": _TEXT},
            },
        },
        "items": {"type": "array", "items": _LINE},
        "usedPromotions": {
            "type": "array",
            "items": {"type": "object", "properties": {"promotionId": _TEXT, "couponId": _TEXT}},
        },
        "usedBonusChecks": {
            "type": "array",
            "items": {"type": "object", "properties": {"checkNumber": _TEXT}},
        },
    },
}  # fmt: skip
STORES: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": True,
        "properties": {
            **dict.fromkeys(("externalId", "name", "type", "timeZone", "city", "countryCode"), _TEXT),
            "active": _YES_NO,
        },
    },
}
ITEM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        **dict.fromkeys(("kind", "state", "store", "reference", "reasonCode", "reason"), _TEXT),
        "channel": {"enum": ["api", "bulk", "file"], "description": "The way it goes, or went last."},
        "tries": {"type": "integer"},
        **{
            name: {"type": "string", "format": "date-time"}
            for name in ("createdAt", "notBefore", "finishedAt")
        },
    },
}
ITEM_DETAIL: dict[str, Any] = {
    "type": "object",
    "properties": {
        **ITEM["properties"],
        "waitsFor": {"type": "integer", "nullable": True, "description": "The item that has to go first."},
        "nextStep": {"type": "string", "description": "What will happen to it, in a sentence or two."},
        "timeline": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "at": {"type": "string", "format": "date-time"},
                    "title": _TEXT,
                    "detail": _TEXT,
                    "via": {
                        "type": "string",
                        "description": "The way it went, where that was no call of its own.",
                    },
                    "durationMs": {"type": "integer", "nullable": True},
                },
            },
        },
    },
}
LONGEST_REASON = 300
CANCEL: dict[str, Any] = {
    "type": "object",
    "required": ["reason"],
    "properties": {"reason": {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON}},
    "example": {"reason": "Registered by hand in Engage."},
}
ITEM_PAGE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": ITEM},
        "totalCount": {"type": "integer"},
        "offset": {"type": "integer"},
        "count": {"type": "integer"},
    },
}
STATUS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "version": _TEXT,
        "engage": {
            "type": "object",
            "properties": {
                "isUp": _YES_NO,
                **dict.fromkeys(("downSince", "lastAnswerAt", "lastError", "nextTryAt"), _TEXT),
            },
        },
        "outbox": {
            "type": "object",
            "properties": {"waiting": {"type": "integer"}, "attention": {"type": "integer"}},
        },
        "level": {"type": "integer"},
        "notice": {"type": "string", "description": "What to tell the customer while Engage is away."},
        "openOffers": _OPEN_OFFERS,
    },
}
