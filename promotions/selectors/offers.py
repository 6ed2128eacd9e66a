"""Reading a contact's offers: what Engage listed, with what was used here since, by our own clock."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db.models import Min

from contacts.models import Contact
from engage_portal.engage import PromotionAssignment, RedemptionChannel
from engage_portal.engage.wire import decode, member
from promotions.models import Assignment, AssignmentSnapshot, Redemption
from promotions.selectors.states import Dated, UseState, use_state
from promotions.words import discount_words, hint_words, place_words

_PREFERRED = ("ECOM", "POS", "OTHER")


@dataclass(frozen=True, slots=True)
class AssignmentView:
    """An assignment as tills read it."""

    id: UUID
    entry: PromotionAssignment
    state: UseState
    valid_from: datetime | None
    expires_on: datetime | None
    redeemed_on: datetime | None
    body: Mapping[str, Any]
    """In Engage's v3 language, with our own redemptions marked, and `state`, which is ours."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer as a person reads it."""

    id: UUID
    heading: str
    description: str
    value_text: str
    discount: str
    """The same where it is a number; empty for a gift in words."""
    code: str
    hint: str
    place: str
    valid_from: datetime | None
    expires_on: datetime | None
    redeemed_on: datetime | None
    image_url: str
    link: str
    state: UseState


class Listed(Dated, Protocol):
    """What is shown of an assignment as Engage listed it: an `Assignment`, or only these columns of one."""

    @property
    def pk(self) -> UUID: ...
    @property
    def redeemed(self) -> bool: ...
    @property
    def raw(self) -> str: ...


_LISTED = Assignment.objects.order_by("position").values_list(
    "pk", "redeemed", "valid_from", "expires_on", "raw", named=True
)
"""Columns, not models: a till asks all the time, and they cost a third less."""


def offers_for(contact: Contact) -> list[Offer]:
    """A contact's offers in Engage's order, usable ones first."""
    offers = [_offer(view) for view in assignments_for(contact)]
    return sorted(offers, key=lambda offer: not offer.state.is_usable)


def assignments_for(contact: Contact, *, channel: str | None = None) -> list[AssignmentView]:
    """What Engage listed, in two queries; those that can be used in one channel, if one is named."""
    rows: list[Listed] = list(_LISTED.filter(contact=contact))
    used_at = _used_at([row.pk for row in rows if row.redeemed])
    views = [_view(row, used_at.get(row.pk)) for row in rows]
    return [view for view in views if channel is None or channel in ways_of(view.entry)]


def _used_at(assignment_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When offers were used here; most people used none of those that are listed."""
    if not assignment_ids:
        return {}
    used = Redemption.objects.filter(assignment_id__in=assignment_ids)
    return dict(used.values_list("assignment_id", "accepted_at"))


def offers_known_at(contact_id: UUID) -> datetime | None:
    """How old our copy of somebody's offers is: Engage's list, else since when exports tell of them, else None."""
    snapshot = AssignmentSnapshot.objects.filter(contact=contact_id).first()
    if snapshot is not None:
        return snapshot.fetched_at
    known: datetime | None = Assignment.objects.filter(contact=contact_id).aggregate(at=Min("as_of"))["at"]
    return known


def ways_of(entry: PromotionAssignment) -> dict[str, RedemptionChannel]:
    """How an offer is used, by channel."""
    return {way.type: way for way in reversed(entry.redemption_channels)}


def entry_of(row: Listed) -> PromotionAssignment:
    """What Engage said about an assignment."""
    return PromotionAssignment.read(decode(row.raw.encode()))


def _view(row: Listed, used_at: datetime | None) -> AssignmentView:
    entry, state = entry_of(row), use_state(row, redeemed=row.redeemed)
    redeemed_on = (entry.redeemed_on or used_at) if row.redeemed else None
    return AssignmentView(
        id=row.pk,
        entry=entry,
        state=state,
        valid_from=row.valid_from,
        expires_on=row.expires_on,
        redeemed_on=redeemed_on,
        body=_body(entry, row, redeemed_on=redeemed_on) | {"state": str(state)},
    )


def _body(entry: PromotionAssignment, row: Listed, *, redeemed_on: datetime | None) -> dict[str, Any]:
    """What Engage sent, with v3's names where it used others, and our own use marked."""
    body = dict(entry.raw)
    for name, value in (("id", entry.id), ("promotionId", entry.promotion_id)):
        if value and member(body, name) is None:
            body[name] = value
    if row.redeemed != entry.redeemed or redeemed_on != entry.redeemed_on:
        body["redeemedOn"] = redeemed_on.isoformat() if redeemed_on else None
    return body | {"redeemed": row.redeemed}


def _offer(view: AssignmentView) -> Offer:
    entry = view.entry
    way = _way(entry)
    return Offer(
        id=view.id,
        heading=entry.heading or entry.name or entry.description or "Offer",
        description=entry.description or "" if entry.heading or entry.name else "",
        value_text=_headline(way) if way else "",
        discount=discount_words(way) if way else "",
        code=str(way.value or "") if way and way.value_type == "EXTERNALOFFER" else "",
        hint=hint_words(way) if way else "",
        place=place_words(entry.redemption_channels),
        valid_from=view.valid_from,
        expires_on=view.expires_on,
        redeemed_on=view.redeemed_on,
        image_url=entry.image_url or "",
        link=entry.link or "",
        state=view.state,
    )


def _way(entry: PromotionAssignment) -> RedemptionChannel | None:
    """The way to redeem that a person at home would use."""
    ways = ways_of(entry)
    return next((ways[channel] for channel in _PREFERRED if channel in ways), next(iter(ways.values()), None))


def _headline(way: RedemptionChannel) -> str:
    """What an offer's card says in large letters; a code and a swipe are explained below it instead."""
    return discount_words(way) or (str(way.value or "") if way.value_type == "MANUAL" else "")
