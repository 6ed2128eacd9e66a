"""Reading what a contact bought: Engage's history, and sales made here that it does not list yet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from contacts.models import Contact
from engage_portal.engage import Transaction, payloads
from engage_portal.engage.wire import decode, number, text, whole
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from receipts.models import Receipt, Store
from receipts.models import Transaction as TransactionRow
from receipts.selectors.wishes import Kind, Wish

_MOST_YEARS = 30


class PurchaseStatus(StrEnum):
    """How far a purchase has come, in the customer's words."""

    SAVED = "Saved in store"
    ON_ITS_WAY = "On its way"
    IN_ACCOUNT = "In your account"


_STATUS: dict[str | None, PurchaseStatus] = {
    State.ACCEPTED: PurchaseStatus.ON_ITS_WAY,
    State.DELIVERED: PurchaseStatus.IN_ACCOUNT,
    None: PurchaseStatus.IN_ACCOUNT,
}


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """One article. Quantity and amount are negative where it was returned."""

    name: str
    quantity: int
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase or a return as its customer reads it."""

    when: datetime | None
    store_name: str
    number: str
    total: Decimal
    currency: str
    is_return: bool
    lines: list[PurchaseLine]
    status: PurchaseStatus
    is_net: bool = False
    """Whether the sums are without VAT: Engage lists only those; sales made through here show what was paid."""


def receipts_not_listed(contact: Contact, wish: Wish, *, most: int) -> list[Receipt]:
    """The newest sales of a contact that Engage's history does not show yet, without those that staff gave up.

    Two queries, because each has an index of its own that holds only what is not listed.
    """
    shown = TransactionRow.objects.filter(contact=contact, unique_receipt_id=OuterRef("unique_receipt_id"))
    wanted = Receipt.objects.filter(wish.in_time(), is_listed=False, given_up_at__isnull=True).exclude(
        Exists(shown)
    )
    if wish.kind is not None:
        wanted = wanted.filter(total__lt=0) if wish.kind is Kind.RETURNS else wanted.filter(total__gte=0)
    newest = wanted.order_by("-created_date", "-pk")
    mine = newest.filter(contact=contact)[:most]
    unknown = newest.filter(contact__isnull=True, match_contact_id__in=_ids(contact))[:most]
    return sorted([*mine, *unknown], key=attrgetter("created_date", "pk"), reverse=True)[:most]


def listed_dated(contact: Contact, wish: Wish, offset: int, count: int) -> list[TransactionRow]:
    """What our copy of Engage's history has of a year, a kind or both, newest first."""
    rows = TransactionRow.objects.filter(wish.in_time(), contact=contact, created_date__isnull=False)
    if wish.kind is not None:
        # Not `is_return=`: that is written as a bare column, with which SQLite would read the whole history.
        rows = rows.filter(is_return__in=[wish.kind is Kind.RETURNS])
    return list(rows.order_by("-created_date", "-pk")[offset : offset + count])


def years_of(contact: Contact, waiting: Iterable[Receipt]) -> list[int]:
    """The years from a contact's latest purchase back to the first, by two looks at the ends of an index."""
    dated = TransactionRow.objects.filter(contact=contact, created_date__isnull=False)
    dates: list[datetime | None] = [receipt.created_date for receipt in waiting]
    for order in ("-created_date", "created_date"):
        dates += dated.order_by(order).values_list("created_date", flat=True)[:1]
    years = [timezone.localtime(date).year for date in dates if date]
    return list(range(max(years), min(years) - 1, -1))[:_MOST_YEARS] if years else []


def purchases_of(contact: Contact, rows: Iterable[TransactionRow | Receipt]) -> list[Purchase]:
    """Purchases as their customer reads them, in the order given, in a bounded number of queries."""
    rows = list(rows)
    listed = [row for row in rows if isinstance(row, TransactionRow)]
    waiting = [row for row in rows if isinstance(row, Receipt)]
    ids = [row.unique_receipt_id for row in listed if row.unique_receipt_id]
    ours = {row.unique_receipt_id: row for row in receipts_of(contact).filter(unique_receipt_id__in=ids)}
    names = store_names(receipt.store for receipt in [*ours.values(), *waiting])
    status = _status_of(waiting)
    return [
        _ours(row, status[row.pk], names.get(row.store))
        if isinstance(row, Receipt)
        else _listed(row, ours.get(row.unique_receipt_id), names)
        for row in rows
    ]


def store_names(external_ids: Iterable[str]) -> dict[str, str]:
    """What Engage calls stores, where it says so."""
    stores = Store.objects.filter(pk__in=set(external_ids)).exclude(name="")
    return dict(stores.values_list("pk", "name"))


def _status_of(waiting: Sequence[Receipt]) -> dict[UUID, PurchaseStatus]:
    """How far sales came, by the queue; what that has forgotten was delivered long ago."""
    items = Item.objects.filter(subject_id__in=[receipt.pk for receipt in waiting], kind="receipt.post")
    states: dict[UUID, str] = dict(items.values_list("subject_id", "state"))
    return {receipt.pk: _STATUS.get(states.get(receipt.pk), PurchaseStatus.SAVED) for receipt in waiting}


def receipts_of(contact: Contact) -> QuerySet[Receipt]:
    """A contact's sales made through here, also those from before the contact was known here."""
    return Receipt.objects.filter(
        Q(contact=contact) | Q(contact__isnull=True, match_contact_id__in=_ids(contact))
    )


def _ids(contact: Contact) -> list[UUID]:
    return [guid for guid in (contact.pk, contact.engage_contact_id) if guid]


def _listed(row: TransactionRow, ours: Receipt | None, names: Mapping[str, str]) -> Purchase:
    """Engage lists net sums; where the sale or its lines say it, the customer sees what was paid."""
    entry = Transaction.read(decode(row.raw.encode()))
    if ours is not None:
        return _ours(ours, PurchaseStatus.IN_ACCOUNT, entry.store_name or names.get(ours.store))
    net = entry.local_net_price_sum if entry.local_net_price_sum is not None else entry.net_price_sum
    paid = _paid(entry.line_items, is_return=row.is_return)
    return Purchase(
        when=entry.created_date,
        store_name=entry.store_name or "",
        number=entry.transaction_number or "",
        total=paid if paid is not None else net or Decimal(0),
        currency=entry.local_currency or entry.group_currency or "",
        is_return=row.is_return,
        lines=[_engage_line(raw) for raw in entry.line_items],
        status=PurchaseStatus.IN_ACCOUNT,
        is_net=paid is None,
    )


def _paid(lines: Sequence[Any], *, is_return: bool) -> Decimal | None:
    """What the lines add up to with tax, as paid; None where one of them does not say."""
    total = Decimal(0)
    for raw in lines:
        amount = number(raw, "grossPaidPrice")
        if amount is None:
            return None
        kind = (text(raw, "type") or ("RETURN" if is_return else "PURCHASE")).upper()
        total += -abs(amount) if kind == "RETURN" else amount
    return total if lines else None


def _engage_line(raw: Any) -> PurchaseLine:
    """A line of Engage's; its members are not documented, so the likely names are tried."""
    return PurchaseLine(
        name=text(raw, "articleName", "name", "description", "articleNumber", "sku") or "Article",
        quantity=whole(raw, "quantity", "numberOfItems") or 1,
        amount=number(raw, "grossPaidPrice", "localNetPrice", "netPrice", "price"),
    )


def _ours(receipt: Receipt, status: PurchaseStatus, store_name: str | None) -> Purchase:
    payload = payloads.decode_receipt(receipt.body.encode())
    signs = {"RETURN": -1}
    return Purchase(
        when=receipt.created_date,
        store_name=store_name or f"Store {receipt.store}",
        number=receipt.receipt_number,
        total=receipt.total,
        currency=receipt.currency,
        is_return=receipt.total < 0,
        lines=[
            PurchaseLine(
                item.article_name, item.quantity, item.gross_paid_price * signs.get(str(item.type), 1)
            )
            for item in payload.items
        ],
        status=status,
    )
