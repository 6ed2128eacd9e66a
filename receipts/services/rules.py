"""What holds between the fields of a receipt: Engage would find it out later, and tell only people in its own log.

[developer.voyado.com/en/receipts/introduction-to-receipts.html]
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.conf import settings

from contacts.models import KEY_FIELDS, Contact
from contacts.shapes import problems_of_key
from engage_portal.core import clock
from engage_portal.core.ids import parse_guid
from engage_portal.engage import FieldError, payloads
from receipts.services.newcomers import may_be_registered, person_of, problems_with_person
from receipts.stores import ASK_AGAIN_SECONDS, Asked, Standing, store_asked

_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_CLOCKS_DIFFER_BY = timedelta(days=1)
_VOUCHERS = ("bonuscheck", "voucher", "rewardvoucher", "giftvoucher")
_HUNDRED = Decimal(100)


def check_receipt(receipt: payloads.Receipt, *, store: Asked) -> None:
    """Raise PayloadError with everything that is wrong between the fields, and with its store.

    What Engage or staff can mend while the receipt stays as it is comes with the seconds to wait.
    """
    wrong, for_now = list(_between_fields(receipt)), list(_about_the_store(receipt, store))
    if wrong or for_now:
        raise payloads.PayloadError([*for_now, *wrong], retry_after=None if wrong else ASK_AGAIN_SECONDS)


def wholly_refused(refused: payloads.PayloadError) -> payloads.PayloadError:
    """A refusal of single fields, with everything that can be said of the other ones, too: a till hears all at once.

    Engage is not asked.
    """
    rest = refused.rest
    if rest is None:
        return refused
    store = store_asked(rest.store_external_id, deadline=None)
    found = payloads.only_news([*_about_the_store(rest, store), *_between_fields(rest)], refused.problems)
    wrong = [each.field for each in refused.problems]
    return payloads.PayloadError([*refused.problems, *(each for each in found if not _rests_on(each, wrong))])


_RESTS_ON = {
    "totalGrossPrice": re.compile(r"items(\[\d+\](\.(type|grossPaidPrice))?)?"),
    "paymentMethods": re.compile("totalGrossPrice"),
    "contact.person": re.compile("contact.matchKeyType"),
}
"""Whose sum, or whose sense, other fields make: nothing can be said of it while those are wrong."""


def _rests_on(problem: FieldError, wrong: Iterable[str]) -> bool:
    grounds = next((each for name, each in _RESTS_ON.items() if problem.field.startswith(name)), None)
    return grounds is not None and any(map(grounds.fullmatch, wrong))


def _between_fields(receipt: payloads.Receipt) -> Iterator[FieldError]:
    yield from _moment(receipt)
    yield from _match_key(receipt.contact)
    yield from problems_with_person(receipt.contact)
    yield from _used(receipt)
    yield from _signs(receipt)
    if settings.RECEIPT_SUMS == "refuse":
        yield from _sums(receipt)


def _about_the_store(receipt: payloads.Receipt, store: Asked) -> Iterator[FieldError]:
    if settings.RECEIPT_STORES == "refuse":
        yield from _store(store)
    yield from _prefix(receipt, store)


def warnings_about(
    receipt: payloads.Receipt, *, store: Asked, owner: Contact | None = None
) -> list[FieldError]:
    """What is taken all the same, but is probably a mistake of the till. `owner` is whom our copy has for its key."""
    return [
        *_in_the_future(receipt),
        *_deleted(owner),
        *(_store(store) if settings.RECEIPT_STORES == "warn" else ()),
        *_store_in_doubt(store),
        *(_sums(receipt) if settings.RECEIPT_SUMS == "warn" else ()),
        *_not_registered(receipt),
        *_taxes(receipt),
        *_vouchers_as_payment(receipt),
    ]


def _store(store: Asked) -> Iterator[FieldError]:
    """Engage would make up a store [developer.voyado.com/docs/setup/stores]."""
    if store.standing is Standing.UNKNOWN:
        yield FieldError("storeExternalId", "Engage has no store with this id: correct it, or add it there.")


def _store_in_doubt(store: Asked) -> Iterator[FieldError]:
    if store.standing is Standing.UNDECIDED and settings.RECEIPT_STORES == "refuse":
        yield FieldError(
            "storeExternalId",
            "The stores known here do not include it. Engage is asked before the sale is sent.",
        )


def _prefix(receipt: payloads.Receipt, store: Asked) -> Iterator[FieldError]:
    """Two tills with overlapping numbers lose sales silently: Engage drops the second
    [developer.voyado.com/docs/transactions/field-definitions].

    The portal never adds the prefix itself: till, staff and Engage have to mean the same sale by the same id.
    """
    if store.prefix and not receipt.unique_receipt_id.startswith(store.prefix):
        yield FieldError(
            "uniqueReceiptId", f"Ids of store {receipt.store_external_id} begin with {store.prefix}."
        )


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


def _match_key(key: payloads.ReceiptContact | None) -> Iterator[FieldError]:
    """Engage drops a receipt whose key is nobody's; one that cannot be anybody's is a mistake of the till."""
    if key is None:
        return
    kind = str(key.match_key_type)
    if kind == "contactId":
        yield from _guid("contact.matchKey", key.match_key)
    elif kind in KEY_FIELDS and person_of(key) is None:
        for problem in problems_of_key(kind, key.match_key):
            yield FieldError("contact.matchKey", problem.description)


def _used(receipt: payloads.Receipt) -> Iterator[FieldError]:
    """Promotions and vouchers by what Engage knows them by: it ties the sale to no others, and tells nobody."""
    promotions = receipt.used_promotions
    for place, used in enumerate(promotions if isinstance(promotions, tuple) else ()):
        path, ids = f"usedPromotions[{place}]", {"promotionId": used.promotion_id, "couponId": used.coupon_id}
        given = {name: value for name, value in ids.items() if isinstance(value, str)}
        if not given:
            yield FieldError(path, "Expected a promotionId, a couponId or both.")
        for name, value in given.items():
            yield from _guid(f"{path}.{name}", value)
    vouchers = receipt.used_bonus_checks
    for place, check in enumerate(vouchers if isinstance(vouchers, tuple) else ()):
        if not (isinstance(check.check_number, str) and check.check_number.strip()):
            yield FieldError(f"usedBonusChecks[{place}].checkNumber", "Expected the number of a voucher.")


def _guid(path: str, text: str) -> Iterator[FieldError]:
    if parse_guid(text) is None:
        yield FieldError(path, "Expected a GUID, such as 430d3329-7eef-45c0-87f9-ae9300a0dace.")


def _in_the_future(receipt: payloads.Receipt) -> Iterator[FieldError]:
    moment = _read(receipt.created_date)
    if moment is not None and moment > clock.now() + _CLOCKS_DIFFER_BY:
        yield FieldError("createdDate", "This is more than a day from now: look at the clock of the till.")


def _deleted(owner: Contact | None) -> Iterator[FieldError]:
    """Engage would drop the sale; staff say whose it is."""
    if owner is not None and owner.deleted_at is not None:
        yield FieldError(
            "contact.matchKey", "This contact was deleted. The sale is kept, and staff are asked whose it is."
        )


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
