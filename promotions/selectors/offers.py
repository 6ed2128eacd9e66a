"""Reading a contact's offers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.engage import Money, PromotionAssignment, RedemptionChannel
from engage_portal.engage.wire import decode
from promotions.models import Assignment

_PREFERRED = ("ECOM", "POS", "OTHER")


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer as a person reads it."""

    id: UUID
    heading: str
    description: str
    value_text: str
    code: str
    expires_on: datetime | None
    image_url: str
    link: str
    redeemed: bool
    usable: bool


def offers_for(contact: Contact) -> list[Offer]:
    """A contact's offers in Engage's order, usable ones first."""
    offers = [_offer(row) for row in Assignment.objects.filter(contact=contact).order_by("position")]
    return sorted(offers, key=lambda offer: not offer.usable)


def assignments_for(contact: Contact, *, channel: str | None = None) -> list[PromotionAssignment]:
    """What Engage listed, with our own redemptions marked; those of one channel, if one is named."""
    rows = Assignment.objects.filter(contact=contact).order_by("position")
    read = [(row, PromotionAssignment.read(decode(row.raw.encode()))) for row in rows]
    return [
        _marked(entry, redeemed=row.redeemed)
        for row, entry in read
        if channel is None or any(way.type.upper() == channel for way in entry.redemption_channels)
    ]


def _marked(entry: PromotionAssignment, *, redeemed: bool) -> PromotionAssignment:
    return PromotionAssignment.read({**entry.raw, "redeemed": redeemed})


def _offer(row: Assignment) -> Offer:
    entry = PromotionAssignment.read(decode(row.raw.encode()))
    way = _way(entry.redemption_channels)
    expired = row.expires_on is not None and row.expires_on <= clock.now()
    return Offer(
        id=row.pk,
        heading=entry.heading or entry.name or "Offer",
        description=entry.description or "",
        value_text=_value_text(way),
        code=str(way.value or "") if way and way.value_type.upper() == "EXTERNALOFFER" else "",
        expires_on=row.expires_on,
        image_url=entry.image_url or "",
        link=entry.link or "",
        redeemed=row.redeemed,
        usable=not row.redeemed and not expired,
    )


def _way(ways: Iterable[RedemptionChannel]) -> RedemptionChannel | None:
    """The way to redeem that a person at home would use."""
    ranked = sorted(
        ways, key=lambda way: _PREFERRED.index(way.type.upper()) if way.type.upper() in _PREFERRED else 9
    )
    return ranked[0] if ranked else None


def _value_text(way: RedemptionChannel | None) -> str:
    if way is None or way.value is None:
        return ""
    if isinstance(way.value, Money):
        return f"{_plain(way.value.amount)} {way.value.currency} off"
    if isinstance(way.value, Decimal):
        return f"{_plain(way.value)} % off"
    return str(way.value) if way.value_type.upper() == "MANUAL" else ""


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
