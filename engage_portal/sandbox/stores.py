"""Stores and consent definitions (api.md §6.10, §12)."""

from engage_portal.sandbox.answers import Answer, ApiError, Record, as_json
from engage_portal.sandbox.call import Call
from engage_portal.sandbox.state import Engage

FIELDS = (
    *("name", "externalId", "type", "active", "timeZone", "street", "zipCode", "city", "county", "region"),
    *("countryCode", "email", "phoneNumber", "homepage", "senderName", "senderAddress", "adjacentZipCodes"),
    *("emailUnsubscribeText", "emailViewOnlineText", "headerHtml", "footerHtml"),
)


def listed(engage: Engage, call: Call) -> Answer:
    """`GET /api/v3/stores`: a plain array, without the inactive ones unless asked."""
    wanted = _wants_inactive(call)
    return as_json([store for store in engage.store.all("store").values() if store["active"] or wanted])


def fetch(engage: Engage, call: Call) -> Answer:
    """`GET /api/v3/stores/{externalId}`."""
    store = engage.store.get("store", call.params["externalId"])
    if store is None or not (store["active"] or _wants_inactive(call)):
        raise ApiError(404, "StoreNotFound", "Store not found")
    return as_json(store)


def create(engage: Engage, call: Call) -> Answer:
    """`POST /api/v3/stores`: 400 without a name and an externalId."""
    data = call.data()
    missing = [name for name in ("name", "externalId") if not data.get(name)]
    if missing:
        raise ApiError(400, "InvalidStore", f"{' and '.join(missing)} missing")
    return as_json(put(engage, data), 201)


def consents(engage: Engage, _call: Call) -> Answer:
    """`GET /api/v3/consents`: the tenant's definitions."""
    return as_json(list(engage.store.all("consent").values()))


def ensure(engage: Engage, external_id: str) -> None:
    """An unknown store on a receipt is created: a typo makes a new store (api.md §10.1)."""
    if engage.store.get("store", external_id) is None:
        put(engage, {"name": external_id, "externalId": external_id, "type": "RETAIL"})
        engage.note("warning", f"Store {external_id}: unknown, created from a receipt")


def put(engage: Engage, data: Record) -> Record:
    """Add or replace a store; values nobody set are null."""
    store = {name: data.get(name) for name in FIELDS}
    store["active"] = data.get("active", True)
    engage.store.put("store", str(data["externalId"]), store)
    return store


def _wants_inactive(call: Call) -> bool:
    return call.query.get("includeInactive", "false").lower() == "true"
