"""Points and reward vouchers (api.md §13)."""

from decimal import Decimal
from typing import Any

from engage_portal.sandbox import contacts
from engage_portal.sandbox.answers import Answer, ApiError, Record, as_json, empty
from engage_portal.sandbox.call import Call, guid, paged
from engage_portal.sandbox.contact_rules import DEFAULT_TYPE
from engage_portal.sandbox.promotions import note_redemption
from engage_portal.sandbox.receipt_rules import signed
from engage_portal.sandbox.state import Engage, utc

POINT_DEFINITION = 1
MOST_REACTIVATIONS = 3


# --- points ---


def accounts(engage: Engage, call: Call) -> Answer:
    """`GET /api/v3/point-accounts?contactId=`: a plain array, as seen in v3 (api.md §13.1)."""
    contact = contacts.by_id(engage, call.query.get("contactId"))
    return as_json(engage.store.find("account", "contact", contact["id"]))


def account(engage: Engage, call: Call) -> Answer:
    """`GET /api/v3/point-accounts/{id}`."""
    return as_json(_account(engage, call.params["accountId"]))


def transactions(engage: Engage, call: Call) -> Answer:
    """`GET /api/v3/point-transactions`: by account, or by contact and definition; newest first."""
    if call.query.get("accountId"):
        wanted = [_account(engage, call.query["accountId"])]
    else:
        contact = contacts.by_id(engage, call.query.get("contactId"))
        wanted = engage.store.find("account", "contact", contact["id"])
        definition = call.query.get("definitionId")
        wanted = [one for one in wanted if definition in {None, str(one["definitionId"])}]
    found = [point for one in wanted for point in engage.store.find("point", "account", one["id"])]
    found = [point for point in found if _passes(engage, point, call.query.get("filter", "All"))]
    found.sort(key=lambda point: utc(point["transactionDate"]), reverse=True)
    return as_json(paged(found, call))


def add(engage: Engage, call: Call) -> Answer:
    """`POST /api/v3/point-transactions`: 202; a known transactionId is ignored (inferred, api.md §4)."""
    data = call.data()
    required = ("accountId", "transactionId", "transactionType", "amount", "description", "source")
    missing = [name for name in required if data.get(name) in {None, ""}]
    if missing or not isinstance(data["amount"], int | float):
        raise ApiError(400, "InvalidTransaction", f"Missing or wrong: {', '.join(missing) or 'amount'}")
    holder = _account(engage, str(data["accountId"]))
    movement_id = guid(str(data["transactionId"]), "InvalidTransaction", "transaction id")
    is_taken = str(data["transactionType"]).lower() == "deduction"
    amount = -abs(data["amount"]) if is_taken else data["amount"]
    book(engage, holder, {**data, "id": movement_id, "amount": amount})
    return empty(202)


def earn(engage: Engage, contact: Record, receipt: Record) -> None:
    """A member's points for an imported receipt: one for each whole unit of the currency (our invention)."""
    if contact["contactType"] != DEFAULT_TYPE:
        return
    counted = (item for item in receipt["items"] if item.get("awardsBonus", True))
    points = int(sum((signed(item, "grossPaidPrice") for item in counted), Decimal()))
    if points == 0:
        return
    held = engage.store.find("account", "contact", contact["id"])
    holder = held[0] if held else open_account(engage, contact["id"], engage.new_id())
    what = "Purchase" if points > 0 else "Return"
    movement = {
        "id": engage.new_id(),
        "amount": points,
        "transactionType": "Addition" if points > 0 else "Deduction",
        "description": f"{what} {receipt['receiptNumber']}",
        "source": "Purchase",
        "transactionDate": receipt["createdDate"],
    }
    book(engage, holder, movement)


def open_account(engage: Engage, contact_id: str, account_id: str) -> Record:
    """A new, empty point account."""
    holder: Record = {
        "id": account_id,
        "contactId": contact_id,
        "definitionId": POINT_DEFINITION,
        "balance": 0,
        "balanceExpires": None,
        "pendingPoints": 0,
    }
    engage.store.put("account", account_id, holder)
    return holder


def book(engage: Engage, holder: Record, movement: Record) -> None:
    """Add a movement to an account and its balance, once."""
    if engage.store.get("point", movement["id"]):
        return
    now = engage.local_iso()
    point = {
        "id": movement["id"],
        "accountId": holder["id"],
        "amount": movement["amount"],
        "type": movement["transactionType"],
        "description": movement["description"],
        "source": movement["source"],
        "transactionDate": movement.get("transactionDate") or now,
        "createdOn": now,
        "modifiedOn": now,
        "validFrom": movement.get("validFrom") or movement.get("transactionDate") or now,
        "validTo": movement.get("validTo"),
        "retailTransactionLineItemId": None,
    }
    engage.store.put("point", point["id"], point)
    field = "pendingPoints" if _is_pending(engage, point) else "balance"
    engage.store.put("account", holder["id"], {**holder, field: holder[field] + movement["amount"]})


def _account(engage: Engage, account_id: str) -> Record:
    found = engage.store.get("account", account_id.lower())
    if found is None:
        raise ApiError(404, "PointAccountNotFound", "Point account not found")
    return found


def _is_pending(engage: Engage, point: Record) -> bool:
    return utc(point["validFrom"]) > engage.now()


def _passes(engage: Engage, point: Record, wanted: str) -> bool:
    if wanted.lower() == "pending":
        return _is_pending(engage, point)
    if wanted.lower() == "active":
        is_over = point["validTo"] is not None and utc(point["validTo"]) <= engage.now()
        return not _is_pending(engage, point) and not is_over
    return True


# --- vouchers ---


def vouchers(engage: Engage, call: Call) -> Answer:
    """`GET /api/v3/reward-vouchers`: all of a contact's."""
    return as_json(paged(_vouchers(engage, call), call))


def available(engage: Engage, call: Call) -> Answer:
    """`GET /api/v3/reward-vouchers/available`: usable now."""
    usable = [item for item in _vouchers(engage, call) if not item["redeemed"] and not _is_over(engage, item)]
    return as_json(paged(usable, call))


def redeemed(engage: Engage, call: Call) -> Answer:
    """`GET /api/v3/reward-vouchers/redeemed`: used ones."""
    return as_json(paged([item for item in _vouchers(engage, call) if item["redeemed"]], call))


def redeem(engage: Engage, call: Call) -> Answer:
    """`POST /api/v3/reward-vouchers/{id}/redeem`: 200; 409 when used or too old."""
    record = _voucher(engage, call)
    item = record["item"]
    if item["redeemed"]:
        raise ApiError(409, "RewardVoucherAlreadyRedeemed", "The voucher is already redeemed")
    if _is_over(engage, item):
        raise ApiError(409, "RewardVoucherExpired", "The voucher has expired")
    item = {**item, "redeemed": True, "redeemedOn": engage.local_iso()}
    engage.store.put("voucher", item["id"], {**record, "item": item})
    note_redemption(engage, "voucher", record["contactId"], item, "")
    return empty()


def reactivate(engage: Engage, call: Call) -> Answer:
    """`POST /api/v3/reward-vouchers/{id}/reactivate`: 200, at most 3 times."""
    record = _voucher(engage, call)
    item, times = record["item"], record["reactivated"]
    if not item["redeemed"]:
        raise ApiError(409, "RewardVoucherAlreadyActivated", "The voucher is active")
    if _is_over(engage, item):
        raise ApiError(409, "RewardVoucherExpired", "The voucher has expired")
    if times >= MOST_REACTIVATIONS:
        raise ApiError(409, "ReactivationLimitExceeded", "The voucher was reactivated too often")
    item = {**item, "redeemed": False, "redeemedOn": None}
    engage.store.put("voucher", item["id"], {**record, "item": item, "reactivated": times + 1})
    return empty()


def _vouchers(engage: Engage, call: Call) -> list[Any]:
    contact = contacts.by_id(engage, call.query.get("contactId"))
    return [record["item"] for record in engage.store.find("voucher", "contact", contact["id"])]


def _voucher(engage: Engage, call: Call) -> Record:
    voucher_id = guid(call.params["rewardVoucherId"], "InvalidRewardVoucherId", "voucher id")
    record = engage.store.get("voucher", voucher_id)
    if record is None:
        raise ApiError(404, "RewardVoucherNotFound", "Voucher not found")
    return record


def _is_over(engage: Engage, item: Record) -> bool:
    return item["expiresOn"] is not None and utc(item["expiresOn"]) <= engage.now()
