"""Which handler answers which address: the part of Engage's API the portal needs, v3 and v2."""

import re
from collections.abc import Callable
from typing import NamedTuple

from engage_portal.sandbox import bulk, contacts, lookup, loyalty, promotions, receipts, stores
from engage_portal.sandbox.answers import Answer, ApiError
from engage_portal.sandbox.call import Call
from engage_portal.sandbox.state import Engage

Handler = Callable[[Engage, Call], Answer]


class Route(NamedTuple):
    """A method and path template, the name `watch` knows it by, and its handler."""

    method: str
    template: str
    name: str
    handler: Handler

    @property
    def endpoint(self) -> str:
        """How faults name it."""
        return f"{self.method} {self.template}"


ROUTES = (
    Route("GET", "/api/v2/contacts/count", "count", contacts.count),
    Route("GET", "/api/v2/contacts/{contactType}/count", "count", contacts.count),
    Route("GET", "/api/v3/contacts/id", "contact.find", lookup.find),
    Route("POST", "/api/v3/contacts", "contact.create", contacts.post),
    Route("POST", "/api/v3/contacts/bulk", "bulk.create", bulk.create),
    Route("PATCH", "/api/v3/contacts/bulk", "bulk.update", bulk.update),
    Route("GET", "/api/v3/contacts/bulk/status", "bulk.status", bulk.status),
    Route("GET", "/api/v2/contacts/bulk/status", "bulk.status", bulk.status),
    Route("GET", "/api/v3/contacts/changes", "changes", contacts.changes),
    Route("GET", "/api/v3/contacts/transactions", "transactions", receipts.history),
    Route("GET", "/api/v3/contacts/{contactId}", "contact.fetch", contacts.fetch),
    Route("PATCH", "/api/v3/contacts/{contactId}", "contact.update", contacts.patch),
    Route("DELETE", "/api/v3/contacts/{contactId}", "contact.delete", contacts.delete),
    Route("POST", "/api/v3/contacts/{contactId}/updateContactType", "contact.type", contacts.update_type),
    Route("GET", "/api/v2/contacts/{contactId}", "contact.fetch", contacts.fetch),
    Route("POST", "/api/v2/contacts/{contactId}", "contact.update", contacts.patch),
    Route("GET", "/api/v2/contacts/{contactId}/transactions", "transactions", receipts.history),
    Route("GET", "/api/v3/promotion-assignments", "promotions", promotions.listed),
    Route("POST", "/api/v3/promotion-assignments", "promotion.assign", promotions.assign),
    Route(
        "POST", "/api/v3/promotion-assignments/{assignmentId}/redeem", "promotion.redeem", promotions.redeem
    ),
    Route("GET", "/api/v2/contacts/{contactId}/promotions", "promotions", promotions.listed),
    Route(
        "POST",
        "/api/v2/contacts/{contactId}/promotions/{promotionId}/assign",
        "promotion.assign",
        promotions.assign,
    ),
    Route(
        "POST",
        "/api/v2/contacts/{contactId}/promotions/{assignmentId}/redeem",
        "promotion.redeem",
        promotions.redeem,
    ),
    Route("POST", "/api/v2/promotions/codes/{assignmentId}/redeem", "promotion.redeem", promotions.redeem),
    Route("POST", "/api/v3/receipts", "receipt.post", receipts.post),
    Route("POST", "/api/v2/receipts", "receipt.post", receipts.post),
    Route("GET", "/api/v3/stores", "stores", stores.listed),
    Route("POST", "/api/v3/stores", "store.create", stores.create),
    Route("GET", "/api/v3/stores/{externalId}", "store", stores.fetch),
    Route("GET", "/api/v3/consents", "consents", stores.consents),
    Route("GET", "/api/v2/consents", "consents", stores.consents),
    Route("GET", "/api/v3/point-accounts", "points", loyalty.accounts),
    Route("GET", "/api/v3/point-accounts/{accountId}", "points", loyalty.account),
    Route("GET", "/api/v3/point-transactions", "points", loyalty.transactions),
    Route("POST", "/api/v3/point-transactions", "points.add", loyalty.add),
    Route("GET", "/api/v3/reward-vouchers", "vouchers", loyalty.vouchers),
    Route("GET", "/api/v3/reward-vouchers/available", "vouchers", loyalty.available),
    Route("GET", "/api/v3/reward-vouchers/redeemed", "vouchers", loyalty.redeemed),
    Route("POST", "/api/v3/reward-vouchers/{rewardVoucherId}/redeem", "voucher.redeem", loyalty.redeem),
    Route(
        "POST",
        "/api/v3/reward-vouchers/{rewardVoucherId}/reactivate",
        "voucher.reactivate",
        loyalty.reactivate,
    ),
)
ENDPOINTS = tuple(route.endpoint for route in ROUTES)
_PLACE = re.compile(r"\{[^}]*\}")
_BY_PATTERN = [
    (re.compile(_PLACE.sub(lambda place: f"(?P<{place[0][1:-1]}>[^/]+)", route.template)), route)
    for route in ROUTES
]
_BY_SHAPE = {_PLACE.sub("{}", endpoint): endpoint for endpoint in ENDPOINTS}


def matching(call: Call) -> tuple[Route, Call]:
    """The route of a call, and the call with its path's parameters. Raises 404 or 405."""
    path_exists = False
    for pattern, route in _BY_PATTERN:
        found = pattern.fullmatch(call.path)
        if found and route.method == call.method:
            return route, call.with_params(found.groupdict())
        path_exists = path_exists or bool(found)
    if path_exists:
        raise ApiError(405, None, "The requested resource does not support this method.")
    raise ApiError(404, None, "No HTTP resource was found that matches the request URI.")


def endpoint(text: str) -> str:
    """A fault's endpoint as this table spells it, whatever its placeholders are called. Raises ValueError."""
    if text.strip() in {"", "*"}:
        return "*"
    method, _, template = text.strip().partition(" ")
    found = _BY_SHAPE.get(_PLACE.sub("{}", f"{method.upper()} {template.strip()}"))
    if found is None:
        raise ValueError('endpoint must be "*" or one of: ' + ", ".join(ENDPOINTS))
    return found
