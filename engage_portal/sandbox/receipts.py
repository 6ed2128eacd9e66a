"""Receipts: taken in at once, imported later, duplicates dropped, purchase history (api.md §8, §10)."""

from datetime import timedelta
from decimal import Decimal

from engage_portal.sandbox import contacts, loyalty, stores
from engage_portal.sandbox.answers import Answer, ApiError, Record, as_json, empty, invalid
from engage_portal.sandbox.call import Call, paged
from engage_portal.sandbox.contact_rules import DEFAULT_TYPE, KEY_ATTRIBUTES, contact_type
from engage_portal.sandbox.receipt_rules import errors_in, money, signed, sum_errors
from engage_portal.sandbox.state import Engage, utc

GROUP_CURRENCY = "SEK"
FALLBACK_RATES = {"SEK": 1.0, "NOK": 0.98, "DKK": 1.5, "EUR": 11.2}
_KNOWN = {"waiting", "imported"}


def post(engage: Engage, call: Call) -> Answer:
    """`POST /api/v3/receipts` (v2 the same): 202, no body. A known uniqueReceiptId is counted and ignored."""
    body = call.json()
    if not isinstance(body, dict):
        raise ApiError(400, "NoData", "No data in request")
    errors = errors_in(body, refuse_article=engage.settings.refuse_article)
    if errors:
        raise invalid(errors)
    receive(engage, body, is_swallowed=False)
    return empty(202)


def receive(engage: Engage, body: Record, *, is_swallowed: bool, way: str = "api") -> bool:
    """Take a receipt in (true), or count it once more. A swallowed one is counted only; it may come again."""
    unique = body["uniqueReceiptId"]
    known = engage.store.get("received", unique)
    ways = _ways(known, way)
    if known and (known["state"] in _KNOWN or is_swallowed):
        engage.store.put("received", unique, {**known, "posted": known["posted"] + 1, "ways": ways})
        if not is_swallowed:
            engage.note("info", f"Receipt {unique}: came again, ignored")
        return False
    order = known["order"] if known else engage.next_number("receipt")
    record: Record = {
        "uniqueReceiptId": unique,
        "order": order,
        "posted": known["posted"] + 1 if known else 1,
        "ways": ways,
        "state": "swallowed" if is_swallowed else "waiting",
        "storeExternalId": body["storeExternalId"],
        "total": body["totalGrossPrice"],
        "currency": body["currency"],
        "contactId": None,
        "receivedAt": engage.now().isoformat(),
        "importedAt": None,
        "body": body,
    }
    engage.store.put("received", unique, record)
    return True


def take_from_file(engage: Engage, body: Record) -> list[str]:
    """Import a well-formed receipt of a file at once; answers why not. Unlike the API's, its store must exist [A10]."""
    if not receive(engage, body, is_swallowed=False, way="file"):
        return ["it came before, ignored"]
    record = engage.store.get("received", body["uniqueReceiptId"]) or {}
    if engage.store.get("store", body["storeExternalId"]) is None:
        return _drop(engage, record, [f"store {body['storeExternalId']} does not exist"])
    return _import(engage, record)


def import_due(engage: Engage) -> None:
    """Import the receipts whose delay is over, in the order they came."""
    head = engage.store.first("received", "state", "waiting")
    if head is None or not _is_due(engage, head):
        return
    for record in engage.store.find("received", "state", "waiting"):
        if _is_due(engage, record):
            _import(engage, record)


def history(engage: Engage, call: Call) -> Answer:
    """`GET /api/v3/contacts/transactions` (v2: in the path): one page, newest first."""
    contact = contacts.by_id(engage, call.params.get("contactId") or call.query.get("contactId"))
    found = engage.store.find("transaction", "contact", contact["id"])
    found.sort(key=lambda record: utc(record["item"]["createdDate"]), reverse=True)
    return as_json(paged([record["item"] for record in found], call))


def transaction(engage: Engage, body: Record, transaction_id: str) -> Record:
    """A receipt as the history shows it: net sums; line items in our own words (inferred)."""
    store = engage.store.get("store", body["storeExternalId"]) or {}
    net = sum((signed(i, "grossPaidPrice") - signed(i, "taxAmount") for i in body["items"]), Decimal())
    rate = money(body.get("exchangeRateToGroupCurrency") or FALLBACK_RATES.get(body["currency"], 1.0))
    names = ("type", "sku", "articleNumber", "articleName", "articleGroup", "quantity")
    amounts = ("grossPaidPrice", "taxAmount", "taxPercent")
    return {
        "id": transaction_id,
        "transactionNumber": body["receiptNumber"],
        "createdDate": body["createdDate"],
        "storeName": store.get("name"),
        "numberOfItems": sum(abs(item["quantity"]) for item in body["items"]),
        "netPriceSum": float(round(net * rate, 2)),
        "localNetPriceSum": float(round(net, 2)),
        "localCurrency": body["currency"],
        "groupCurrency": GROUP_CURRENCY,
        "storeType": store.get("type"),
        "lineItems": [{name: item.get(name) for name in (*names, *amounts)} for item in body["items"]],
        "externalId": body["uniqueReceiptId"],
    }


def _is_due(engage: Engage, record: Record) -> bool:
    return engage.now() >= utc(record["receivedAt"]) + timedelta(seconds=engage.settings.import_delay)


def _ways(known: Record | None, way: str) -> dict[str, int]:
    """How often a receipt came by which way; a state file of earlier knows the API alone."""
    ways = known.get("ways", {"api": known["posted"]}) if known else {}
    return {**ways, way: ways.get(way, 0) + 1}


def _import(engage: Engage, record: Record) -> list[str]:
    """Bring a receipt into the history; answers why not."""
    body, unique = record["body"], record["uniqueReceiptId"]
    problems = sum_errors(body)
    contact = _contact_of(engage, body["contact"])
    if contact is None:
        problems.append(f"no contact has this {body['contact']['matchKeyType']}")
    if contact is None or problems:
        return _drop(engage, record, problems)
    stores.ensure(engage, body["storeExternalId"])
    item = transaction(engage, body, engage.new_id())
    engage.store.put("transaction", item["id"], {"contactId": contact["id"], "item": item})
    imported = {"state": "imported", "contactId": contact["id"], "importedAt": engage.now().isoformat()}
    engage.store.put("received", unique, {**record, **imported})
    loyalty.earn(engage, contact, body)
    return []


def _drop(engage: Engage, record: Record, problems: list[str]) -> list[str]:
    engage.store.put("received", record["uniqueReceiptId"], {**record, "state": "dropped"})
    engage.note("error", f"Receipt {record['uniqueReceiptId']}: not imported, {'; '.join(problems)}")
    return problems


def _contact_of(engage: Engage, match: Record) -> Record | None:
    """The contact a receipt belongs to: a personal key counts only inside its type (§10.2)."""
    kind, value = match["matchKeyType"].lower(), match["matchKey"]
    if kind == "contactid":
        return engage.store.get("contact", value.lower())
    attribute = next((name for name in KEY_ATTRIBUTES if name.lower() == kind), None)
    wanted = contact_type(match.get("contactType") or DEFAULT_TYPE)
    found = engage.with_key(attribute, value, (wanted,)) if attribute and wanted else []
    return found[0] if len(found) == 1 else None
