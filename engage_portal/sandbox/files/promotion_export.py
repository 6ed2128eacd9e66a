"""The promotions export: what was assigned and what was redeemed since the last one, in separate files [A11]."""

import re
from collections.abc import Callable
from itertools import islice
from typing import TextIO
from xml.sax.saxutils import escape

from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.files.feed import since_last
from engage_portal.sandbox.files.folders import PROMOTIONS, Folders
from engage_portal.sandbox.files.naming import export_name
from engage_portal.sandbox.state import Engage

MOST = 10_000
"""Promotions in one file, as with contacts (inferred)."""
_NAMES = {"new": "promotions", "redeemed": "redeemedPromotions"}
_MILLISECONDS = re.compile(r"(\.\d{3})(?=[+-])")


def write(engage: Engage, folders: Folders) -> list[str]:
    """Write what changed, if anything did; answers the files' names. Raises OSError; then the next run writes it."""
    names: list[str] = []
    with since_last(engage, "assignment_change", PROMOTIONS) as changes:
        for kind, name in _NAMES.items():
            told = iter([change for change in changes if change["kind"] == kind])
            number = 0
            while part := list(islice(told, MOST)):
                names.append(export_name(engage, number, name))
                folders.write(PROMOTIONS, names[-1], _content(engage, kind, part))
                number += 1
    return names


def _content(engage: Engage, kind: str, changes: list[Record]) -> Callable[[TextIO], None]:
    """Root, sections and record as inferred in files.md §6.3."""

    def into(out: TextIO) -> None:
        out.write(f'<?xml version="1.0"?>\n<promotions>\n  <{kind}>\n')
        records = (_promotion(engage, kind, change) for change in changes)
        out.writelines(f"    <promotion>\n{record}    </promotion>\n" for record in records)
        out.write(f"  </{kind}>\n</promotions>\n")

    return into


def _promotion(engage: Engage, kind: str, change: Record) -> str:
    assignment = engage.store.get("assignment", change["id"]) or {}
    item = assignment["item"]
    contact = engage.store.get("contact", assignment["contactId"]) or {"attributes": {}, "contactType": ""}
    fields = {
        "contactId": assignment["contactId"],
        "contactKey": contact["attributes"].get(engage.settings.key_field),
        "contactType": contact["contactType"],
        "couponId": item["id"],
        "description": item["description"],
        "promotionId": item["promotionId"],
        "externalPromotionId": item["externalId"],
    }
    if kind == "redeemed":
        when = _MILLISECONDS.sub(r"\g<1>0000", item["redeemedOn"] or change["at"])
        return _fields({**fields, **assignment.get("usedIn", {}), "redeemedDateTime": when})
    dates = {"validFromDate": change["at"], "expireDateTime": item["expiresOn"]}
    channels = "".join(_channel(channel) for channel in item["redemptionChannels"])
    currency = next((_currency(channel) for channel in item["redemptionChannels"]), None)
    return (
        _fields({**fields, **dates})
        + f"      <redemptionChannels>\n{channels}      </redemptionChannels>\n"
        + _fields({"currency": currency})
    )


def _channel(channel: Record) -> str:
    value = channel["value"]
    if isinstance(value, dict):
        value = value["amount"]
    fields = {
        "type": channel["type"],
        "valuetype": channel["valueType"],
        "value": value if isinstance(value, str) else f"{value:.2f}",
        "instruction": channel.get("instruction"),
    }
    return f"        <redemptionChannel>\n{_fields(fields, 10)}        </redemptionChannel>\n"


def _currency(channel: Record) -> str | None:
    return channel["value"]["currency"] if isinstance(channel["value"], dict) else None


def _fields(fields: Record, indent: int = 6) -> str:
    """Elements of what has a value."""
    held = {name: value for name, value in fields.items() if value not in (None, "")}
    return "".join(f"{' ' * indent}<{name}>{escape(str(value))}</{name}>\n" for name, value in held.items())
