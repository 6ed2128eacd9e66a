"""What our copy knows to be unusable is never kept for later: Engage is asked once more, and else the copy decides."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engage_portal.core import clock
from engage_portal.sandbox import seeds
from promotions.models import Assignment, Redemption, Voucher, VoucherUse
from tests.api.talking import ASSIGNMENTS, VOUCHERS, code_of, items, redeem_path, take_down, voucher_path

pytestmark = pytest.mark.django_db
MONEY, USE = redeem_path(seeds.ANNA_MONEY_ID), voucher_path("redeem")
LISTS = {"assignment": ASSIGNMENTS, "voucher": VOUCHERS}


def _is_used(row: Any) -> None:
    row.redeemed = True


def _is_over(row: Any) -> None:
    row.expires_on = clock.now() - timedelta(days=3)


def _is_not_yet_valid(row: Any) -> None:
    row.valid_from = clock.now() + timedelta(days=3)


def _is_for_the_web_shop(row: Any) -> None:
    row.raw = row.raw.replace('"POS"', '"ECOM"')


CASES = [
    ("assignment", _is_used, "PromotionAlreadyRedeemed"),
    ("assignment", _is_over, "PromotionExpired"),
    ("assignment", _is_not_yet_valid, "PromotionNotYetValid"),
    ("assignment", _is_for_the_web_shop, "PromotionNotValidForRedemptionChannel"),
    ("voucher", _is_used, "RewardVoucherAlreadyRedeemed"),
    ("voucher", _is_over, "RewardVoucherExpired"),
    ("voucher", _is_not_yet_valid, "RewardVoucherNotYetValid"),
]
cases = pytest.mark.parametrize(
    ("name", "change", "code"), CASES, ids=[f"{name}{change.__name__}" for name, change, _ in CASES]
)


@pytest.fixture
def known(till) -> Callable[..., None]:
    """Our copy of Anna's money offer and of her voucher, changed."""

    def known(name: str, change: Callable[[Any], None]) -> None:
        assert till.get(LISTS[name], {"contactId": seeds.ANNA_ID}).status_code == 200
        offers = Assignment.objects.filter(pk=seeds.ANNA_MONEY_ID)
        row = offers.get() if name == "assignment" else Voucher.objects.get(pk=seeds.VOUCHER_ID)
        change(row)
        row.save()

    return known


def used_by(till, name: str):
    return till.post(MONEY if name == "assignment" else USE, {"redemptionChannel": "POS"})


@cases
@pytest.mark.parametrize("is_noticed", [True, False])
def test_it_is_refused_while_engage_fails(engage, till, known, name, change, code, is_noticed):
    known(name, change)
    take_down(engage) if is_noticed else engage.engage.faults.set("down")
    answer = used_by(till, name)
    assert (answer.status_code, code_of(answer)) == (409, code)
    assert not items()
    assert not Redemption.objects.exists()
    assert not VoucherUse.objects.exists()


@cases
def test_it_is_used_where_engage_lists_it_as_usable_by_now(engage, till, known, name, change, code):
    known(name, change)
    assert used_by(till, name).status_code == 200
    assert len(engage.engage.redemptions) == 1


@cases
def test_what_engage_no_longer_lists_is_refused(engage, till, known, name, change, code):
    known(name, change)
    identity = seeds.ANNA_MONEY_ID if name == "assignment" else seeds.VOUCHER_ID
    with engage.engage.lock:
        record = engage.engage.store.get(name, identity)
        engage.engage.store.put(name, identity, {**record, "contactId": seeds.BENGT_ID})
        engage.engage.store.commit()
    answer = used_by(till, name)
    assert (answer.status_code, code_of(answer)) == (409, code)
    assert not engage.engage.redemptions


def test_what_was_used_here_is_refused_without_a_question(engage, till):
    assert till.get(ASSIGNMENTS, {"contactId": seeds.ANNA_ID}).status_code == 200
    assert till.post(MONEY, {"redemptionChannel": "POS"}).status_code == 200
    before = len(engage.engage.requests)
    assert till.post(MONEY, {"redemptionChannel": "POS"}).status_code == 409
    assert len(engage.engage.requests) == before
