"""What Engage answers, as frozen dataclasses.

Each keeps `raw`, the object as it came, and offers the members we use. Each can be read again from a stored
`raw` with `read`, also when its Decimals went through a JSON column as strings. A missing member is None
(or empty), an unknown one is only in `raw`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Self, TypeVar

from engage_portal.core.ids import EngageContactId
from engage_portal.engage.wire import lowered, member, moment, number, objects, text, truth, whole

T = TypeVar("T")
Raw = Mapping[str, Any]

_PREFERENCES = {
    "acceptsemail": "acceptsEmail",
    "acceptsemails": "acceptsEmail",  # one integration in production reads it so
    "acceptssms": "acceptsSms",
    "acceptspostal": "acceptsPostal",
}


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list. `has_more` is also right where Engage left out the total."""

    items: tuple[T, ...]
    total_count: int
    offset: int
    count: int
    has_more: bool

    @classmethod
    def read(
        cls, body: Any, read_item: Callable[[Raw], T], *, offset: int = 0, count: int = 100
    ) -> "Page[T]":
        """A page from a paged answer, or from a plain array, which then is the whole list."""
        entries = objects(listed(body))
        start = whole(body, "offset")
        start = offset if start is None else start
        end = start + len(entries)
        total = whole(body, "totalCount")
        if isinstance(body, list):
            start, end, total = 0, len(entries), len(entries)
        more = len(entries) >= count if total is None else end < total
        return cls(
            items=tuple(read_item(each) for each in entries),
            total_count=end if total is None else total,
            offset=start,
            count=len(entries),
            has_more=more and bool(entries),
        )


def listed(body: Any) -> Any:
    """The list in an answer that is an array or a page. Point transactions have been seen with a capital
    `Items`.

    [developer.voyado.com/docs/loyalty/points]
    """
    return body if isinstance(body, list) else member(body, "items")


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent of a contact. `value` None means never answered, which cannot come back once it was."""

    id: str
    value: bool | None
    date: datetime | None
    source: str | None
    comment: str | None

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """[SDK IApiConsent]"""
        return cls(
            id=text(raw, "id") or "",
            value=truth(raw, "value"),
            date=moment(raw, "date"),
            source=text(raw, "source"),
            comment=text(raw, "comment"),
        )


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as it is read: an envelope, unlike the flat form in which it is written.

    Attributes without a value are left out, as Engage does not say whether it sends null or nothing for them.
    `preferences` has the canonical names acceptsEmail, acceptsSms, acceptsPostal.
    """

    id: EngageContactId
    contact_type: str
    attributes: Mapping[str, Any] = field(repr=False)
    preferences: Mapping[str, bool] = field(repr=False)
    consents: tuple[Consent, ...] = field(repr=False)
    raw: Raw = field(repr=False)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """[developer.voyado.com/docs/contacts/create-contact] [SDK IApiContact]"""
        attributes = member(raw, "attributes")
        return cls(
            id=EngageContactId(lowered(raw, "id")),
            contact_type=text(member(raw, "meta"), "contactType") or text(raw, "contactType") or "",
            attributes={name: each for name, each in attributes.items() if each is not None}
            if isinstance(attributes, Mapping)
            else {},
            preferences=_preferences(member(raw, "preferences")),
            consents=tuple(Consent.read(each) for each in objects(member(raw, "consents"))),
            raw=raw,
        )


def _preferences(raw: Any) -> dict[str, bool]:
    """Preferences under their documented names; one that says neither yes nor no is left out."""
    found: dict[str, bool] = {}
    for name in raw if isinstance(raw, Mapping) else ():
        value = truth(raw, name)
        if value is not None:
            found[_PREFERENCES.get(str(name).casefold(), str(name))] = value
    return found


@dataclass(frozen=True, slots=True)
class Transaction:
    """A purchase or a return. Sums are *net*, where receipts are gross; `external_id` is taken to be
    `uniqueReceiptId`.
    """

    id: str
    transaction_number: str | None
    created_date: datetime | None
    store_name: str | None
    number_of_items: int | None
    net_price_sum: Decimal | None
    local_net_price_sum: Decimal | None
    local_currency: str | None
    group_currency: str | None
    store_type: str | None
    line_items: tuple[Raw, ...]
    external_id: str | None
    raw: Raw = field(repr=False)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """[SDK TransactionItem]"""
        return cls(
            id=lowered(raw, "id"),
            transaction_number=text(raw, "transactionNumber"),
            created_date=moment(raw, "createdDate"),
            store_name=text(raw, "storeName"),
            number_of_items=whole(raw, "numberOfItems"),
            net_price_sum=number(raw, "netPriceSum"),
            local_net_price_sum=number(raw, "localNetPriceSum"),
            local_currency=text(raw, "localCurrency"),
            group_currency=text(raw, "groupCurrency"),
            store_type=text(raw, "storeType"),
            line_items=tuple(objects(member(raw, "lineItems"))),
            external_id=text(raw, "externalId"),
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class Store:
    """A shop, or an e-commerce market, which is a store too. `type` is RETAIL or ECOMM, also written ecom."""

    external_id: str
    name: str | None
    type: str | None
    active: bool
    time_zone: str | None
    street: str | None
    zip_code: str | None
    city: str | None
    country_code: str | None
    email: str | None
    phone_number: str | None
    homepage: str | None
    raw: Raw = field(repr=False)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """[developer.voyado.com/docs/setup/stores]"""
        return cls(
            external_id=text(raw, "externalId") or "",
            name=text(raw, "name"),
            type=text(raw, "type"),
            active=truth(raw, "active") is not False,
            time_zone=text(raw, "timeZone"),
            street=text(raw, "street"),
            zip_code=text(raw, "zipCode"),
            city=text(raw, "city"),
            country_code=text(raw, "countryCode"),
            email=text(raw, "email"),
            phone_number=text(raw, "phoneNumber"),
            homepage=text(raw, "homepage"),
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class ConsentDefinition:
    """A consent the tenant asks for, with its texts by locale (`sv-SE`)."""

    id: str
    name: str | None
    condition_text: Mapping[str, str]
    display_text: Mapping[str, str]
    link_text: Mapping[str, str]
    raw: Raw = field(repr=False)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """[SDK ConsentsService]"""
        texts = member(raw, "metaData")
        return cls(
            id=text(raw, "id") or "",
            name=text(raw, "name"),
            condition_text=_localised(member(texts, "conditionText")),
            display_text=_localised(member(texts, "displayText")),
            link_text=_localised(member(texts, "linkText")),
            raw=raw,
        )


def _localised(raw: Any) -> dict[str, str]:
    """Text by locale."""
    entries = raw.items() if isinstance(raw, Mapping) else ()
    return {str(locale): each for locale, each in entries if isinstance(each, str)}
