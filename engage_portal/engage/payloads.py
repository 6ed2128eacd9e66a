"""The receipt as tills hand it in and as Engage gets it: one shape, checked field by field before it is
kept.

Engage takes receipts in without looking and shows content errors only in its own log, to people
[developer.voyado.com/en/receipts/introduction-to-receipts.html]. So what would fail there is refused here,
at the till. Sums are not checked here; that is arithmetic between fields, and the business of `receipts`.

Fields: [developer.voyado.com/docs/transactions/field-definitions]. `UNSET` means not sent, `None` means
null.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from engage_portal.engage.errors import FieldError
from engage_portal.engage.shapes import read_loosely, shape_problems, shown
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
    """Everything that is wrong with a receipt, each with its field as a path on the wire ("items[0].quantity").

    A `field` is empty where the body as a whole is wrong. No part repeats a value. `retry_after` is set where the
    same receipt may be taken later: seconds. `rest` is what can be read all the same, for whoever has more rules.
    """

    def __init__(
        self, problems: Sequence[FieldError], *, retry_after: int | None = None, rest: "Receipt | None" = None
    ) -> None:
        self.problems = tuple(problems)
        self.retry_after = retry_after
        self.rest = rest
        super().__init__(
            "; ".join(": ".join(part for part in (each.field, each.description) if part) for each in problems)
        )


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
    person: dict[str, Any] | UnsetType = UNSET
    """Ours: what the till knows of somebody who may be new. Never sent with a receipt, and not kept with it."""


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

    contact: ReceiptContact | None
    """None: a guest, said so by the till with an explicit null. That is ours: Engage takes no receipt of nobody."""
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
Path = tuple[str | int, ...]
"""Names and places from the body's root."""

_TYPE_OF_A_LINE = len(("items", 0, "type"))
_KEY_TYPES: dict[str, str] = {name.casefold(): name for name in get_args(MatchKeyType)}
_ITEM_TYPES: dict[str, str] = {name.casefold(): name for name in get_args(ItemType)}


def encode_receipt(receipt: Receipt) -> bytes:
    """Canonical JSON: names sorted, nothing between the tokens, money as numbers with the digits it came
    with.
    """
    return _encoder.encode(receipt)


def decode_receipt(body: bytes) -> Receipt:
    """The receipt in a body, or a `PayloadError` that names every field that is wrong.

    `matchKeyType` and the lines' `type` are read in any case, as Engage compares them, and kept as
    documented.
    """
    try:
        tree = decode(body)
    except Unreadable:
        raise PayloadError([FieldError("", "The body is not valid JSON.")]) from None
    try:
        prepared, problems = _prepared_all(tree)
        receipt = None if problems else msgspec.convert(prepared, Receipt, builtin_types=(Decimal,))
    except RecursionError:
        raise PayloadError([FieldError("", "The body is nested too deeply.")]) from None
    except msgspec.ValidationError:
        receipt = None
    if receipt is None:
        raise _shapeless(prepared, problems)
    if broken := list(_rules(receipt)):
        raise PayloadError(broken, rest=receipt)
    return receipt


def _shapeless(prepared: Any, known: list[FieldError]) -> PayloadError:
    """What msgspec has against each field, and our rules against all that can be read in spite of that."""
    paths = {each.field for each in known}
    shapes = [each for each in shape_problems(prepared, Receipt) if each.field not in paths]
    if not isinstance(prepared, dict):
        return PayloadError([*known, *shapes])
    rest = read_loosely(prepared, Receipt)
    return PayloadError([*known, *shapes, *only_news(_rules(rest), [*known, *shapes])], rest=rest)


def only_news(found: Iterable[FieldError], known: Collection[FieldError]) -> list[FieldError]:
    """What rules found about the parts of a receipt that nothing was said of yet: not about one that is wrong itself,
    nor about one that holds such a part, or lies in it.
    """
    wrong = {each.field for each in known}
    return [
        each
        for each in found
        if not any(_is_in(each.field, path) or _is_in(path, each.field) for path in wrong)
    ]


def _is_in(path: str, whole: str) -> bool:
    return path.startswith(whole) and path[len(whole) :][:1] in {"", ".", "["}


def _prepared_all(tree: Any) -> tuple[Any, list[FieldError]]:
    problems: list[FieldError] = []
    return _prepared(tree, (), problems), problems


def _prepared(value: Any, path: Path, problems: list[FieldError]) -> Any:
    """The tree with numbers as Decimal (whole ones of `quantity` as int) and known words in their
    documented case; what no database and no file could keep is noted.

    Strings are no numbers here: msgspec alone would take "200.00" for one, and Engage might not.
    """
    if isinstance(value, str):
        return _prepared_text(value, path, problems)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _prepared_number(value, path, problems)
    if isinstance(value, dict):
        return {key: _prepared(each, (*path, key), problems) for key, each in value.items()}
    if isinstance(value, list):
        return [_prepared(each, (*path, place), problems) for place, each in enumerate(value)]
    return value


def _prepared_text(value: str, path: Path, problems: list[FieldError]) -> str:
    if _CONTROL.search(value):
        problems.append(FieldError(_written(path), "Control characters are not allowed."))
    if path[-1:] == ("matchKeyType",):
        return _KEY_TYPES.get(value.casefold(), value)
    if path[-1:] == ("type",) and path[0] == "items" and len(path) == _TYPE_OF_A_LINE:
        return _ITEM_TYPES.get(value.casefold(), value)
    return value


def _prepared_number(value: int | Decimal, path: Path, problems: list[FieldError]) -> int | Decimal:
    number = Decimal(value)
    if not number.is_finite() or number.copy_abs() >= _BOUND:
        problems.append(FieldError(_written(path), "The number is too large."))
        return Decimal(1)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_DECIMALS:
        problems.append(FieldError(_written(path), f"At most {_DECIMALS} decimals are allowed."))
        return Decimal(1)
    is_whole = path[-1:] == ("quantity",) and number == number.to_integral_value()
    return int(number) if is_whole else number


def _written(path: Path) -> str:
    """A path as people read it; only what is wrong is worth writing one."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{shown(step)}"
    return text


def _rules(receipt: Receipt) -> Iterator[FieldError]:
    """What types cannot say."""
    if receipt.contact is not None and not receipt.contact.match_key.strip():
        yield FieldError("contact.matchKey", "This field may not be blank.")
    if not receipt.unique_receipt_id.strip():
        yield FieldError("uniqueReceiptId", "This field may not be blank.")
    if not receipt.store_external_id.strip():
        yield FieldError("storeExternalId", "This field may not be blank.")
    if not _is_moment(receipt.created_date):
        problem = "Expected ISO 8601 with an offset, such as 2021-11-12T10:14:00+01:00."
        yield FieldError("createdDate", problem)
    if not _CURRENCY.fullmatch(receipt.currency):
        yield FieldError("currency", "Expected three capital letters, such as SEK.")
    rate = receipt.exchange_rate_to_group_currency
    if isinstance(rate, Decimal) and rate <= 0:
        yield FieldError("exchangeRateToGroupCurrency", "Expected a number above zero.")
    for place, item in enumerate(receipt.items):
        yield from _item_rules(item, f"items[{place}]")


def _item_rules(item: ReceiptItem, path: str) -> Iterator[FieldError]:
    """The signs of a line [developer.voyado.com/en/transactions/register-a-return.html] and its odd field."""
    if item.type == "RETURN" and item.quantity >= 0:
        yield FieldError(f"{path}.quantity", "A return has a negative quantity.")
    if item.type == "PURCHASE" and item.quantity <= 0:
        yield FieldError(f"{path}.quantity", "A purchase has a positive quantity.")
    if item.type != "ADJUSTMENT" and item.gross_paid_price < 0:
        problem = "The price of a line is positive, on a return too."
        yield FieldError(f"{path}.grossPaidPrice", problem)
    if item.type == "RETURN" and item.tax_amount < 0:
        yield FieldError(f"{path}.taxAmount", "The tax of a line is positive, on a return too.")
    if item.tax_percent < 0:
        yield FieldError(f"{path}.taxPercent", "A tax rate is not negative.")
    margin = item.margin_percent
    sound = isinstance(margin, Decimal) or (isinstance(margin, str) and len(margin) <= _MARGIN_LENGTH)
    if margin is not UNSET and not sound:
        yield FieldError(f"{path}.marginPercent", "Expected a number.")


def _is_moment(text: str) -> bool:
    """Whether it is a real date and time with an offset."""
    if not _CREATED.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _know_the_types() -> None:
    """msgspec 0.22 learns a type at its first use, and two threads that do so at once end the process: so, while
    there is one.
    """
    with suppress(msgspec.ValidationError):
        msgspec.convert({}, Receipt, builtin_types=(Decimal,))


_know_the_types()
