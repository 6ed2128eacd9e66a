"""The receipt as tills hand it in and as Engage gets it: one shape, checked field by field before it is
kept.

Engage takes receipts in without looking and shows content errors only in its own log, to people
[developer.voyado.com/en/receipts/introduction-to-receipts.html]. So what would fail there is refused here,
at the till. Sums are not checked here; that is arithmetic between fields, and the business of `receipts`.

Fields: [developer.voyado.com/docs/transactions/field-definitions]. `UNSET` means not sent, `None` means
null.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from engage_portal.core.masking import masked
from engage_portal.engage.wire import Unreadable, decode

MatchKeyType = Literal[
    "contactId",
    "memberNumber",
    "socialSecurityNumber",
    "mobilePhone",
    "externalId",
    "email",
    "cardId",
    "memberNumberWithCardNumberAsFallback",
]
"""By what Engage finds the contact of a receipt; the last two are only in its generated SDK."""

ItemType = Literal["PURCHASE", "RETURN", "ADJUSTMENT"]

Key = Annotated[str, Meta(min_length=1, max_length=100)]
Text = Annotated[str, Meta(max_length=500)]
OptionalText = Text | None | UnsetType
OptionalNumber = Decimal | UnsetType

if TYPE_CHECKING:
    NumberOrText = Decimal | str | UnsetType
else:
    NumberOrText = Any  # msgspec has no union of these two; `_rules` checks it


class PayloadError(ValueError):
    """What is wrong with a receipt: the field as a path on the wire ("items[0].quantity") and a short
    sentence.

    `field` is empty when the body as a whole is wrong. Neither part repeats a value.
    """

    def __init__(self, *, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field}: {problem}" if field else problem)


class _Wire(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """How all of them are written: camelCase, nothing unknown."""


class ExtraData(_Wire, frozen=True, kw_only=True):
    """A free name and value. Engage can take up 10 text and 5 date fields per line."""

    name: Text | UnsetType = UNSET
    value: Text | UnsetType = UNSET


ExtraDatas = Annotated[tuple[ExtraData, ...], Meta(max_length=100)] | UnsetType


class ReceiptContact(_Wire, frozen=True, kw_only=True):
    """Whose receipt it is. With a personal key Engage looks only inside `contact_type`, by default Member."""

    match_key: Annotated[str, Meta(min_length=1, max_length=500)]
    match_key_type: MatchKeyType
    contact_type: Key | UnsetType = UNSET


class PaymentMethod(_Wire, frozen=True, kw_only=True):
    """One payment. `value` is negative on a return."""

    type: Text
    value: Decimal
    description: OptionalText = UNSET
    extra_data: ExtraDatas = UNSET


class Discount(_Wire, frozen=True, kw_only=True):
    """For information; the published sample is negative."""

    value: Decimal
    type: OptionalText = UNSET
    description: OptionalText = UNSET


class ReceiptItem(_Wire, frozen=True, kw_only=True):
    """One line. `gross_paid_price` is the line's total as paid, VAT included, and positive on RETURN too.

    [developer.voyado.com/en/transactions/register-a-return.html]
    """

    type: ItemType
    sku: Text
    article_number: Text
    article_name: Text
    quantity: int
    gross_paid_price: Decimal
    tax_amount: Decimal
    tax_percent: Decimal
    article_group: OptionalText = UNSET
    pack_quantity: OptionalNumber = UNSET
    margin_percent: NumberOrText = UNSET
    awards_bonus: bool | UnsetType = UNSET
    discounts: Annotated[tuple[Discount, ...], Meta(max_length=200)] | UnsetType = UNSET
    extra_data: ExtraDatas = UNSET


class TaxDetail(_Wire, frozen=True, kw_only=True):
    """The tax of one rate."""

    description: OptionalText = UNSET
    value: OptionalNumber = UNSET
    percent: OptionalNumber = UNSET
    total_including_tax: OptionalNumber = UNSET
    total_excluding_tax: OptionalNumber = UNSET


class UsedBonusCheck(_Wire, frozen=True, kw_only=True):
    """A voucher that was used: `check_number` is its `voucherNumber`."""

    check_number: Text | UnsetType = UNSET


class UsedPromotion(_Wire, frozen=True, kw_only=True):
    """A promotion that was used: taken to be the template's id and the assignment's id."""

    promotion_id: Text | UnsetType = UNSET
    coupon_id: Text | UnsetType = UNSET


class Receipt(_Wire, frozen=True, kw_only=True):
    """A finalised sale or return. `unique_receipt_id` is unique for ever: Engage drops what it has seen
    before.
    """

    contact: ReceiptContact
    unique_receipt_id: Key
    receipt_number: Annotated[str, Meta(max_length=100)]
    created_date: Annotated[str, Meta(max_length=50)]
    store_external_id: Key
    currency: Annotated[str, Meta(max_length=3)]
    total_gross_price: Decimal
    payment_methods: Annotated[tuple[PaymentMethod, ...], Meta(min_length=1, max_length=200)]
    items: Annotated[tuple[ReceiptItem, ...], Meta(min_length=1, max_length=2000)]
    exchange_rate_to_group_currency: OptionalNumber = UNSET
    tax_details: Annotated[tuple[TaxDetail, ...], Meta(max_length=200)] | UnsetType = UNSET
    used_bonus_checks: Annotated[tuple[UsedBonusCheck, ...], Meta(max_length=200)] | UnsetType = UNSET
    used_promotions: Annotated[tuple[UsedPromotion, ...], Meta(max_length=200)] | UnsetType = UNSET
    extra_data: ExtraDatas = UNSET


_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")

_BOUND = Decimal(10) ** 12
_DECIMALS = 10
_MARGIN_LENGTH = 50
_CREATED = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
# What XML cannot carry cannot go the file's way, and PostgreSQL keeps no NUL.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_KEY_TYPES: dict[str, str] = {name.casefold(): name for name in get_args(MatchKeyType)}
_ITEM_TYPES: dict[str, str] = {name.casefold(): name for name in get_args(ItemType)}


def encode_receipt(receipt: Receipt) -> bytes:
    """Canonical JSON: names sorted, nothing between the tokens, money as numbers with the digits it came
    with.
    """
    return _encoder.encode(receipt)


def decode_receipt(body: bytes) -> Receipt:
    """The receipt in a body, or a `PayloadError` that names the first field that is wrong.

    `matchKeyType` and the lines' `type` are read in any case, as Engage compares them, and kept as
    documented.
    """
    try:
        tree = decode(body)
    except Unreadable:
        raise PayloadError(field="", problem="The body is not valid JSON.") from None
    try:
        receipt = msgspec.convert(_prepared(tree, ""), Receipt, builtin_types=(Decimal,))
    except RecursionError:
        raise PayloadError(field="", problem="The body is nested too deeply.") from None
    except msgspec.ValidationError as error:
        raise _translated(str(error)) from None
    for problem in _rules(receipt):
        raise problem
    return receipt


def _prepared(value: Any, path: str, name: str = "") -> Any:
    """The tree with numbers as Decimal (whole ones of `quantity` as int) and known words in their
    documented case.

    Strings are no numbers here: msgspec alone would take "200.00" for one, and Engage might not.
    """
    if isinstance(value, dict):
        prefix = f"{path}." if path else ""
        return {key: _prepared(each, prefix + _shown(key), key) for key, each in value.items()}
    if isinstance(value, list):
        return [_prepared(each, f"{path}[{place}]") for place, each in enumerate(value)]
    if isinstance(value, str):
        return _prepared_text(value, path, name)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _prepared_number(value, path, name)
    return value


def _prepared_text(value: str, path: str, name: str) -> str:
    if _CONTROL.search(value):
        raise PayloadError(field=path, problem="Control characters are not allowed.")
    if name == "matchKeyType":
        return _KEY_TYPES.get(value.casefold(), value)
    if name == "type" and path.startswith("items[") and path.count(".") == 1:
        return _ITEM_TYPES.get(value.casefold(), value)
    return value


def _prepared_number(value: int | Decimal, path: str, name: str) -> int | Decimal:
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if not number.is_finite() or number.copy_abs() >= _BOUND:
        raise PayloadError(field=path, problem="The number is too large.")
    if not isinstance(exponent, int) or exponent < -_DECIMALS:
        raise PayloadError(field=path, problem=f"At most {_DECIMALS} decimals are allowed.")
    return int(number) if name == "quantity" and number == number.to_integral_value() else number


def _rules(receipt: Receipt) -> Iterator[PayloadError]:
    """What types cannot say."""
    if not receipt.contact.match_key.strip():
        yield PayloadError(field="contact.matchKey", problem="This field may not be blank.")
    if not receipt.unique_receipt_id.strip():
        yield PayloadError(field="uniqueReceiptId", problem="This field may not be blank.")
    if not receipt.store_external_id.strip():
        yield PayloadError(field="storeExternalId", problem="This field may not be blank.")
    if not _is_moment(receipt.created_date):
        problem = "Expected ISO 8601 with an offset, such as 2021-11-12T10:14:00+01:00."
        yield PayloadError(field="createdDate", problem=problem)
    if not _CURRENCY.fullmatch(receipt.currency):
        yield PayloadError(field="currency", problem="Expected three capital letters, such as SEK.")
    rate = receipt.exchange_rate_to_group_currency
    if isinstance(rate, Decimal) and rate <= 0:
        yield PayloadError(field="exchangeRateToGroupCurrency", problem="Expected a number above zero.")
    for place, item in enumerate(receipt.items):
        yield from _item_rules(item, f"items[{place}]")


def _item_rules(item: ReceiptItem, path: str) -> Iterator[PayloadError]:
    """The signs of a line [developer.voyado.com/en/transactions/register-a-return.html] and its odd field."""
    if item.type == "RETURN" and item.quantity >= 0:
        yield PayloadError(field=f"{path}.quantity", problem="A return has a negative quantity.")
    if item.type == "PURCHASE" and item.quantity <= 0:
        yield PayloadError(field=f"{path}.quantity", problem="A purchase has a positive quantity.")
    if item.type != "ADJUSTMENT" and item.gross_paid_price < 0:
        problem = "The price of a line is positive, on a return too."
        yield PayloadError(field=f"{path}.grossPaidPrice", problem=problem)
    if item.type == "RETURN" and item.tax_amount < 0:
        yield PayloadError(
            field=f"{path}.taxAmount", problem="The tax of a line is positive, on a return too."
        )
    if item.tax_percent < 0:
        yield PayloadError(field=f"{path}.taxPercent", problem="A tax rate is not negative.")
    margin = item.margin_percent
    sound = isinstance(margin, Decimal) or (isinstance(margin, str) and len(margin) <= _MARGIN_LENGTH)
    if margin is not UNSET and not sound:
        yield PayloadError(field=f"{path}.marginPercent", problem="Expected a number.")


def _is_moment(text: str) -> bool:
    """Whether it is a real date and time with an offset."""
    if not _CREATED.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


_AT = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")
_LENGTH = re.compile(r"Expected `(?P<kind>\w+)` of length (?P<sign>[<>])= (?P<limit>\d+)")
_TYPE = re.compile(r"Expected `(?P<expected>[^`]+)`(?:, got `(?P<got>\w+)`)?")
_WORDS = {
    "decimal": "a number",
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def _translated(message: str) -> PayloadError:
    """msgspec's sentence about `$.items[0]` as ours about the field, without anything out of the receipt's
    values.
    """
    at = _AT.fullmatch(message)
    what, path = (at["what"], at["path"] or "") if at else (message, "")
    prefix = f"{path}." if path else ""
    if found := _UNKNOWN.fullmatch(what):
        return PayloadError(field=prefix + _shown(found["name"]), problem="Unknown field.")
    if found := _MISSING.fullmatch(what):
        return PayloadError(field=prefix + found["name"], problem="This field is required.")
    if found := _LENGTH.fullmatch(what):
        bound = "At most" if found["sign"] == "<" else "At least"
        unit = "entries" if found["kind"] == "array" else "characters"
        return PayloadError(field=path, problem=f"{bound} {found['limit']} {unit}.")
    if found := _TYPE.fullmatch(what):
        expected = " or ".join(_WORDS.get(each, each) for each in found["expected"].split(" | "))
        words = _WORDS | {"decimal": "a fraction"} if found["expected"] == "int" else _WORDS
        got = f", not {words.get(found['got'], found['got'])}" if found["got"] else ""
        return PayloadError(field=path, problem=f"Expected {expected}{got}.")
    return PayloadError(field=path, problem="This is not one of the known values.")


def _shown(name: str) -> str:
    """A field name from outside, fit to be shown and logged."""
    return masked(name, keep=100) if name and name.isprintable() else "?"


def _know_the_types() -> None:
    """msgspec 0.22 learns a type at its first use, and two threads that do so at once end the process: so, while
    there is one.
    """
    with suppress(msgspec.ValidationError):
        msgspec.convert({}, Receipt, builtin_types=(Decimal,))


_know_the_types()
