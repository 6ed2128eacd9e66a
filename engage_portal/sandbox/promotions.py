"""Promotion assignments: list, assign, redeem (api.md §9)."""

from engage_portal.sandbox import contacts
from engage_portal.sandbox.answers import Answer, ApiError, Record, as_json, empty
from engage_portal.sandbox.call import Call, guid
from engage_portal.sandbox.state import Engage, utc

CHANNELS = ("POS", "ECOM", "OTHER")


def listed(engage: Engage, call: Call) -> Answer:
    """`GET /api/v3/promotion-assignments`: a plain array, redeemed ones included, expired ones not."""
    contact = contacts.by_id(engage, call.params.get("contactId") or call.query.get("contactId"))
    channel = call.query.get("redemptionChannelType", "")
    if channel and channel.upper() not in CHANNELS:
        raise ApiError(400, "NotAValidRedemptionChannel", "Not a valid redemption channel")
    found = engage.store.find("assignment", "contact", contact["id"])
    return as_json(
        [
            record["item"]
            for record in found
            if not _is_over(engage, record["item"]["expiresOn"])
            and (not channel or channel.upper() in _channels(record["item"]))
        ]
    )


def assign(engage: Engage, call: Call) -> Answer:
    """`POST /api/v3/promotion-assignments` (v2: in the path): give a main promotion to a contact."""
    data = call.params if "promotionId" in call.params else call.data()
    contact = contacts.by_id(engage, data.get("contactId"))
    template_id = guid(data.get("promotionId"), "InvalidPromotionId", "promotion id")
    template = engage.store.get("template", template_id)
    if template is None:
        raise ApiError(404, "PromotionNotFound", "Promotion not found")
    if _is_over(engage, template["expiresOn"]):
        raise ApiError(409, "PromotionExpired", "The promotion is over")
    assignment_id = engage.new_id()
    give(engage, contact["id"], template, assignment_id)
    _note_change(engage, assignment_id, "new")
    return empty()


def redeem(engage: Engage, call: Call) -> Answer:
    """`POST /api/v3/promotion-assignments/{assignmentId}/redeem` and both v2 forms: 200 without a body.

    The id is always the assignment's; a template's id is 404 (api.md §9.3). Both v2 paths call it
    `promotionId`.
    """
    assignment_id = guid(call.params["assignmentId"], "InvalidPromotionIdNoData", "promotion id")
    record = engage.store.get("assignment", assignment_id)
    if record is None:
        raise ApiError(404, "PromotionNotFound", "Promotion not found")
    if "contactId" in call.params and call.params["contactId"].lower() != record["contactId"]:
        raise ApiError(404, "PromotionNotAssociatedWithContact", "The promotion is not this contact's")
    body = call.json()
    channel = str(body.get("redemptionChannel", "")).upper() if isinstance(body, dict) else ""
    use(engage, record, channel, when=engage.local_iso())
    return empty()


def use(
    engage: Engage,
    assignment: Record,
    channel: str,
    *,
    when: str,
    way: str = "api",
    used_in: Record | None = None,
) -> None:
    """Redeem an assignment; `used_in` is the store where. Raises 400 or 409, in which case nothing is changed."""
    _refuse(engage, assignment["item"], channel)
    redeemed = {**assignment["item"], "redeemed": True, "redeemedOn": when}
    engage.store.put("assignment", redeemed["id"], {**assignment, "item": redeemed, "usedIn": used_in or {}})
    note_redemption(engage, "promotion", assignment["contactId"], redeemed, channel, way)
    _note_change(engage, redeemed["id"], "redeemed")


def give(engage: Engage, contact_id: str, template: Record, assignment_id: str) -> None:
    """Assign a template: `id` is the contact's own, `promotionId` everybody's."""
    item = {**template, "id": assignment_id, "redeemed": False, "redeemedOn": None}
    engage.store.put("assignment", assignment_id, {"contactId": contact_id, "item": item})


def note_redemption(
    engage: Engage, kind: str, contact_id: str, item: Record, channel: str, way: str = "api"
) -> None:
    """Remember a redemption for the page and for tests."""
    record = {
        "kind": kind,
        "id": item["id"],
        "contactId": contact_id,
        "channel": channel,
        "name": item["name"],
        "at": engage.now().isoformat(),
        "way": way,
    }
    engage.store.put("redemption", str(engage.next_number("redemption")), record)


def _note_change(engage: Engage, assignment_id: str, kind: str) -> None:
    """Remember what the promotions export will tell; what the sandbox starts with is no news."""
    record = {"id": assignment_id, "kind": kind, "at": engage.local_iso()}
    engage.store.put("assignment_change", str(engage.next_number("assignment_change")), record)


def _refuse(engage: Engage, item: Record, channel: str) -> None:
    if channel not in CHANNELS:
        raise ApiError(400, "NotAValidRedemptionChannel", "Not a valid redemption channel")
    if channel not in _channels(item):
        raise ApiError(409, "PromotionNotValidForRedemptionChannel", "Not valid for this redemption channel")
    if item["redeemed"]:
        raise ApiError(409, "PromotionAlreadyRedeemed", "Promotion already redeemed")
    if _is_over(engage, item["expiresOn"]):
        raise ApiError(409, "PromotionExpired", "The promotion is over")


def _channels(item: Record) -> set[str]:
    return {channel["type"] for channel in item["redemptionChannels"]}


def _is_over(engage: Engage, expires_on: str | None) -> bool:
    return expires_on is not None and utc(expires_on) <= engage.now()
