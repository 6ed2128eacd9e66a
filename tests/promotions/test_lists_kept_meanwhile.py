"""A list of offers or vouchers that is kept at the moment of a use: neither waits for the other for ever."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.outbox.line import door
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from promotions.models import Assignment, Redemption, VoucherUse
from promotions.services import offers_store, vouchers_store
from tests.api.talking import ASSIGNMENTS, VOUCHERS, bring_up, items, redeem_path, take_down, voucher_path
from tests.promotions.importing.exporting import imported, new

pytestmark = pytest.mark.django_db(transaction=True)
MONEY, USE = redeem_path(seeds.ANNA_MONEY_ID), voucher_path("redeem")


@pytest.fixture
def anna(engage, till) -> Contact:
    for path in (ASSIGNMENTS, VOUCHERS):
        assert till.get(path, {"contactId": seeds.ANNA_ID}).status_code == 200
    return Contact.objects.get(engage_contact_id=seeds.ANNA_ID)


@pytest.fixture
def meanwhile() -> Iterator[Callable[[Callable[[], Any]], Future]]:
    """Start something beside the test; returns once it waits for a lock, where the database can tell."""
    with ThreadPoolExecutor(1) as pool:

        def start(work: Callable[[], Any]) -> Future:
            future = pool.submit(_closing, work)
            while connection.vendor == "postgresql" and not (future.done() or somebody_waits()):
                time.sleep(0.01)
            return future

        yield start


def _closing(work: Callable[[], Any]) -> Any:
    try:
        return work()
    finally:
        connection.close()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees the same all the time
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return cursor.fetchone() is not None


def lock(contact: Contact) -> None:
    """As whoever keeps a list begins."""
    Contact.objects.select_for_update().get(pk=contact.pk)


def offer_is_used(till) -> bool:
    listed = till.get(ASSIGNMENTS, {"contactId": seeds.ANNA_ID}).json()
    return next(each["redeemed"] for each in listed if each["id"] == seeds.ANNA_MONEY_ID)


@pytest.mark.parametrize("by", ["list", "export"])
def test_an_offer_is_used_while_its_list_is_kept(engage, till, anna, meanwhile, by):
    asked_at = clock.now()
    listed = door.client().list_promotion_assignments(seeds.ANNA_ID)
    with transaction.atomic():
        lock(anna)
        answer = meanwhile(lambda: till.post(MONEY, {"redemptionChannel": "POS"}))
        if by == "list":
            offers_store(contact=anna, assignments=listed, as_of=asked_at)
        else:
            imported(new(coupon=seeds.ANNA_MONEY_ID, contact=seeds.ANNA_ID))
    assert answer.result().status_code in {200, 202}
    bring_up(engage)
    assert Redemption.objects.count() == 1
    assert [item.state for item in items()] == [State.DELIVERED]
    assert offer_is_used(till)


def test_a_voucher_is_used_while_its_list_is_kept(engage, till, anna, meanwhile):
    asked_at = clock.now()
    listed = door.client().list_vouchers(seeds.ANNA_ID).items
    with transaction.atomic():
        lock(anna)
        answer = meanwhile(lambda: till.post(USE))
        vouchers_store(contact=anna, vouchers=listed, as_of=asked_at)
    assert answer.result().status_code in {200, 202}
    bring_up(engage)
    assert VoucherUse.objects.count() == 1
    assert [item.state for item in items()] == [State.DELIVERED]
    kept = till.get(VOUCHERS, {"contactId": seeds.ANNA_ID}).json()["items"]
    assert next(each["redeemed"] for each in kept if each["id"] == seeds.VOUCHER_ID)


def test_a_worker_that_brought_uses_to_engage_waits_for_no_list(engage, till, anna, meanwhile):
    take_down(engage)
    assert till.post(MONEY, {"redemptionChannel": "POS"}).status_code == 202
    assert till.post(USE).status_code == 202
    engage.engage.faults.clear()
    listed = door.client().list_promotion_assignments(seeds.ANNA_ID)
    vouchers = door.client().list_vouchers(seeds.ANNA_ID).items
    asked_at = clock.now()
    with transaction.atomic():
        lock(anna)
        offers_store(contact=anna, assignments=listed, as_of=asked_at)
        vouchers_store(contact=anna, vouchers=vouchers, as_of=asked_at)
        delivered = meanwhile(lambda: bring_up(engage))
        if connection.vendor == "postgresql":
            delivered.result(timeout=30)
    delivered.result()
    assert [item.state for item in items()] == [State.DELIVERED] * 2
    assert Assignment.objects.get(pk=seeds.ANNA_MONEY_ID).redeemed
    kept = till.get(VOUCHERS, {"contactId": seeds.ANNA_ID}).json()["items"]
    assert next(each["redeemed"] for each in kept if each["id"] == seeds.VOUCHER_ID)
