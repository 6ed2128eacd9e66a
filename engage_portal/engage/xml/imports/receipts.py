"""Receipts as elements of the transactions import.

[developer.voyado.com/en/receipts/receipt-xml-import.html]; the order is that of the API's examples
[developer.voyado.com/v2/en/transactions/register-a-purchase.html]. What has no value gets no element.
"""

from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import UNSET, Struct
from msgspec.structs import replace

from engage_portal.engage import payloads
from engage_portal.engage.xml.errors import InvalidRecordError, UnfitRecordsError
from engage_portal.engage.xml.imports.texts import around, as_text, attribute, element
from engage_portal.engage.xml.profile import ImportProfile

_Say = Callable[[Any], str]
"""A value as an element; an empty text where there is nothing to say."""


class _Part(NamedTuple):
    """What stands below an element: names of fields, and parts that have fields of their own."""

    name: str
    struct: type[Struct]
    fields: "tuple[str | _Part, ...]"
    member: str = ""
    """The name of each of several; else there is only one."""


def _extra() -> _Part:
    return _Part("extraData", payloads.ExtraData, (), "item")


_DISCOUNTS = _Part("discounts", payloads.Discount, ("type", "description", "value"), "discount")
_TAXES = _Part(
    "taxDetails",
    payloads.TaxDetail,
    ("description", "value", "percent", "totalIncludingTax", "totalExcludingTax"),
    "taxDetail",
)
_PAYMENTS = _Part(
    "paymentMethods", payloads.PaymentMethod, ("type", "description", "value", _extra()), "paymentMethod"
)
_LINES = _Part(
    "items",
    payloads.ReceiptItem,
    (
        "type", "quantity", "packQuantity", "grossPaidPrice", "taxAmount", "taxPercent", "sku", "articleNumber",
        "articleName", "articleGroup", _extra(), "marginPercent", "awardsBonus", _DISCOUNTS,
    ),
    "item",
)  # fmt: skip
_RECEIPT = _Part(
    "transaction",
    payloads.Receipt,
    (
        _Part("contact", payloads.ReceiptContact, ("matchKey", "matchKeyType", "contactType")),
        "uniqueReceiptId", "receiptNumber", "createdDate", "storeExternalId", "currency",
        "exchangeRateToGroupCurrency", "totalGrossPrice",
        _TAXES, _PAYMENTS, _LINES,
        _Part("usedBonusChecks", payloads.UsedBonusCheck, ("checkNumber",), "usedBonusCheck"),
        _Part("usedPromotions", payloads.UsedPromotion, ("promotionId", "couponId"), "usedPromotion"),
        _extra(),
    ),
)  # fmt: skip


class ReceiptElements:
    """One file's receipts. Never twice the same id, and one kind of key: Engage compares all with the first's kind.

    [developer.voyado.com/docs/file-based-transfer/historical-data/importing-historical-transactions]
    """

    def __init__(self, profile: ImportProfile) -> None:
        self._tag = profile.record
        self._currency = profile.group_currency
        self._fields = _fields_of(_RECEIPT, profile)
        self._key_type = ""
        self._seen: set[str] = set()

    def element(self, position: int, receipt: payloads.Receipt) -> str:
        """The record. Raises InvalidRecordError for a guest's, UnfitRecordsError for another kind of key."""
        self._check(position, receipt)
        said = around(self._tag, _said(self._prepared(receipt), self._fields))
        self._seen.add(receipt.unique_receipt_id)
        return said

    def _check(self, position: int, receipt: payloads.Receipt) -> None:
        if receipt.contact is None:
            raise InvalidRecordError(position, "It is a guest's; Engage takes no receipt of nobody.")
        kind = receipt.contact.match_key_type
        if kind != (self._key_type or kind):
            raise UnfitRecordsError(
                f"A file holds {self._key_type} or {kind} as the key of receipts, not both."
            )
        self._key_type = kind
        if receipt.unique_receipt_id in self._seen:
            raise InvalidRecordError(position, "Another receipt of this file has its uniqueReceiptId.")

    def _prepared(self, receipt: payloads.Receipt) -> payloads.Receipt:
        """With the rate of the group's own currency, which Engage always wants; no other rate is made up.

        [developer.voyado.com/docs/transactions/field-definitions]
        """
        if receipt.exchange_rate_to_group_currency is UNSET and receipt.currency == self._currency:
            receipt = replace(receipt, exchange_rate_to_group_currency=Decimal(1))
        if self._key_type == "contactId" and receipt.contact is not None:
            key = receipt.contact.match_key.lower()
            if key != receipt.contact.match_key:
                receipt = replace(receipt, contact=replace(receipt.contact, match_key=key))
        return receipt


class _Fields(NamedTuple):
    """The fields of a part in the order of the file, ready for use."""

    values: Callable[[Any], tuple[Any, ...]]
    says: tuple[_Say, ...]
    """How each is said."""


def _fields_of(part: _Part, profile: ImportProfile) -> _Fields:
    attributes = dict(zip(part.struct.__struct_encode_fields__, part.struct.__struct_fields__, strict=True))
    parent = part.member or part.name
    names = [field if isinstance(field, str) else field.name for field in part.fields]
    found = attrgetter(*(attributes[name] for name in names))
    return _Fields(
        found if len(names) > 1 else lambda value: (found(value),),
        tuple(
            _plain(profile.name(field, parent)) if isinstance(field, str) else _part(field, parent, profile)
            for field in part.fields
        ),
    )


def _plain(tag: str) -> _Say:
    """A text or a number; a number needs no escaping."""
    return lambda value: element(tag, value) if isinstance(value, str) else f"<{tag}>{as_text(value)}</{tag}>"


def _part(part: _Part, parent: str, profile: ImportProfile) -> _Say:
    tag = profile.name(part.name, parent)
    member = profile.name(part.member, part.name)
    if part.struct is payloads.ExtraData:
        return lambda values: around(tag, "".join([_extra_datum(member, each) for each in values]))
    fields = _fields_of(part, profile)
    if not part.member:
        return lambda value: around(tag, _said(value, fields))
    return lambda values: around(tag, "".join([around(member, _said(each, fields)) for each in values]))


def _extra_datum(tag: str, extra: payloads.ExtraData) -> str:
    """The API's objects of name and value are `<item name="x">value</item>` in a file."""
    if extra.value is UNSET:
        return ""
    return element(tag, extra.value, "" if extra.name is UNSET else attribute("name", extra.name))


def _said(value: Any, fields: _Fields) -> str:
    """The loop in which nearly all the time goes."""
    return "".join(
        [
            say(found)
            for found, say in zip(fields.values(value), fields.says, strict=True)
            if found is not UNSET and found is not None
        ]
    )
