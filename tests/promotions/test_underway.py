"""Whether a use is underway is asked for each sale that names one: the queue with its history is not read for that."""

from uuid import uuid4

import pytest
from django.db import connection

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from promotions.kinds import REDEEM, VOUCHER_REDEEM
from promotions.models import Assignment, Redemption, VoucherUse
from promotions.selectors.underway import (
    uses_of_offers_underway,
    uses_of_promotions_underway,
    uses_of_vouchers_underway,
)

pytestmark = pytest.mark.django_db
SETTLED = 4000


@pytest.fixture
def whose() -> Contact:
    """One of many, with one use of each kind that waits; all the others' have settled."""
    people = Contact.objects.bulk_create(Contact() for _ in range(SETTLED))
    offers = Assignment.objects.bulk_create(
        Assignment(id=uuid4(), contact=each, promotion_id=uuid4(), raw="{}") for each in people
    )
    uses = Redemption.objects.bulk_create(
        Redemption(assignment_id=offer.pk, contact=offer.contact, channel="POS") for offer in offers
    )
    vouchers = VoucherUse.objects.bulk_create(VoucherUse(voucher_id=uuid4(), contact=each) for each in people)
    pairs = [*((REDEEM, use.pk) for use in uses), *((VOUCHER_REDEEM, use.pk) for use in vouchers)]
    mine = {uses[0].pk, vouchers[0].pk}
    Item.objects.bulk_create(_item(kind, pk, waits=pk in mine) for kind, pk in pairs)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("REINDEX TABLE outbox_item")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return people[0]


def _item(kind, subject_id, *, waits) -> Item:
    settled = {} if waits else {"state": State.DELIVERED, "holds": False, "finished_at": clock.now()}
    return Item(kind=kind, subject_id=subject_id, stream=f"{kind}:{subject_id}", **settled)


def test_each_way_of_naming_a_use_finds_it_by_an_index(whose):
    offer = Assignment.objects.get(contact=whose)
    for asked in (
        uses_of_offers_underway([offer.pk]),
        uses_of_promotions_underway([offer.promotion_id], whose=whose),
        uses_of_vouchers_underway(whose=whose),
    ):
        assert asked.count() == 1
        plan = asked.explain()
        assert "Seq Scan" not in plan, plan
        assert "SCAN outbox_item" not in plan, plan


def test_naming_nothing_asks_nothing(whose, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert not uses_of_offers_underway([]).exists()
        assert not uses_of_promotions_underway([], whose=whose).exists()
