"""What Engage answers about promotions, points and vouchers. Read like everything in `answers`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from engage_portal.core.ids import AssignmentId, EngageContactId
from engage_portal.engage.wire import lowered, member, moment, number, objects, text, truth

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency; `currency` is empty when Engage left it out."""

    amount: Decimal
    currency: str

    @classmethod
    def read(cls, raw: Any) -> Self | None:
        """The money in a member, or None."""
        amount = number(raw, "amount")
        return None if amount is None else cls(amount=amount, currency=(text(raw, "currency") or "").upper())


def _moneys(raw: Any) -> tuple[Money, ...]:
    return tuple(money for money in map(Money.read, objects(raw)) if money is not None)


@dataclass(frozen=True, slots=True)
class RedemptionChannel:
    """How a promotion is used in one channel. `value`: a number for PERCENT, Money for MONEY, text
    otherwise.
    """

    type: str
    value_type: str
    value: Decimal | Money | str | None
    local_values: tuple[Money, ...]
    instruction: str | None
    raw: Raw = field(repr=False)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """[developer.voyado.com/docs/loyalty/promotions] [SDK ApiPromotionRedemptionChannelModel]"""
        value_type = (text(raw, "valueType") or "").upper()
        value: Decimal | Money | str | None = text(raw, "value")
        if value_type == "PERCENT":
            value = number(raw, "value")
        elif value_type == "MONEY":
            value = Money.read(member(raw, "value")) or _bare_money(raw)
        return cls(
            type=(text(raw, "type") or "").upper().replace("-", ""),
            value_type=value_type,
            value=value,
            local_values=_moneys(member(raw, "localValues")),
            instruction=text(raw, "instruction"),
            raw=raw,
        )


def _bare_money(raw: Raw) -> Money | None:
    """An amount beside its currency, as files have it [developer.voyado.com/docs/file-based-transfer]."""
    amount = number(raw, "value")
    return None if amount is None else Money(amount=amount, currency=(text(raw, "currency") or "").upper())


@dataclass(frozen=True, slots=True)
class PromotionAssignment:
    """One contact's right to a promotion. `id` is what is redeemed, `promotion_id` the shared template,
    never redeemed.

    [developer.voyado.com/en/promotions/redeem-a-promotion.html]
    """

    id: AssignmentId
    promotion_id: str | None
    external_id: str | None
    type: str | None
    name: str | None
    heading: str | None
    description: str | None
    image_url: str | None
    link: str | None
    valid_from: datetime | None
    """Not on the page of the API; exports have it, and an assignment may begin later."""
    expires_on: datetime | None
    redeemed: bool
    redeemed_on: datetime | None
    redemption_channels: tuple[RedemptionChannel, ...]
    raw: Raw = field(repr=False)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """[SDK ApiPromotionModel], the same in v2 and v3; older answers have no `promotionId`. Then the names that
        exports use for the same [developer.voyado.com/docs/file-based-transfer/promotions-xml-export].
        """
        redeemed_on = moment(raw, "redeemedOn", "redeemedDateTime")
        redeemed = truth(raw, "redeemed")
        channels = objects(member(raw, "redemptionChannels"))
        return cls(
            id=AssignmentId(lowered(raw, "id", "couponId")),
            promotion_id=lowered(raw, "promotionId") or None,
            external_id=text(raw, "externalId", "externalPromotionId"),
            type=text(raw, "type"),
            name=text(raw, "name"),
            heading=text(raw, "heading"),
            description=text(raw, "description"),
            image_url=text(raw, "imageUrl"),
            link=text(raw, "link"),
            valid_from=moment(raw, "validFrom", "validFromDate", "startDate"),
            expires_on=moment(raw, "expiresOn", "expireDateTime"),
            redeemed=redeemed_on is not None if redeemed is None else redeemed,
            redeemed_on=redeemed_on,
            redemption_channels=tuple(RedemptionChannel.read(each) for each in channels),
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class PointAccount:
    """A contact's account of points. Ids are text: GUIDs in v3, integers in v2."""

    id: str
    contact_id: EngageContactId | None
    definition_id: str | None
    balance: Decimal | None
    balance_expires: datetime | None
    pending_points: Decimal | None
    raw: Raw = field(repr=False)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """[developer.voyado.com/docs/loyalty/points]"""
        contact_id = lowered(raw, "contactId")
        return cls(
            id=lowered(raw, "id"),
            contact_id=EngageContactId(contact_id) if contact_id else None,
            definition_id=lowered(raw, "definitionId") or None,
            balance=number(raw, "balance"),
            balance_expires=moment(raw, "balanceExpires"),
            pending_points=number(raw, "pendingPoints"),
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class PointTransaction:
    """One movement of points; `type` is Addition, Deduction, Expiry, Cancellation, or something newer."""

    id: str
    account_id: str | None
    amount: Decimal | None
    type: str | None
    description: str | None
    source: str | None
    transaction_date: datetime | None
    created_on: datetime | None
    modified_on: datetime | None
    valid_from: datetime | None
    valid_to: datetime | None
    retail_transaction_line_item_id: str | None
    raw: Raw = field(repr=False)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """[developer.voyado.com/docs/loyalty/points]"""
        return cls(
            id=lowered(raw, "id"),
            account_id=lowered(raw, "accountId") or None,
            amount=number(raw, "amount"),
            type=text(raw, "type"),
            description=text(raw, "description"),
            source=text(raw, "source"),
            transaction_date=moment(raw, "transactionDate"),
            created_on=moment(raw, "createdOn"),
            modified_on=moment(raw, "modifiedOn"),
            valid_from=moment(raw, "validFrom"),
            valid_to=moment(raw, "validTo"),
            retail_transaction_line_item_id=lowered(raw, "retailTransactionLineItemId") or None,
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class RewardVoucher:
    """A voucher; its `voucher_number` is what a receipt carries as `usedBonusChecks.checkNumber`."""

    id: str
    voucher_number: str | None
    name: str | None
    redeemed: bool
    redeemed_on: datetime | None
    valid_from: datetime | None
    """Not on any page; read in case a tenant's vouchers start later."""
    expires_on: datetime | None
    value: Money | None
    local_values: tuple[Money, ...]
    points: Decimal | None
    raw: Raw = field(repr=False)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """[developer.voyado.com/docs/loyalty/vouchers]"""
        redeemed_on = moment(raw, "redeemedOn")
        redeemed = truth(raw, "redeemed")
        return cls(
            id=lowered(raw, "id"),
            voucher_number=text(raw, "voucherNumber", "checkNumber"),
            name=text(raw, "name"),
            redeemed=redeemed_on is not None if redeemed is None else redeemed,
            redeemed_on=redeemed_on,
            valid_from=moment(raw, "validFrom"),
            expires_on=moment(raw, "expiresOn"),
            value=Money.read(member(raw, "value")),
            local_values=_moneys(member(raw, "localValues")),
            points=number(raw, "points", "bonusPoints"),
            raw=raw,
        )
