"""Reading a contact's vouchers: what Engage said, with what was used and taken back here since."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import F

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.engage import Money, RewardVoucher
from engage_portal.engage.wire import decode, member
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from promotions.kinds import VOUCHER_REACTIVATE
from promotions.models import Voucher, VoucherUse


class VoucherState(StrEnum):
    """What can be done with a voucher at this moment, by our clock."""

    USABLE = "usable"
    NOT_YET = "not yet"
    USED = "used"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class VoucherView:
    """A voucher as people and tills read it."""

    id: UUID
    number: str
    name: str
    value: Money | None
    points: Decimal | None
    state: VoucherState
    redeemed_on: datetime | None
    valid_from: datetime | None
    expires_on: datetime | None
    body: Mapping[str, Any]
    """In Engage's v3 language."""

    @property
    def is_usable(self) -> bool:
        """Whether it can be used now."""
        return self.state is VoucherState.USABLE

    @property
    def is_redeemed(self) -> bool:
        """Whether it was used, there or here."""
        return self.state is VoucherState.USED


@dataclass(frozen=True, slots=True)
class Standing:
    """What we know of a voucher's use beyond Engage's word."""

    use: VoucherUse
    is_used: bool


def vouchers_for(contact: Contact) -> list[VoucherView]:
    """All of a contact's vouchers in Engage's order, in a bounded number of queries."""
    rows = list(Voucher.objects.filter(contact=contact).order_by("position"))
    known = standings([row.pk for row in rows])
    return [_view(row, known.get(row.pk)) for row in rows]


def standings(voucher_ids: Collection[UUID]) -> Mapping[UUID, Standing]:
    """The vouchers on whose use we know more than Engage's list tells; those missing are as Engage says.

    A use counts until its reactivation is accepted here. That one counts until it settles, unless Engage refused it.
    """
    newest = F("released_at").asc(nulls_last=True)
    uses = {
        use.voucher_id: use for use in VoucherUse.objects.filter(voucher_id__in=voucher_ids).order_by(newest)
    }
    released = [use.pk for use in uses.values() if use.released_at is not None]
    states: dict[UUID, str] = {}
    if released:
        open_ones = Item.objects.open().filter(kind=VOUCHER_REACTIVATE, subject_id__in=released)
        states = dict(open_ones.values_list("subject_id", "state"))
    return {
        voucher_id: Standing(use, is_used=use.released_at is None or states[use.pk] == State.ATTENTION)
        for voucher_id, use in uses.items()
        if use.released_at is None or use.pk in states
    }


def _view(row: Voucher, standing: Standing | None) -> VoucherView:
    entry = RewardVoucher.read(decode(row.raw.encode()))
    redeemed, redeemed_on = row.redeemed, row.redeemed_on
    if standing is not None:
        redeemed = standing.is_used
        used_at = row.redeemed_on or (standing.use.accepted_at if standing.use.is_ours else None)
        redeemed_on = used_at if redeemed else None
    return VoucherView(
        id=row.pk,
        number=entry.voucher_number or "",
        name=entry.name or "Voucher",
        value=entry.value,
        points=entry.points,
        state=state_of(row, redeemed=redeemed),
        redeemed_on=redeemed_on,
        valid_from=row.valid_from,
        expires_on=row.expires_on,
        body=_body(entry, redeemed=redeemed, redeemed_on=redeemed_on),
    )


def state_of(row: Voucher, *, redeemed: bool) -> VoucherState:
    """Where a voucher stands by our clock: Engage's own answer may be hours old."""
    now = clock.now()
    if redeemed:
        return VoucherState.USED
    if row.expires_on is not None and row.expires_on <= now:
        return VoucherState.EXPIRED
    if row.valid_from is not None and row.valid_from > now:
        return VoucherState.NOT_YET
    return VoucherState.USABLE


def _body(entry: RewardVoucher, *, redeemed: bool, redeemed_on: datetime | None) -> dict[str, Any]:
    """What Engage sent, with v3's names where it used v2's [SDK ApiBonusCheck], and our own uses marked."""
    body = dict(entry.raw)
    for name, value in (("voucherNumber", entry.voucher_number), ("points", entry.points)):
        if member(body, name) is None and value is not None:
            body[name] = value
    if redeemed != entry.redeemed or redeemed_on != entry.redeemed_on:
        body |= {"redeemed": redeemed, "redeemedOn": redeemed_on.isoformat() if redeemed_on else None}
    return body
