"""Reading what a contact bought: Engage's history, and sales made here that it does not list yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast

from contacts.models import Contact
from engage_portal.engage import Transaction, payloads
from engage_portal.engage.wire import decode, number, text, whole
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from receipts.models import HistorySnapshot, Receipt
from receipts.models import Transaction as TransactionRow

_HERE, _THERE = "here", "there"


class PurchaseStatus(StrEnum):
    """How far a purchase has come, in the customer's words."""

    SAVED = "Saved in store"
    ON_ITS_WAY = "On its way"
    IN_ACCOUNT = "In your account"


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


@dataclass(frozen=True, slots=True)
class PurchasePage:
    """Some purchases, newest first, of a total."""

    rows: list[Purchase]
    total: int


def purchases_for(contact: Contact, *, offset: int, count: int) -> PurchasePage:
    """A page of a contact's purchases and returns, in a bounded number of queries."""
    listed = TransactionRow.objects.filter(contact=contact)
    unlisted = receipts_not_listed(contact)
    keys = list(
        _keys(listed, _THERE)
        .union(_keys(unlisted, _HERE), all=True)
        .order_by("-at", "-key")[offset : offset + count]
    )
    there = _from_engage(
        listed.filter(pk__in=[int(key) for key, _, where in keys if where == _THERE]), contact
    )
    here = _from_here(unlisted.filter(pk__in=[key for key, _, where in keys if where == _HERE]))
    rows = {**there, **here}
    return PurchasePage([rows[key] for key, _, _ in keys if key in rows], listed.count() + unlisted.count())


def receipts_not_listed(contact: Contact) -> QuerySet[Receipt]:
    """Sales of a contact that Engage's history does not show yet."""
    shown = TransactionRow.objects.filter(contact=contact, unique_receipt_id=OuterRef("unique_receipt_id"))
    return receipts_of(contact).exclude(Exists(shown))


def receipts_of(contact: Contact) -> QuerySet[Receipt]:
    """A contact's sales made through here, also those from before the contact was known here."""
    ids = [guid for guid in (contact.pk, contact.engage_contact_id) if guid]
    return Receipt.objects.filter(Q(contact=contact) | Q(contact__isnull=True, match_contact_id__in=ids))


def history_rows(contact: Contact, *, offset: int, count: int) -> list[Transaction]:
    """Engage's own answer, from our copy, newest first."""
    newest = (F("created_date").desc(nulls_last=True), F("id").desc())
    rows = TransactionRow.objects.filter(contact=contact).order_by(*newest)[offset : offset + count]
    return [Transaction.read(decode(row.raw.encode())) for row in rows]


def history_total(contact: Contact) -> int:
    """How many purchases Engage says the contact has."""
    return HistorySnapshot.objects.filter(contact=contact).values_list("total_count", flat=True).first() or 0


def _keys(rows: QuerySet[Any], where: str) -> QuerySet[Any, tuple[Any, ...]]:
    keyed: QuerySet[Any, tuple[Any, ...]] = (
        rows.order_by()
        .annotate(key=Cast("pk", CharField()), at=F("created_date"), where=Value(where, CharField()))
        .values_list("key", "at", "where")
    )
    return keyed


def _from_engage(rows: Iterable[TransactionRow], contact: Contact) -> dict[str, Purchase]:
    rows = list(rows)
    ids = [row.unique_receipt_id for row in rows if row.unique_receipt_id]
    ours = {
        receipt.unique_receipt_id: receipt
        for receipt in receipts_of(contact).filter(unique_receipt_id__in=ids)
    }
    return {str(row.pk): _listed(row, ours.get(row.unique_receipt_id)) for row in rows}


def _listed(row: TransactionRow, ours: Receipt | None) -> Purchase:
    """Engage lists net sums; where the sale was made through here, the customer sees what was paid."""
    entry = Transaction.read(decode(row.raw.encode()))
    if ours is not None:
        return _ours(ours, PurchaseStatus.IN_ACCOUNT, entry.store_name)
    total = entry.local_net_price_sum if entry.local_net_price_sum is not None else entry.net_price_sum
    return Purchase(
        when=entry.created_date,
        store_name=entry.store_name or "",
        number=entry.transaction_number or "",
        total=total or Decimal(0),
        currency=entry.local_currency or entry.group_currency or "",
        is_return=(total or 0) < 0 or (entry.number_of_items or 0) < 0,
        lines=[_engage_line(raw) for raw in entry.line_items],
        status=PurchaseStatus.IN_ACCOUNT,
        is_net=True,
    )


def _engage_line(raw: Any) -> PurchaseLine:
    """A line of Engage's; its members are not documented, so the likely names are tried."""
    return PurchaseLine(
        name=text(raw, "articleName", "name", "description", "articleNumber", "sku") or "Article",
        quantity=whole(raw, "quantity", "numberOfItems") or 1,
        amount=number(raw, "grossPaidPrice", "localNetPrice", "netPrice", "price"),
    )


def _from_here(receipts: Iterable[Receipt]) -> dict[str, Purchase]:
    receipts = list(receipts)
    states = dict(
        Item.objects.filter(
            subject_id__in=[receipt.pk for receipt in receipts], kind="receipt.post"
        ).values_list("subject_id", "state")
    )
    taken = {State.ACCEPTED, State.DELIVERED}
    return {
        _key(receipt): _ours(
            receipt,
            PurchaseStatus.ON_ITS_WAY if states.get(receipt.pk) in taken else PurchaseStatus.SAVED,
            None,
        )
        for receipt in receipts
    }


def _key(receipt: Receipt) -> str:
    """The primary key as the database casts it to text: SQLite keeps GUIDs without hyphens."""
    return str(receipt.pk) if connection.features.has_native_uuid_field else receipt.pk.hex


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
