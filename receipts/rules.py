"""What holds between the fields of a receipt: Engage would find it out later, and tell only people in its own log.

[developer.voyado.com/en/receipts/introduction-to-receipts.html]
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from django.conf import settings

from engage_portal.engage import FieldError, payloads
from receipts.newcomers import may_be_registered, person_of, problems_with_person

_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_VOUCHERS = ("bonuscheck", "voucher", "rewardvoucher", "giftvoucher")
_HUNDRED = Decimal(100)


def check_receipt(receipt: payloads.Receipt) -> None:
    """Raise PayloadError with everything that is wrong between the fields."""
    problems = [
        *_moment(receipt),
        *problems_with_person(receipt.contact),
        *_signs(receipt),
        *(_sums(receipt) if settings.RECEIPT_SUMS == "refuse" else ()),
    ]
    if problems:
        raise payloads.PayloadError(problems)


def warnings_about(receipt: payloads.Receipt) -> list[FieldError]:
    """What is taken all the same, but is probably a mistake of the till."""
    return [
        *(_sums(receipt) if settings.RECEIPT_SUMS == "warn" else ()),
        *_not_registered(receipt),
        *_taxes(receipt),
        *_vouchers_as_payment(receipt),
    ]


def moment_of(receipt: payloads.Receipt) -> datetime:
    """When the sale happened, in UTC. Raises PayloadError for a date that no till can mean."""
    moment = _read(receipt.created_date)
    if moment is None:
        raise payloads.PayloadError(list(_moment(receipt)))
    return moment


def _moment(receipt: payloads.Receipt) -> Iterator[FieldError]:
    if _read(receipt.created_date) is None:
        yield FieldError("createdDate", f"Expected a year from {_FIRST_YEAR} to {_LAST_YEAR}.")


def _read(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def _signs(receipt: payloads.Receipt) -> Iterator[FieldError]:
    """The signs of the totals [developer.voyado.com/en/transactions/register-a-return.html]; an exchange has any."""
    kinds = {str(item.type) for item in receipt.items}
    for place, item in enumerate(receipt.items):
        if item.type == "PURCHASE" and item.tax_amount < 0:
            yield FieldError(f"items[{place}].taxAmount", "The tax of a purchase is not negative.")
    if kinds == {"PURCHASE"} and receipt.total_gross_price < 0:
        yield FieldError("totalGrossPrice", "The total of a purchase is not negative.")
    if kinds != {"RETURN"}:
        return
    if receipt.total_gross_price > 0:
        yield FieldError("totalGrossPrice", "The total of a return is negative.")
    for place, method in enumerate(receipt.payment_methods):
        if method.value > 0:
            yield FieldError(f"paymentMethods[{place}].value", "What is paid back is negative.")


def _sums(receipt: payloads.Receipt) -> Iterator[FieldError]:
    """Lines, total and payments say the same [developer.voyado.com, the Sitoo guide: the total is validated].

    A tenant whose prices come without tax has that validation switched off, and sets RECEIPT_SUMS.
    """
    total = receipt.total_gross_price
    lines = sum((_signed(item) for item in receipt.items), Decimal(0))
    paid = sum((method.value for method in receipt.payment_methods), Decimal(0))
    if abs(lines - total) > settings.RECEIPT_TOLERANCE:
        yield FieldError("totalGrossPrice", f"The lines add up to {lines:f}, the total is {total:f}.")
    if abs(paid - total) > settings.RECEIPT_TOLERANCE:
        yield FieldError("paymentMethods", f"The payments add up to {paid:f}, the total is {total:f}.")


def _signed(item: payloads.ReceiptItem) -> Decimal:
    return -item.gross_paid_price if item.type == "RETURN" else item.gross_paid_price


def _taxes(receipt: payloads.Receipt) -> Iterator[FieldError]:
    """Tax in a line = gross x rate / (100 + rate)."""
    for place, item in enumerate(receipt.items):
        expected = item.gross_paid_price * item.tax_percent / (_HUNDRED + item.tax_percent)
        if abs(abs(item.tax_amount) - abs(expected)) > settings.RECEIPT_TOLERANCE:
            cents = expected.quantize(Decimal("0.01"))
            yield FieldError(
                f"items[{place}].taxAmount", f"{item.tax_percent:f} % of it would be {cents:f} in tax."
            )


def _not_registered(receipt: payloads.Receipt) -> Iterator[FieldError]:
    """Below level 4 nobody new is kept while Engage is away; the sale is."""
    if person_of(receipt.contact) is not None and not may_be_registered():
        yield FieldError("contact.person", "Engage is away: nobody new is registered now. The sale is kept.")


def _vouchers_as_payment(receipt: payloads.Receipt) -> Iterator[FieldError]:
    """Vouchers are discounts on the lines, so that no points are earned on them.

    [developer.voyado.com/en/transactions/discounts.html]
    """
    for place, method in enumerate(receipt.payment_methods):
        if method.type.replace(" ", "").replace("-", "").casefold() in _VOUCHERS:
            yield FieldError(
                f"paymentMethods[{place}].type",
                "A voucher is a discount on the lines, not a payment: points would be earned on it.",
            )
