"""What a record of an export says, in the language of the API, so that the copy holds one kind of offers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils.timezone import get_default_timezone

from contacts.importing.values import guid
from engage_portal.core.ids import parse_guid
from engage_portal.engage.xml import PromotionRecord, Told

_LONGEST_TYPE = 40
_INVALID = object()


@dataclass(frozen=True, slots=True)
class Said:
    """One record, taken apart."""

    told: Told
    assignment_id: UUID
    engage_id: str
    """The contactId as 32 hexadecimal digits; empty where the record has none."""
    key: str
    """The value of the tenant's key, as it was written."""
    contact_type: str
    members: Mapping[str, Any]
    """What the record says about the assignment, by the API's names."""
    invalid: int
    """Fields that were left out."""


def said(record: PromotionRecord) -> Said | str:
    """A record, or why it cannot be used."""
    fields = record.fields
    assignment_id = parse_guid(fields.get("couponId", ""))
    if assignment_id is None:
        return "couponId is no GUID"
    written = fields.get("contactId", "")
    engage_id = guid(written)
    if written and not engage_id:
        return "contactId is no GUID"
    members = {ours: read(fields[theirs]) for theirs, (ours, read) in _MEMBERS.items() if theirs in fields}
    if record.channels is not None:
        members["redemptionChannels"] = [_channel(way, fields.get("currency", "")) for way in record.channels]
    sound = {name: value for name, value in members.items() if value is not _INVALID}
    return Said(
        told=record.told,
        assignment_id=assignment_id,
        engage_id=engage_id,
        key=fields.get("contactKey", ""),
        contact_type=fields.get("contactType", "")[:_LONGEST_TYPE],
        members={**sound, "id": str(assignment_id)},
        invalid=len(members) - len(sound),
    )


def _moment(text: str) -> Any:
    """A time as it was written; one without an offset is the tenant's. Digits beyond microseconds are kept."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return _INVALID
    return text if at.tzinfo else at.replace(tzinfo=get_default_timezone()).isoformat()


def _template(text: str) -> Any:
    return (str(found) if (found := parse_guid(text)) else _INVALID) if text else None


def _text(text: str) -> Any:
    return text or None


_MEMBERS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "promotionId": ("promotionId", _template),
    "externalPromotionId": ("externalId", _text),
    "description": ("description", _text),
    "validFromDate": ("validFrom", _moment),
    "expireDateTime": ("expiresOn", _moment),
    "redeemedDateTime": ("redeemedOn", _moment),
}


def _channel(way: Mapping[str, str], currency: str) -> dict[str, Any]:
    """A way to redeem as the API has it [SDK ApiPromotionRedemptionChannelModel]: the spelling `e-com` is ECOM."""
    kind, value = way.get("valueType", "").upper(), way.get("value", "")
    found: Any = value or None
    if kind == "PERCENT":
        found = _number(value)
        if found is not None and found == int(found):
            found = int(found)
    elif kind == "MONEY" and (amount := _number(value)) is not None:
        found = {"amount": amount, "currency": (way.get("currency") or currency).upper()}
    return {
        "type": way["type"].upper().replace("-", ""),
        "valueType": kind,
        "value": found,
        "instruction": way.get("instruction") or None,
    }


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
