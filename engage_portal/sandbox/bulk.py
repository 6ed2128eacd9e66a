"""Bulk contacts: queued at once, applied later, bad rows only in the log (api.md §7.1, §7.2)."""

from datetime import timedelta
from typing import Any

from engage_portal.sandbox import contacts
from engage_portal.sandbox.answers import Answer, ApiError, Record, as_json
from engage_portal.sandbox.call import Call
from engage_portal.sandbox.contact_rules import CUSTOM, DEFAULT_TYPE, KEY_ATTRIBUTES, required_type
from engage_portal.sandbox.state import Engage, utc

MOST_ROWS = 4000


def create(engage: Engage, call: Call) -> Answer:
    """`POST /api/v3/contacts/bulk`: 202 and the batch id as a bare JSON string."""
    return _queue(engage, call, "create")


def update(engage: Engage, call: Call) -> Answer:
    """`PATCH /api/v3/contacts/bulk`: the same for updates."""
    return _queue(engage, call, "update")


def status(engage: Engage, call: Call) -> Answer:
    """`GET .../bulk/status?batchId=`: at least an id and a state (inferred, api.md §7.2)."""
    batch = engage.store.get("batch", call.query.get("batchId", "").lower())
    if batch is None:
        raise ApiError(404, "BatchNotFound", "Unknown batch")
    return as_json({"batchId": batch["id"], "status": batch["status"]})


def apply_due(engage: Engage) -> None:
    """Apply the batches whose delay is over, in the order they came."""
    head = engage.store.first("batch", "state", "Queued")
    if head is None or not _is_due(engage, head):
        return
    for batch in engage.store.find("batch", "state", "Queued"):
        if _is_due(engage, batch):
            _apply(engage, batch)


def _queue(engage: Engage, call: Call, verb: str) -> Answer:
    rows = call.json()
    if not isinstance(rows, list) or not rows:
        raise ApiError(400, "NoData", "The body must be an array of contacts")
    if len(rows) > MOST_ROWS:
        raise ApiError(400, "TooManyContacts", f"At most {MOST_ROWS} contacts per request")
    batch: Record = {
        "id": engage.new_id(),
        "verb": verb,
        "status": "Queued",
        "contactType": required_type(call.query.get("contactType") or DEFAULT_TYPE),
        "avoidTriggeringExport": call.query.get("avoidTriggeringExport", "false").lower() == "true",
        "receivedAt": engage.now().isoformat(),
        "rows": rows,
        "accepted": 0,
        "refused": 0,
    }
    engage.store.put("batch", batch["id"], batch)
    return as_json(batch["id"], 202)


def _is_due(engage: Engage, batch: Record) -> bool:
    return engage.now() >= utc(batch["receivedAt"]) + timedelta(seconds=engage.settings.bulk_delay)


def _apply(engage: Engage, batch: Record) -> None:
    accepted = 0
    if _may_run(engage, batch):
        for number, row in enumerate(batch["rows"]):
            accepted += _apply_row(engage, batch, number, row)
    refused = len(batch["rows"]) - accepted
    done = {**batch, "status": "Completed", "rows": [], "accepted": accepted, "refused": refused}
    engage.store.put("batch", batch["id"], done)
    level = "error" if refused else "info"
    engage.note(level, f"Batch {batch['id']} ({batch['verb']}): {accepted} applied, {refused} refused")


def _may_run(engage: Engage, batch: Record) -> bool:
    """avoidTriggeringExport allows only keys and non-standard fields, and acts on PATCH (api.md §7.1)."""
    if batch["verb"] != "update" or not batch["avoidTriggeringExport"]:
        return True
    allowed = CUSTOM | set(KEY_ATTRIBUTES)
    if all(isinstance(row, dict) and set(row) <= allowed for row in batch["rows"]):
        return True
    engage.note("error", f"Batch {batch['id']}: avoidTriggeringExport with standard fields, import failed")
    return False


def _apply_row(engage: Engage, batch: Record, number: int, row: Any) -> bool:
    where = f"Batch {batch['id']} row {number}"
    if not isinstance(row, dict):
        engage.note("error", f"{where}: not an object")
        return False
    try:
        if batch["verb"] == "create":
            contacts.create(engage, row, batch["contactType"])
        else:
            held = _match(engage, batch["contactType"], row)
            contacts.update(engage, held, row, is_silent=batch["avoidTriggeringExport"])
    except ApiError as refusal:
        engage.note("error", f"{where}: {'; '.join(refusal.errors) or refusal.message}")
        return False
    return True


def _match(engage: Engage, wanted: str, row: Record) -> Record:
    found = {
        contact["id"]: contact
        for key in KEY_ATTRIBUTES
        if row.get(key)
        for contact in engage.with_key(key, str(row[key]), (wanted,))
    }
    if len(found) != 1:
        reason = "the keys belong to several contacts" if found else f"no {wanted} has these keys"
        raise ApiError(404, "ContactNotFound", reason)
    return next(iter(found.values()))
