"""Reading a contact's vouchers: what Engage said, with what was used and taken back here since."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from contacts.models import Contact
from engage_portal.engage import Money, RewardVoucher
from engage_portal.engage.wire import decode, member
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from promotions.kinds import VOUCHER_REACTIVATE
from promotions.models import Voucher, VoucherUse
from promotions.selectors.states import Dated, UseState, use_state
from promotions.words import money_words


@dataclass(frozen=True, slots=True)
class VoucherView:
    """A voucher as people and tills read it."""

    id: UUID
    number: str
    name: str
    value: Money | None
    points: Decimal | None
    state: UseState
    redeemed_on: datetime | None
    valid_from: datetime | None
    expires_on: datetime | None
    body: Mapping[str, Any]
    """In Engage's v3 language."""

    @property
    def value_text(self) -> str:
        """What it is worth, as on a price tag; empty where Engage does not say."""
        return self.text()

    def text(self, language: str = "") -> str:
        """The same in a language."""
        return money_words(self.value, language) if self.value else ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What we know of a voucher's use beyond Engage's word."""

    use: VoucherUse
    is_used: bool


class Listed(Dated, Protocol):
    """What is shown of a voucher as Engage listed it: a `Voucher`, or only these columns of one."""

    @property
    def pk(self) -> UUID: ...
    @property
    def redeemed(self) -> bool: ...
    @property
    def redeemed_on(self) -> datetime | None: ...
    @property
    def raw(self) -> str: ...


_LISTED = Voucher.objects.order_by("position").values_list(
    "pk", "redeemed", "redeemed_on", "valid_from", "expires_on", "raw", named=True
)
"""Columns, not models: a till asks all the time, and they cost a third less."""


def vouchers_for(contact: Contact) -> list[VoucherView]:
    """All of a contact's vouchers in Engage's order, in a bounded number of queries."""
    rows: list[Listed] = list(_LISTED.filter(contact=contact))
    known = standings([row.pk for row in rows])
    return [_view(row, known.get(row.pk)) for row in rows]


def standings(voucher_ids: Collection[UUID]) -> Mapping[UUID, Standing]:
    """The vouchers on whose use we know more than Engage's list tells; those missing are as Engage says.

    A use counts until its reactivation is accepted here. That one counts until it settles, unless Engage refused it.
    """
    uses: dict[UUID, VoucherUse] = {}
    for use in VoucherUse.objects.filter(voucher_id__in=voucher_ids):
        other = uses.get(use.voucher_id)
        if other is None or _is_newer(use, other):
            uses[use.voucher_id] = use
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


def _is_newer(use: VoucherUse, other: VoucherUse) -> bool:
    """Whether a use came after another of the same voucher: that one was released before, as the database sees to."""
    return use.released_at is None or (other.released_at is not None and use.released_at > other.released_at)


def _view(row: Listed, standing: Standing | None) -> VoucherView:
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
        state=use_state(row, redeemed=redeemed),
        redeemed_on=redeemed_on,
        valid_from=row.valid_from,
        expires_on=row.expires_on,
        body=_body(entry, redeemed=redeemed, redeemed_on=redeemed_on),
    )


def _body(entry: RewardVoucher, *, redeemed: bool, redeemed_on: datetime | None) -> dict[str, Any]:
    """What Engage sent, with v3's names where it used v2's [SDK ApiBonusCheck], and our own uses marked."""
    body = dict(entry.raw)
    for name, value in (("voucherNumber", entry.voucher_number), ("points", entry.points)):
        if member(body, name) is None and value is not None:
            body[name] = value
    if redeemed != entry.redeemed or redeemed_on != entry.redeemed_on:
        body |= {"redeemed": redeemed, "redeemedOn": redeemed_on.isoformat() if redeemed_on else None}
    return body


def worth_of(voucher: Voucher) -> Money | None:
    """What Engage said that a voucher is worth."""
    return RewardVoucher.read(decode(voucher.raw.encode())).value
