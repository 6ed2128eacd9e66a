"""A till repeats what nobody answered, under the same `Idempotency-Key`: its own use is no conflict."""

from datetime import timedelta
from unittest.mock import Mock

import pytest

from engage_portal.api.models import IdempotentAnswer
from engage_portal.core import clock
from engage_portal.outbox.control import cancel
from engage_portal.outbox.models import Item
from engage_portal.sandbox import seeds
from promotions.models import Redemption, TrustedUse, TrustRule, VoucherUse
from promotions.services import redeeming
from tests.api.talking import bring_up, code_of, items, know_the_offers, redeem_path, take_down, voucher_path
from tests.conftest import client_with

pytestmark = pytest.mark.django_db
PATHS = [redeem_path(seeds.ANNA_MONEY_ID), voucher_path("redeem")]
OFFER = {"redemptionChannel": "POS"}
KEY = {"HTTP_IDEMPOTENCY_KEY": "sale-1"}


@pytest.fixture(params=PATHS, ids=["offer", "voucher"])
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def the_process_dies() -> None:
    """After its work was kept, before its answer was; long enough ago to be taken over."""
    IdempotentAnswer.objects.update(status=None, created_at=clock.now() - timedelta(seconds=90))


def dies_before_it_is_sent(till, monkeypatch) -> None:
    """The use of an offer is accepted, and nobody was asked yet."""
    know_the_offers(till)
    with monkeypatch.context() as patched:
        patched.setattr(redeeming, "deliver_now", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            till.post(PATHS[0], OFFER, **KEY)
    the_process_dies()


def uses() -> int:
    return Redemption.objects.count() + VoucherUse.objects.count()


def test_it_gets_the_answer_that_was_lost(engage, till, path):
    assert till.post(path, OFFER, **KEY).status_code == 200
    the_process_dies()
    again = till.post(path, OFFER, **KEY)
    assert (again.status_code, again.content) == (200, b"")
    assert (len(engage.engage.redemptions), uses(), len(items())) == (1, 1, 1)


def test_what_is_still_on_its_way_is_202_with_its_place_in_the_queue(engage, till, path):
    take_down(engage)
    first = till.post(path, OFFER, **KEY)
    the_process_dies()
    again = till.post(path, OFFER, **KEY)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.headers.get("Location") == first.headers.get("Location")
    bring_up(engage)
    assert (len(engage.engage.redemptions), uses(), len(items())) == (1, 1, 1)


@pytest.mark.parametrize("header", [{}, {"HTTP_IDEMPOTENCY_KEY": "sale-2"}])
def test_without_the_key_or_with_another_one_it_is_a_second_use(engage, till, path, header):
    assert till.post(path, OFFER, **KEY).status_code == 200
    the_process_dies()
    answer = till.post(path, OFFER, **header)
    assert (answer.status_code, code_of(answer).endswith("AlreadyRedeemed")) == (409, True)
    assert (len(engage.engage.redemptions), uses()) == (1, 1)


def test_uses_without_a_key_are_never_taken_for_each_other(engage, till, path):
    assert till.post(path, OFFER).status_code == 200
    assert till.post(path, OFFER).status_code == 409
    assert uses() == 1


def test_the_same_key_of_another_till_is_another_one(engage, till, api_key, path):
    assert till.post(path, OFFER, **KEY).status_code == 200
    other = client_with(api_key(name="till-101-2", store="101"))
    assert other.post(path, OFFER, **KEY).status_code == 409
    assert uses() == 1


@pytest.mark.parametrize("is_away", [True, False])
def test_an_offer_whose_call_died_before_engage_was_asked_is_asked_about_now(
    engage, till, monkeypatch, is_away
):
    dies_before_it_is_sent(till, monkeypatch)
    take_down(engage) if is_away else None
    assert till.post(PATHS[0], OFFER, **KEY).status_code == (202 if is_away else 200)
    assert (len(engage.engage.redemptions), TrustedUse.objects.count()) == ((0, 1) if is_away else (1, 0))
    bring_up(engage)
    assert (len(engage.engage.redemptions), uses(), len(items())) == (1, 1, 1)


def test_the_stores_rule_holds_for_it_too_and_counts_it_once(engage, till, monkeypatch):
    TrustRule.objects.create(kinds=["MONEY"], uses_a_day=0)
    dies_before_it_is_sent(till, monkeypatch)
    take_down(engage)
    answer = till.post(PATHS[0], OFFER, **KEY)
    assert (answer.status_code, code_of(answer)) == (409, "NotOnTrust")
    assert (uses(), TrustedUse.objects.count(), [item.state for item in items()]) == (0, 0, ["cancelled"])


def test_what_was_given_on_trust_is_counted_once_however_often_it_is_asked_for(engage, till):
    take_down(engage)
    for _ in range(3):
        assert till.post(PATHS[0], OFFER, **KEY).status_code == 202
        the_process_dies()
    assert TrustedUse.objects.count() == 1


def test_what_engage_refused_meanwhile_is_not_called_kept(engage, till, path):
    take_down(engage)
    assert till.post(path, OFFER, **KEY).status_code == 202
    Item.objects.update(state="attention", holds=False, reason_code="PromotionExpired", reason="It is over.")
    the_process_dies()
    answer = till.post(path, OFFER, **KEY)
    assert (answer.status_code, code_of(answer)) == (409, "PromotionExpired")
    assert (uses(), [item.state for item in items()]) == (1, ["attention"])


def test_what_staff_gave_up_meanwhile_is_not_called_done(engage, till, path):
    take_down(engage)
    assert till.post(path, OFFER, **KEY).status_code == 202
    cancel(items=Item.objects.all(), by="sam", reason="Wrong customer.")
    the_process_dies()
    assert till.post(path, OFFER, **KEY).status_code == 202
    assert (uses(), [item.state for item in items()]) == (1, ["cancelled", "pending"])
