"""`POST /api/v3/reward-vouchers/{id}/reactivate`: a cancelled sale gives the voucher back, in order and once."""

from functools import partial

import pytest

from engage_portal.core import clock
from engage_portal.outbox.control import cancel
from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from promotions.models import VoucherUse
from tests.api.talking import (
    UNKNOWN,
    VOUCHERS,
    bring_up,
    code_of,
    deliver_all,
    items,
    take_down,
    voucher_path,
)
from tests.conftest import client_with
from tests.promotions.test_voucher_use import change_in_engage, in_engage, know_the_vouchers, uses_in
from tests.together import at_the_same_moment

pytestmark = pytest.mark.django_db
USE = voucher_path("redeem")
GIVE_BACK = voucher_path("reactivate")
ENDPOINT = "POST /api/v3/reward-vouchers/{rewardVoucherId}/reactivate"


def is_redeemed(till) -> bool:
    listed = till.get(VOUCHERS, {"contactId": seeds.ANNA_ID}).json()["items"]
    return next(each["redeemed"] for each in listed if each["id"] == seeds.VOUCHER_ID)


def times_reactivated(engage) -> int:
    return engage.engage.store.get("voucher", seeds.VOUCHER_ID)["reactivated"]


@pytest.mark.parametrize("is_known", [True, False])
def test_a_used_voucher_is_usable_again_and_may_be_used_again(engage, till, is_known):
    know_the_vouchers(till) if is_known else None
    assert till.post(USE).status_code == 200
    answer = till.post(GIVE_BACK)
    assert (answer.status_code, answer.content) == (200, b"")
    assert not in_engage(engage)["redeemed"]
    assert not is_redeemed(till)
    assert till.post(USE).status_code == 200
    assert uses_in(engage) == 2
    assert [item.kind for item in items()] == ["voucher.redeem", "voucher.reactivate", "voucher.redeem"]


def test_a_use_that_has_not_left_is_taken_back_and_engage_hears_of_neither(engage, till):
    know_the_vouchers(till)
    take_down(engage)
    assert till.post(USE).status_code == 202
    assert is_redeemed(till)
    assert till.post(GIVE_BACK).status_code == 200
    assert not is_redeemed(till)
    assert not VoucherUse.objects.exists()
    bring_up(engage)
    (item,) = items()
    assert item.state == State.SUPERSEDED
    told = Event.objects.get(item=item, what="superseded").detail
    assert "the sale was cancelled" in told
    assert "till-101-1" in told
    assert uses_in(engage) == 0
    assert till.post(USE).status_code == 200


def test_what_engage_may_have_heard_of_is_followed_by_its_reactivation_in_order(wire, till):
    know_the_vouchers(till)
    wire.engage.faults.set(
        "lost_answer", endpoint="POST /api/v3/reward-vouchers/{rewardVoucherId}/redeem", times=1
    )
    assert till.post(USE).status_code == 202
    assert till.post(GIVE_BACK).status_code == 202
    assert not is_redeemed(till)
    bring_up(wire)
    assert [sent.path for sent in wire.of("POST", VOUCHERS)] == [USE, GIVE_BACK]
    assert [item.state for item in items()] == [State.DELIVERED] * 2
    assert not in_engage(wire)["redeemed"]


def test_use_give_back_and_use_again_while_engage_is_away(wire, till):
    know_the_vouchers(till)
    assert till.post(USE).status_code == 200
    take_down(wire)
    assert till.post(GIVE_BACK).status_code == 202
    assert till.post(USE).status_code == 202
    assert till.post(USE).status_code == 409
    bring_up(wire)
    assert [sent.path for sent in wire.of("POST", VOUCHERS) if sent.path in (USE, GIVE_BACK)][-2:] == [
        GIVE_BACK,
        USE,
    ]
    assert in_engage(wire)["redeemed"]
    assert (uses_in(wire), times_reactivated(wire)) == (2, 1)
    assert [item.state for item in items()] == [State.DELIVERED] * 3


@pytest.mark.parametrize("is_known", [True, False])
def test_a_lost_answer_ends_as_delivered_and_costs_one_reactivation(engage, till, is_known):
    know_the_vouchers(till) if is_known else None
    assert till.post(USE).status_code == 200
    engage.engage.faults.set("lost_answer", endpoint=ENDPOINT, times=1)
    assert till.post(GIVE_BACK).status_code == 202
    bring_up(engage)
    assert not in_engage(engage)["redeemed"]
    assert times_reactivated(engage) == 1
    assert [item.state for item in items()] == [State.DELIVERED] * 2


@pytest.mark.parametrize("is_down", [False, True])
def test_another_store_cannot_give_it_back(engage, till, api_key, is_down):
    know_the_vouchers(till)
    take_down(engage) if is_down else None
    assert till.post(USE).status_code == (202 if is_down else 200)
    other = client_with(api_key(name="till-102-1", store="102"))
    answer = other.post(GIVE_BACK)
    assert (answer.status_code, code_of(answer)) == (404, "RewardVoucherNotRedeemed")
    bring_up(engage)
    assert is_redeemed(till)
    assert in_engage(engage)["redeemed"]
    assert [(item.kind, item.state) for item in items()] == [("voucher.redeem", State.DELIVERED)]


def test_a_key_of_no_store_gives_back_what_any_store_used(engage, till, api_key):
    assert till.post(USE).status_code == 200
    assert client_with(api_key(name="shop", store="")).post(GIVE_BACK).status_code == 200
    assert not in_engage(engage)["redeemed"]


def test_one_that_was_used_elsewhere_is_given_back_too(engage, till):
    assert till.post(voucher_path("reactivate", seeds.VOUCHER_USED_ID)).status_code == 200
    assert not in_engage(engage, seeds.VOUCHER_USED_ID)["redeemed"]


def test_the_second_of_two_cancellations_is_409_while_engage_is_away(engage, till):
    know_the_vouchers(till)
    assert till.post(USE).status_code == 200
    take_down(engage)
    assert till.post(GIVE_BACK).status_code == 202
    again = till.post(GIVE_BACK)
    assert (again.status_code, code_of(again)) == (409, "RewardVoucherAlreadyActivated")
    bring_up(engage)
    assert times_reactivated(engage) == 1


class TestRefusals:
    def test_a_voucher_that_is_not_used(self, engage, till):
        answer = till.post(GIVE_BACK)
        assert (answer.status_code, code_of(answer)) == (409, "RewardVoucherAlreadyActivated")
        assert not Item.objects.open().exists()

    def test_a_voucher_that_is_not_used_while_engage_is_away(self, engage, till):
        know_the_vouchers(till)
        take_down(engage)
        answer = till.post(GIVE_BACK)
        assert (answer.status_code, code_of(answer)) == (409, "RewardVoucherAlreadyActivated")
        assert not items()
        assert not VoucherUse.objects.exists()

    def test_one_that_there_is_not(self, engage, till):
        answer = till.post(voucher_path("reactivate", UNKNOWN))
        assert (answer.status_code, code_of(answer)) == (404, "RewardVoucherNotFound")
        assert not VoucherUse.objects.exists()

    def test_a_voucher_that_was_reactivated_too_often_stays_used(self, engage, till):
        know_the_vouchers(till)
        for _ in range(3):
            assert till.post(USE).status_code == 200
            assert till.post(GIVE_BACK).status_code == 200
        assert till.post(USE).status_code == 200
        answer = till.post(GIVE_BACK)
        assert (answer.status_code, code_of(answer)) == (409, "ReactivationLimitExceeded")
        assert is_redeemed(till)
        assert till.post(USE).status_code == 409

    def test_refused_while_queued_it_needs_a_person_and_the_voucher_counts_as_used(self, engage, till):
        know_the_vouchers(till)
        assert till.post(USE).status_code == 200
        take_down(engage)
        assert till.post(GIVE_BACK).status_code == 202
        with engage.engage.lock:
            record = engage.engage.store.get("voucher", seeds.VOUCHER_ID)
            engage.engage.store.put("voucher", seeds.VOUCHER_ID, {**record, "reactivated": 3})
            engage.engage.store.commit()
        bring_up(engage)
        stuck = items()[-1]
        assert (stuck.state, stuck.reason_code) == (State.ATTENTION, "ReactivationLimitExceeded")
        assert is_redeemed(till)
        answer = till.post(USE)
        assert (answer.status_code, code_of(answer)) == (409, "RewardVoucherAlreadyRedeemed")
        cancel(items=Item.objects.filter(pk=stuck.pk), by="sam", reason="Too often.")
        assert is_redeemed(till)
        assert till.post(USE).status_code == 409


def test_a_use_that_engage_refused_is_given_up_and_no_voucher_of_another_sale_is_touched(engage, till):
    know_the_vouchers(till)
    take_down(engage)
    assert till.post(USE).status_code == 202
    change_in_engage(engage, redeemed=True, redeemedOn=clock.now().isoformat())
    bring_up(engage)
    assert items()[0].state == State.ATTENTION
    assert till.post(GIVE_BACK).status_code == 200
    deliver_all()
    assert [item.state for item in items()] == [State.CANCELLED]
    assert in_engage(engage)["redeemed"]


def test_staff_who_give_up_a_use_take_its_reactivation_along(engage, till):
    know_the_vouchers(till)
    take_down(engage)
    assert till.post(USE).status_code == 202
    use = items()[0]
    Item.objects.update(tries=1, was_in_doubt=True, looks_first=True, state=State.IN_DOUBT)
    assert till.post(GIVE_BACK).status_code == 202
    Item.objects.filter(pk=use.pk).update(state=State.PENDING, was_in_doubt=False, looks_first=False)
    cancel(items=Item.objects.filter(pk=use.pk), by="sam", reason="Never happened.")
    assert [item.state for item in items()] == [State.CANCELLED, State.SUPERSEDED]
    bring_up(engage)
    assert not in_engage(engage)["redeemed"]
    assert not VoucherUse.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_ours", [True, False])
def test_tills_that_give_it_back_at_the_same_moment(engage, till, api_key, is_ours):
    voucher = seeds.VOUCHER_ID if is_ours else seeds.VOUCHER_USED_ID
    know_the_vouchers(till)
    if is_ours:
        assert till.post(USE).status_code == 200
    take_down(engage)
    tills = [client_with(api_key(name=f"till-{number}", store="101")) for number in range(4)]
    path = voucher_path("reactivate", voucher)
    answers = at_the_same_moment(*(partial(client.post, path) for client in tills))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [202, 409, 409, 409]
    bring_up(engage)
    assert engage.engage.store.get("voucher", voucher)["reactivated"] == 1
    assert {item.state for item in items()} == {State.DELIVERED}


@pytest.mark.django_db(transaction=True)
def test_a_use_and_a_cancellation_at_the_same_moment_leave_one_truth(engage, till, api_key):
    know_the_vouchers(till)
    assert till.post(USE).status_code == 200
    take_down(engage)
    assert till.post(GIVE_BACK).status_code == 202
    clients = [client_with(api_key(name=f"till-{number}", store="101")) for number in range(4)]
    paths = [USE, GIVE_BACK, USE, GIVE_BACK]
    calls = zip(clients, paths, strict=True)
    answers = at_the_same_moment(*(partial(client.post, path) for client, path in calls))
    assert {answer.status_code for answer in answers} <= {200, 202, 409}
    used = VoucherUse.objects.filter(released_at__isnull=True).exists()
    bring_up(engage)
    assert in_engage(engage)["redeemed"] is used
    assert not Item.objects.open().exists()


@pytest.mark.django_db(transaction=True)
def test_giving_back_what_engage_refuses_at_the_same_moment_leaves_nothing(engage, till, api_key):
    """The recording of a refusal and a cancellation take the same rows, whichever comes first."""
    know_the_vouchers(till)
    paths = [voucher_path(name, seeds.VOUCHER_USED_ID) for name in ("redeem", "reactivate")] * 2
    with engage.engage.lock:
        record = engage.engage.store.get("voucher", seeds.VOUCHER_USED_ID)
        engage.engage.store.put("voucher", seeds.VOUCHER_USED_ID, {**record, "reactivated": 3})
        engage.engage.store.commit()
    clients = [client_with(api_key(name=f"till-{number}", store="101")) for number in range(4)]
    calls = zip(clients, paths, strict=True)
    answers = at_the_same_moment(*(partial(client.post, path) for client, path in calls))
    assert {answer.status_code for answer in answers} <= {200, 202, 409}
    deliver_all()
    assert not Item.objects.filter(state__in=[State.PENDING, State.SENDING, State.IN_DOUBT]).exists()
    assert in_engage(engage, seeds.VOUCHER_USED_ID)["redeemed"]
