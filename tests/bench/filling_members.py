"""Rows: members with offers, vouchers and purchases, as Engage listed them a moment ago; and their sign-ins."""

import json
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from contacts.models import Contact
from engage_portal.accounts.services import customer_user
from engage_portal.core import clock
from promotions.models import Assignment, AssignmentSnapshot, Voucher, VoucherSnapshot
from receipts.models import HistorySnapshot, Transaction
from tests.bench.filling_contacts import person

OFFERS = VOUCHERS = 4


def members(count: str, *histories: str) -> dict[str, str]:
    """So many members with offers and vouchers; the first of them bought as often as is told. Purchases → session."""
    people = Contact.objects.bulk_create(person(number) for number in range(int(count)))
    for place, contact in enumerate(people):
        _may_use(contact, place)
    sessions = {
        times: _bought(contact, int(times)) for contact, times in zip(people, histories, strict=False)
    }
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return sessions


def _may_use(contact: Contact, place: int) -> None:
    now = clock.now()
    channels = [{"type": kind, "valueType": "EXTERNALOFFER", "value": "10056"} for kind in ("POS", "ECOM")]
    for number in range(OFFERS):
        pk = UUID(int=(2 << 80) + place * OFFERS + number)
        raw = {"id": str(pk), "name": f"Offer {number}", "redeemed": False, "redemptionChannels": channels}
        Assignment.objects.create(pk=pk, contact=contact, raw=json.dumps(raw), position=number)
        raw = {
            "id": str(pk),
            "voucherNumber": str(number),
            "name": "Bonus",
            "value": {"amount": 50, "currency": "SEK"},
        }
        Voucher.objects.create(pk=pk, contact=contact, raw=json.dumps(raw), position=number)
    AssignmentSnapshot.objects.create(contact=contact, fetched_at=now)
    VoucherSnapshot.objects.create(contact=contact, fetched_at=now)


def _bought(contact: Contact, times: int) -> str:
    now = clock.now()
    Transaction.objects.bulk_create(
        (_transaction(contact, rank, now - timedelta(hours=9 * (times - rank))) for rank in range(times)),
        1000,
    )
    HistorySnapshot.objects.create(
        contact=contact, fetched_at=now, total_count=times, newest_total=times, kept_count=times, numbering=1
    )
    return _signed_in(contact)


def _transaction(contact: Contact, rank: int, when: object) -> Transaction:
    raw = {
        "id": f"{contact.pk}-{rank}",
        "createdDate": str(when),
        "storeName": "Malmö",
        "localCurrency": "SEK",
    }
    raw |= {
        "localNetPriceSum": 199.5,
        "lineItems": [{"articleName": "Wool socks", "quantity": 1, "netPrice": 199.5}] * 3,
    }
    return Transaction(
        contact=contact,
        engage_transaction_id=raw["id"],
        unique_receipt_id=raw["id"],
        created_date=when,
        is_return=rank % 2 == 0,
        numbering=1,
        rank=rank,
        raw=json.dumps(raw),
    )


def _signed_in(contact: Contact) -> str:
    user = customer_user(contact=contact)
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session.save()
    return str(session.session_key)
