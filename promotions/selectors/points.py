"""Reading a contact's points, from our copy."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.engage import PointAccount, PointTransaction
from engage_portal.engage.wire import decode
from promotions.models import PointAccount as AccountRow
from promotions.models import PointTransaction as TransactionRow

_NEWEST_FIRST = (F("transaction_date").desc(nulls_last=True), F("id").desc())
_WORDS = {
    "addition": "Points earned",
    "deduction": "Points used",
    "expiry": "Points expired",
    "cancellation": "Points taken back",
}


@dataclass(frozen=True, slots=True)
class Balance:
    """One account as its owner reads it."""

    points: Decimal
    pending: Decimal
    expires_on: datetime | None


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the points' history. `points` is negative where they were taken."""

    when: datetime | None
    words: str
    points: Decimal
    is_pending: bool
    valid_from: datetime | None


@dataclass(frozen=True, slots=True)
class MovementPage:
    """Some movements, newest first, of a total."""

    rows: list[Movement]
    total: int


def balances_for(contact: Contact) -> list[Balance]:
    """A contact's accounts in Engage's order."""
    return [
        Balance(
            points=account.balance or Decimal(0),
            pending=account.pending_points or Decimal(0),
            expires_on=account.balance_expires,
        )
        for account in accounts_for(contact)
    ]


def accounts_for(contact: Contact) -> list[PointAccount]:
    """A contact's accounts in Engage's own words and order."""
    rows = AccountRow.objects.filter(contact=contact).order_by("position")
    return [PointAccount.read(decode(row.raw.encode())) for row in rows]


def account_known_as(account_id: str) -> AccountRow | None:
    """The account with Engage's id, where one of our contacts has it."""
    wanted = account_id.strip().lower()
    return AccountRow.objects.select_related("contact__same_as").filter(engage_account_id=wanted).first()


def account_of_definition(contact: Contact, definition_id: str) -> AccountRow | None:
    """A contact's account of one kind of points."""
    for row in AccountRow.objects.filter(contact=contact).order_by("position"):
        if PointAccount.read(decode(row.raw.encode())).definition_id == definition_id.strip().lower():
            return row
    return None


def movements_for(contact: Contact, *, offset: int, count: int) -> MovementPage:
    """A page of the movements on all of a contact's accounts."""
    rows = TransactionRow.objects.filter(account__contact=contact)
    page = rows.order_by(*_NEWEST_FIRST)[offset : offset + count]
    return MovementPage([_movement(row) for row in page], rows.count())


def transactions_of(account: AccountRow, *, wanted: str) -> list[Mapping[str, Any]]:
    """All movements kept of an account in Engage's own words, newest first: All, Active or Pending by our clock."""
    entries = [PointTransaction.read(decode(row.raw.encode())) for row in _rows_of(account)]
    return [entry.raw for entry in entries if _passes(entry, wanted)]


def _rows_of(account: AccountRow) -> QuerySet[TransactionRow]:
    return TransactionRow.objects.filter(account=account).order_by(*_NEWEST_FIRST)


def _passes(entry: PointTransaction, wanted: str) -> bool:
    if wanted == "Pending":
        return _is_pending(entry)
    if wanted == "Active":
        is_over = entry.valid_to is not None and entry.valid_to <= clock.now()
        return not _is_pending(entry) and not is_over
    return True


def _is_pending(entry: PointTransaction) -> bool:
    return entry.valid_from is not None and entry.valid_from > clock.now()


def _movement(row: TransactionRow) -> Movement:
    entry = PointTransaction.read(decode(row.raw.encode()))
    return Movement(
        when=entry.transaction_date or entry.created_on,
        words=entry.description or _WORDS.get((entry.type or "").lower(), "Points"),
        points=_signed(entry),
        is_pending=_is_pending(entry),
        valid_from=entry.valid_from,
    )


def _signed(entry: PointTransaction) -> Decimal:
    """What the movement adds. Whether Engage writes a deduction with its minus is not documented: both are read."""
    amount = entry.amount or Decimal(0)
    return -abs(amount) if (entry.type or "").lower() in {"deduction", "expiry"} else amount
