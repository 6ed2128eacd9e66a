"""Promotions exports that Engage makes, and a portal that reads them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from contacts.importing import Report, take_upload
from contacts.models import ExportFile
from engage_portal.core import clock
from promotions.models import Assignment
from tests.contacts.importing.exporting import _numbers, ago, file_name, outcome, read
from tests.engage_xml.layouts import Layout

__all__ = ["ANNA", "KUPONG", "ago", "gone", "imported", "new", "outcome", "read", "row", "taken", "used"]

ANNA = "3f1c9a52-7d0e-4b7a-9c55-0a6b1d2e3f40"
KUPONG = "5d1f7a60-4b0e-4f27-9d55-8f6c1b2a3d4e"
TEMPLATE = "0c2e4a68-1b3d-4f5a-8c7e-9a0b1c2d3e4f"
POS = {"type": "POS", "valuetype": "PERCENT", "value": "15.00", "instruction": "15 % off one lamp"}
ECOM = {"type": "e-com", "valuetype": "EXTERNALOFFER", "value": "LAMP15"}


def new(coupon: str = KUPONG, contact: str = ANNA, **fields: Any) -> dict[str, Any]:
    """Somebody was given an offer."""
    return {
        "told": "new",
        "contactId": contact,
        "contactKey": "5000113",
        "contactType": "Member",
        "couponId": coupon,
        "description": "Spring lamps",
        "promotionId": TEMPLATE,
        "externalPromotionId": "SPRING-26",
        "validFromDate": "2026-04-01T00:00:00+02:00",
        "expireDateTime": "2099-05-01T00:00:00+02:00",
        "channels": [POS, ECOM],
        **fields,
    }


def used(coupon: str = KUPONG, contact: str = ANNA, **fields: Any) -> dict[str, Any]:
    """Somebody used an offer."""
    return {
        "told": "redeemed",
        "contactId": contact,
        "couponId": coupon,
        "promotionId": TEMPLATE,
        "storeId": "9001",
        "redeemedDateTime": "2026-04-12T09:12:44.1234567+02:00",
        **fields,
    }


def gone(coupon: str = KUPONG, contact: str = ANNA, **fields: Any) -> dict[str, Any]:
    """An offer was taken away."""
    return {"told": "deleted", "contactId": contact, "contactKey": "5000113", "couponId": coupon, **fields}


def taken(*told: dict[str, Any], made_at: datetime | None = None, layout: Layout | None = None) -> ExportFile:
    """The portal has the file. Each has other bytes, so that none is known already."""
    content = f"{(layout or Layout()).write(told)}<!-- {next(_numbers)} -->".encode()
    return take_upload(file_name(made_at or clock.now()), [content], "Sam")


def imported(*told: dict[str, Any], made_at: datetime | None = None, layout: Layout | None = None) -> Report:
    """One export is read to its end; what came of it."""
    file = taken(*told, made_at=made_at, layout=layout)
    assert file.kind == ExportFile.Kind.PROMOTIONS
    return read(file)


def row(coupon: str = KUPONG) -> Assignment | None:
    """The copy of one assignment."""
    return Assignment.objects.filter(pk=UUID(coupon)).first()
