"""Builders for the tests of pages: people with a copy of their data, and items in every state."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from django.contrib.auth.models import Permission

from contacts.models import Contact
from engage_portal.accounts.models import User
from engage_portal.accounts.services import customer_user
from engage_portal.core import clock
from engage_portal.outbox.models import Attempt, EngageLine, Event, Heartbeat, Item, Outage, Outcome
from engage_portal.outbox.states import MOVING, OPEN, Channel, State
from engage_portal.outbox.streams import holds_stream
from promotions.models import (
    Assignment,
    AssignmentSnapshot,
    PointAccount,
    PointSnapshot,
    PointTransaction,
    Voucher,
    VoucherSnapshot,
)
from receipts.models import HistorySnapshot, Transaction

PASSWORD = "a-long-staff-password"


def contact_called(first: str, last: str, *, fetched_at: datetime | None = None, **columns) -> Contact:
    """A member with a fresh copy of everything, so that no page has to ask Engage."""
    fetched_at = fetched_at or clock.now()
    email = columns.pop("email", f"{first.lower()}@example.com")
    number = columns.pop("number", f"1000{len(first)}{len(last)}777")
    pk = uuid4()
    contact = Contact.objects.create(
        pk=pk,
        engage_contact_id=pk,
        email=email,
        member_number=number,
        mobile_phone="+46701740600",
        snapshot={
            "firstName": first,
            "lastName": last,
            "email": email,
            "mobilePhone": "+46701740600",
            "street": f"{last}gatan 1",
            "zipCode": "111 22",
            "city": "Stockholm",
            "countryCode": "SE",
            "memberNumber": number,
            "preferences.acceptsEmail": True,
            "preferences.acceptsSms": False,
        },
        fetched_at=fetched_at,
        **columns,
    )
    HistorySnapshot.objects.create(contact=contact, fetched_at=fetched_at, total_count=0)
    AssignmentSnapshot.objects.create(contact=contact, fetched_at=fetched_at)
    VoucherSnapshot.objects.create(contact=contact, fetched_at=fetched_at)
    PointSnapshot.objects.create(contact=contact, fetched_at=fetched_at)
    return contact


def purchase(
    contact: Contact, *, store: str, total: str, days_ago: float = 1, lines: list[dict] | None = None
) -> None:
    """One purchase (or return, where the total is negative) in Engage's history of a contact."""
    at = clock.now() - timedelta(days=days_ago)
    raw = {
        "id": str(uuid4()),
        "transactionNumber": f"R-{store[:3].upper()}-{int(days_ago * 100)}",
        "createdDate": at.isoformat(),
        "storeName": store,
        "numberOfItems": len(lines or []) or 1,
        "localNetPriceSum": float(Decimal(total)),
        "localCurrency": "SEK",
        "lineItems": lines or [],
    }
    Transaction.objects.create(
        contact=contact,
        engage_transaction_id=raw["id"],
        created_date=at,
        raw=json.dumps(raw),
        is_return=Decimal(total) < 0,
    )
    _number_anew(contact)


def _number_anew(contact: Contact) -> None:
    rows = list(Transaction.objects.filter(contact=contact).order_by("created_date", "pk"))
    for rank, row in enumerate(rows):
        row.rank, row.numbering = rank, 1
    Transaction.objects.bulk_update(rows, ["rank", "numbering"])
    HistorySnapshot.objects.filter(contact=contact).update(
        numbering=1, total_count=len(rows), newest_total=len(rows), kept_count=len(rows)
    )


def offer(contact: Contact, *, heading: str, **more) -> UUID:
    """One offer of a contact. `value` is a percentage, `code` the shop's code."""
    pk = uuid4()
    expires_on = more.get("expires_on")
    channel = {"type": "ECOM", "valueType": "PERCENT", "value": more.get("value", 20), "instruction": None}
    channel |= more.get("way", {})
    if "code" in more:
        channel |= {"valueType": "EXTERNALOFFER", "value": more["code"]}
    raw = {
        "id": str(pk),
        "name": heading,
        "heading": heading,
        "description": more.get("description", ""),
        "expiresOn": expires_on.isoformat() if expires_on else None,
        "redeemed": more.get("redeemed", False),
        "link": more.get("link"),
        "imageUrl": more.get("image_url"),
        "redemptionChannels": [channel],
    }
    Assignment.objects.create(
        pk=pk,
        contact=contact,
        redeemed=raw["redeemed"],
        expires_on=expires_on,
        raw=json.dumps(raw),
        position=0,
    )
    return pk


def voucher(contact: Contact, *, name: str, **more) -> UUID:
    """One voucher of a contact, worth `amount` SEK."""
    pk = uuid4()
    raw = {
        "id": str(pk),
        "voucherNumber": more.get("number", "2511"),
        "name": name,
        "redeemed": more.get("redeemed_on") is not None,
        "value": {"amount": more.get("amount", 100), "currency": "SEK"},
        "points": more.get("points", 2000),
    }
    Voucher.objects.create(
        pk=pk,
        contact=contact,
        raw=json.dumps(raw),
        redeemed=raw["redeemed"],
        **{name: more.get(name) for name in ("redeemed_on", "valid_from", "expires_on")},
    )
    return pk


def points(contact: Contact, balance: float, **more) -> PointAccount:
    """A contact's account of points."""
    number = str(uuid4())
    raw = {
        "id": number,
        "definitionId": 1,
        "balance": balance,
        "pendingPoints": more.get("pending", 0),
        "balanceExpires": more.get("expires"),
    }
    at = contact.fetched_at
    return PointAccount.objects.create(
        engage_account_id=number, contact=contact, raw=json.dumps(raw), history_fetched_at=at
    )


def movement(account: PointAccount, amount: float, words: str, *, days_ago: float = 1, **more) -> None:
    """One movement on an account; keywords are Engage's own members."""
    at = clock.now() - timedelta(days=days_ago)
    raw = {"id": str(uuid4()), "amount": amount, "type": "Addition", "description": words} | more
    raw["transactionDate"] = at.isoformat()
    PointTransaction.objects.create(
        account=account, engage_transaction_id=raw["id"], transaction_date=at, raw=json.dumps(raw)
    )


def customer(contact: Contact) -> User:
    """The sign-in of a contact."""
    return customer_user(contact=contact)


def staff(name: str, *permissions: str, **more) -> User:
    """Somebody of the staff with the named permissions of the queue."""
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True, **more)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return User.objects.get(pk=user.pk)


def item(*, state: State = State.PENDING, kind: str = "receipt.post", **more) -> Item:
    """An item in a state, with what its constraints ask for."""
    now = clock.now()
    needs = {
        State.SENDING: {"lease_token": uuid4(), "lease_until": now + timedelta(minutes=1), "tries": 1},
        State.ATTENTION: {"reason": "The receipt is not valid.", "reason_code": "ValidationError"},
        State.IN_DOUBT: {"looks_first": True, "was_in_doubt": True, "tries": 1},
        State.SPOOLED: {"spool_file": uuid4(), "channel": Channel.FILE},
        State.CANCELLED: {"reason": "Registered by hand.", "reason_code": "Cancelled"},
    }
    made = Item(
        **{
            "kind": kind,
            "subject_id": uuid4(),
            "stream": f"contact:{uuid4()}",
            "state": state,
            "finished_at": None if state in OPEN else now,
            **needs.get(state, {}),
            **more,
        }
    )
    made.holds = holds_stream(made)
    made.save(force_insert=True)
    return made


def attempt(of: Item, outcome: Outcome, *, minutes_ago: float = 1, **more) -> Attempt:
    """One try of an item."""
    at = clock.now() - timedelta(minutes=minutes_ago)
    return Attempt.objects.create(
        item=of,
        started_at=at,
        duration_ms=more.pop("duration_ms", 120),
        operation=more.pop("operation", "POST /api/v3/receipts"),
        outcome=outcome,
        **more,
    )


def event(of: Item, what: str, *, actor: str = "portal", minutes_ago: float = 5) -> Event:
    """Something that happened to an item."""
    return Event.objects.create(
        item=of, what=what, actor=actor, at=clock.now() - timedelta(minutes=minutes_ago)
    )


def engage_is_down(*, minutes: float = 34, error: str = "No answer within the time limit.") -> None:
    """The line to Engage, broken for that many minutes."""
    since = clock.now() - timedelta(minutes=minutes)
    EngageLine.objects.update_or_create(
        pk="default",
        defaults={
            "breaker_state": "open",
            "opened_at": clock.now() - timedelta(seconds=3),
            "down_since": since,
            "last_answer_at": since,
            "last_error": error,
        },
    )


def outage(**columns) -> Outage:
    """An outage that ended an hour ago, and kept what came in since the first item."""
    now = clock.now()
    times = {"last_answer_at": 98, "began_at": 95, "opened_at": 94, "ended_at": 60}
    moments = {name: now - timedelta(minutes=minutes) for name, minutes in times.items()}
    return Outage.objects.create(
        **{"cause": Outage.Cause.NO_ANSWER, "first_item": 1, "last_item": 1000, **moments, **columns}
    )


def worker_is_alive() -> None:
    """A worker with a pulse."""
    Heartbeat.objects.create(host="test", beat_at=clock.now())


__all__ = [
    "MOVING",
    "PASSWORD",
    "attempt",
    "contact_called",
    "customer",
    "engage_is_down",
    "event",
    "item",
    "movement",
    "offer",
    "outage",
    "points",
    "purchase",
    "staff",
    "voucher",
    "worker_is_alive",
]
