"""The import of redeemed promotions, in the profile that we propose to Voyado (files.md §7.3, wholly inferred)."""

from pathlib import Path

from engage_portal.core.ids import parse_guid
from engage_portal.sandbox import promotions
from engage_portal.sandbox.answers import ApiError, Record
from engage_portal.sandbox.files.reading import MOST, Layout, records
from engage_portal.sandbox.files.report import Report
from engage_portal.sandbox.receipt_rules import is_moment
from engage_portal.sandbox.state import Engage

LAYOUT = Layout("", "redeemedPromotions", above=1)
RECORD = "redeemedPromotion"


def apply(engage: Engage, path: Path, report: Report) -> None:
    """Redeem what a file names; what is redeemed or unknown is skipped. Raises MajorError: undo all of it then."""
    number = 0
    for found in records(path, LAYOUT):
        number = found.number
        fields = {LAYOUT.name(child): LAYOUT.text(child) for child in found.element}
        if LAYOUT.name(found.element) != RECORD:
            report.skip(number, f"<{LAYOUT.name(found.element)}> is no redeemed promotion")
            continue
        try:
            _redeem(engage, fields)
        except ApiError as refusal:
            report.skip(number, f"coupon {_coupon(fields)}: {refusal.message} ({refusal.code})")
        else:
            report.taken += 1
    if number > MOST:
        report.say(f"{number} redemptions: more than {MOST} are slow and may time out")


def _redeem(engage: Engage, fields: dict[str, str]) -> None:
    assignment = engage.store.get("assignment", _coupon(fields))
    if assignment is None:
        raise ApiError(404, "PromotionNotFound", "Promotion not found")
    if fields.get("contactId") and fields["contactId"].lower() != assignment["contactId"]:
        raise ApiError(404, "PromotionNotAssociatedWithContact", "The promotion is not this contact's")
    used_in: Record = {name: fields[name] for name in ("storeId", "storeType") if fields.get(name)}
    when = fields.get("redeemedDateTime", "")
    if not is_moment(when):
        raise ApiError(400, "InvalidDate", "redeemedDateTime must be a date and time with offset")
    channel = fields.get("redemptionChannel", "").upper()
    promotions.use(engage, assignment, channel, when=when, way="file", used_in=used_in)


def _coupon(fields: dict[str, str]) -> str:
    return str(parse_guid(fields.get("couponId", "")) or "")
