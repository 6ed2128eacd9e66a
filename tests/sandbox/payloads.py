"""Receipts and helpers the sandbox tests share."""

from copy import deepcopy

import httpx

from engage_portal.sandbox import seeds
from engage_portal.sandbox.answers import ConnectionDropped, NeverAnswered

HEADERS = {"apikey": "test-key", "User-Agent": "SandboxTests/1.0", "Content-Type": "application/json"}

_ITEM = {
    "type": "PURCHASE",
    "quantity": 2,
    "grossPaidPrice": 200.0,
    "taxAmount": 40.0,
    "taxPercent": 25.0,
    "sku": "10015563434",
    "articleNumber": "2324234",
    "articleName": "Ipsum Wool Jacket",
}


def item(**changes):
    return {**_ITEM, **changes}


def receipt(unique_id="till-1", **changes):
    body = {
        "contact": {"matchKey": seeds.ANNA_ID, "matchKeyType": "contactId"},
        "uniqueReceiptId": unique_id,
        "receiptNumber": unique_id[-6:],
        "createdDate": "2026-11-20T15:55:54+01:00",
        "storeExternalId": seeds.STORE_STOCKHOLM,
        "currency": "SEK",
        "totalGrossPrice": 200.0,
        "paymentMethods": [{"type": "card", "value": 200.0}],
        "items": [item()],
    }
    return deepcopy({**body, **changes})


def returned(unique_id="till-r", **changes):
    lines = [item(type="RETURN", quantity=-2)]
    paid = [{"type": "card", "value": -200.0}]
    return receipt(unique_id, totalGrossPrice=-200.0, items=lines, paymentMethods=paid, **changes)


class MappedTransport(httpx.BaseTransport):
    """What a colleague needs to point an httpx client at the WSGI app: drops become httpx's own errors."""

    def __init__(self, app):
        self._inner = httpx.WSGITransport(app=app)

    def handle_request(self, request):
        try:
            return self._inner.handle_request(request)
        except NeverAnswered as error:
            raise httpx.ReadTimeout(str(error), request=request) from error
        except ConnectionDropped as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from error


def client_for(app):
    return httpx.Client(transport=MappedTransport(app), base_url="http://engage.example.com", headers=HEADERS)
