"""A lost answer hides no use of before: what somebody else had used is shown to staff, never given silently."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import localtime

from engage_portal.core import clock
from engage_portal.outbox.control import retry
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from promotions.models import TrustedUse
from tests.api.talking import ASSIGNMENTS, VOUCHERS, deliver_all, items, redeem_path, voucher_path

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Kind:
    """An offer or a voucher of Anna's, and how it is used."""

    name: str
    id: str
    path: str
    list: str
    endpoint: str
    code: str


KINDS = [
    Kind(
        "assignment",
        seeds.ANNA_MONEY_ID,
        redeem_path(seeds.ANNA_MONEY_ID),
        ASSIGNMENTS,
        "POST /api/v3/promotion-assignments/{assignmentId}/redeem",
        "PromotionAlreadyRedeemed",
    ),
    Kind(
        "voucher",
        seeds.VOUCHER_ID,
        voucher_path("redeem"),
        VOUCHERS,
        "POST /api/v3/reward-vouchers/{rewardVoucherId}/redeem",
        "RewardVoucherAlreadyRedeemed",
    ),
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def use(engage, till, kind) -> Callable[[], None]:
    """A till uses what our copy has as usable, and Engage's answer is an error."""
    assert till.get(kind.list, {"contactId": seeds.ANNA_ID}).status_code == 200

    def use() -> None:
        engage.engage.faults.set("500", endpoint=kind.endpoint, times=1)
        assert till.post(kind.path, {"redemptionChannel": "POS"}).status_code == 202
        assert items()[0].state == State.IN_DOUBT

    return use


def used_in_engage(engage, kind: Kind, *, at: datetime | None) -> None:
    used_in_engages_words(engage, kind, at.isoformat() if at else None)


def used_in_engages_words(engage, kind: Kind, at: str | None) -> None:
    with engage.engage.lock:
        record = engage.engage.store.get(kind.name, kind.id)
        item = {**record["item"], "redeemed": True, "redeemedOn": at}
        engage.engage.store.put(kind.name, kind.id, {**record, "item": item})
        engage.engage.store.commit()


def test_one_used_hours_before_needs_a_person_who_is_told_when(engage, use, kind):
    before = clock.now() - timedelta(hours=5)
    used_in_engage(engage, kind, at=before)
    use()
    deliver_all()
    (item,) = items()
    assert (item.state, item.reason_code) == (State.ATTENTION, kind.code)
    assert f"used elsewhere, {localtime(before):%Y-%m-%d at %H:%M}" in item.reason
    assert not engage.engage.redemptions
    assert not TrustedUse.objects.filter(outcome=TrustedUse.Outcome.CONFIRMED).exists()


def test_one_used_after_a_look_found_nothing_goes_by_its_date_too(engage, use, kind):
    use()
    Item.objects.update(state=State.PENDING, looks_first=False)  # as a look leaves it that found nothing
    used_in_engage(engage, kind, at=clock.now() - timedelta(hours=5))
    deliver_all()
    (item,) = items()
    assert (item.state, item.reason_code) == (State.ATTENTION, kind.code)
    assert "used elsewhere" in item.reason


@pytest.mark.parametrize("seconds", [None, 0, 30])
def test_one_of_that_moment_or_without_a_date_is_ours_as_clocks_differ(engage, use, kind, seconds):
    use()
    used_in_engage(engage, kind, at=None if seconds is None else clock.now() - timedelta(seconds=seconds))
    deliver_all()
    (item,) = items()
    assert item.state == State.DELIVERED
    assert set(TrustedUse.objects.values_list("outcome", flat=True)) <= {TrustedUse.Outcome.CONFIRMED}


@pytest.mark.parametrize(("minutes", "state"), [(5, State.ATTENTION), (0, State.DELIVERED)])
def test_a_time_without_an_offset_is_the_tenants_own(engage, use, kind, minutes, state):
    before = localtime(clock.now() - timedelta(minutes=minutes))
    use()
    used_in_engages_words(engage, kind, before.replace(tzinfo=None).isoformat())
    deliver_all()
    (item,) = items()
    assert item.state == state


def test_sent_again_by_staff_it_is_looked_at_again(engage, use, kind):
    used_in_engage(engage, kind, at=clock.now() - timedelta(hours=5))
    use()
    deliver_all()
    retry(items=Item.objects.all(), by="sam")
    assert items()[0].state == State.IN_DOUBT
    deliver_all()
    (item,) = items()
    assert (item.state, item.reason_code) == (State.ATTENTION, kind.code)
