"""`POST /api/v3/reward-vouchers/{id}/redeem`: once, on every till, whatever Engage does."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.utils.timezone import localtime

from engage_portal.core import clock
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from promotions.models import Voucher, VoucherSnapshot, VoucherUse
from promotions.selectors.vouchers import standings
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
from tests.together import at_the_same_moment

USE = voucher_path("redeem")
ENDPOINT = "POST /api/v3/reward-vouchers/{rewardVoucherId}/redeem"


def know_the_vouchers(till) -> None:
    assert till.get(VOUCHERS, {"contactId": seeds.ANNA_ID}).status_code == 200


def in_engage(engage, voucher_id: str = seeds.VOUCHER_ID) -> dict:
    return engage.engage.store.get("voucher", voucher_id)["item"]


def change_in_engage(engage, voucher_id: str = seeds.VOUCHER_ID, **members) -> None:
    with engage.engage.lock:
        record = engage.engage.store.get("voucher", voucher_id)
        engage.engage.store.put("voucher", voucher_id, {**record, "item": {**record["item"], **members}})
        engage.engage.store.commit()


def uses_in(engage) -> int:
    return sum(each["kind"] == "voucher" for each in engage.engage.redemptions)


@pytest.mark.django_db
@pytest.mark.parametrize("newest_first", [True, False])
def test_the_newest_use_counts_whatever_order_the_database_has_them_in(newest_first):
    voucher_id, now = uuid4(), clock.now()
    released = [now - timedelta(days=2), now - timedelta(days=1), None]
    for at in reversed(released) if newest_first else released:
        VoucherUse.objects.create(voucher_id=voucher_id, released_at=at)
    assert standings([voucher_id])[voucher_id].use.released_at is None
    assert standings([voucher_id])[voucher_id].is_used


@pytest.mark.django_db
class TestOnce:
    @pytest.mark.parametrize("is_known", [True, False])
    def test_live_is_200_without_a_body(self, wire, till, is_known):
        know_the_vouchers(till) if is_known else None
        answer = till.post(USE)
        assert (answer.status_code, answer.content) == (200, b"")
        (sent,) = wire.of("POST", VOUCHERS)
        assert (sent.path, sent.body) == (USE, b"")
        assert in_engage(wire)["redeemed"]
        assert [(item.kind, item.stream, item.priority, item.state) for item in items()] == [
            ("voucher.redeem", f"voucher:{seeds.VOUCHER_ID}", 20, State.DELIVERED)
        ]

    @pytest.mark.parametrize("is_known", [True, False])
    @pytest.mark.parametrize("knows", [True, False])
    def test_down_is_202_and_delivered_later(self, engage, till, is_known, knows):
        know_the_vouchers(till) if is_known else None
        take_down(engage) if knows else engage.engage.faults.set("down")
        assert till.post(USE).status_code == 202
        again = till.post(USE)
        assert (again.status_code, code_of(again)) == (409, "RewardVoucherAlreadyRedeemed")
        bring_up(engage)
        assert (in_engage(engage)["redeemed"], uses_in(engage)) == (True, 1)
        assert [item.state for item in items()] == [State.DELIVERED]
        assert till.post(USE).status_code == 409

    @pytest.mark.parametrize("is_known", [True, False])
    @pytest.mark.parametrize("mode", ["lost_answer", "500", "504"])
    def test_a_lost_answer_ends_as_delivered(self, engage, till, is_known, mode):
        know_the_vouchers(till) if is_known else None
        engage.engage.faults.set(mode, endpoint=ENDPOINT, times=1)
        assert till.post(USE).status_code == 202
        assert items()[0].state == State.IN_DOUBT
        bring_up(engage)
        assert (in_engage(engage)["redeemed"], uses_in(engage)) == (True, 1)
        assert [item.state for item in items()] == [State.DELIVERED]
        assert VoucherUse.objects.count() == 1

    def test_after_a_lost_answer_the_used_vouchers_are_looked_at_before_anything_is_sent_again(
        self, wire, till
    ):
        know_the_vouchers(till)
        wire.engage.faults.set("lost_answer", endpoint=ENDPOINT, times=1)
        till.post(USE)
        bring_up(wire)
        assert len(wire.of("POST", USE)) == 1
        assert len(wire.of("GET", f"{VOUCHERS}/redeemed")) == 1

    def test_a_second_use_is_409_on_every_till_and_says_when_and_where(self, engage, till, api_key):
        assert till.post(USE).status_code == 200
        other = client_with(api_key(name="till-102-1", store="102"))
        for client in (till, other):
            answer = client.post(USE)
            assert (answer.status_code, code_of(answer)) == (409, "RewardVoucherAlreadyRedeemed")
            used_at = VoucherUse.objects.get().accepted_at
            words = f"already redeemed, {localtime(used_at):%Y-%m-%d at %H:%M} in store 101."
            assert answer.json()["message"] == f"The voucher is {words}"
        assert uses_in(engage) == 1

    def test_a_repeated_request_with_its_key_is_one_use(self, engage, till):
        take_down(engage)
        for _ in range(2):
            assert till.post(USE, HTTP_IDEMPOTENCY_KEY="sale-1").status_code == 202
        bring_up(engage)
        assert uses_in(engage) == 1


@pytest.mark.django_db
class TestRefusals:
    """After each: nothing is kept, nothing is sent later."""

    @pytest.fixture(autouse=True)
    def afterwards(self, engage):
        yield
        deliver_all()
        assert not VoucherUse.objects.exists()
        assert not uses_in(engage)
        assert not Item.objects.open().exists()

    @pytest.mark.parametrize("is_known", [True, False])
    def test_one_that_engage_knows_to_be_used(self, engage, till, is_known):
        know_the_vouchers(till) if is_known else None
        answer = till.post(voucher_path("redeem", seeds.VOUCHER_USED_ID))
        assert (answer.status_code, code_of(answer)) == (409, "RewardVoucherAlreadyRedeemed")
        assert ("redeemed, 20" in answer.json()["message"]) is is_known

    @pytest.mark.parametrize("is_down", [True, False])
    def test_one_that_has_expired(self, engage, till, is_down):
        know_the_vouchers(till)
        take_down(engage) if is_down else None
        answer = till.post(voucher_path("redeem", seeds.VOUCHER_EXPIRED_ID))
        assert (answer.status_code, code_of(answer)) == (409, "RewardVoucherExpired")
        engage.engage.faults.clear()

    def test_one_that_is_used_while_engage_is_down(self, engage, till):
        know_the_vouchers(till)
        take_down(engage)
        answer = till.post(voucher_path("redeem", seeds.VOUCHER_USED_ID))
        assert (answer.status_code, code_of(answer)) == (409, "RewardVoucherAlreadyRedeemed")
        engage.engage.faults.clear()

    def test_one_that_is_not_valid_yet_while_engage_is_down(self, engage, till):
        change_in_engage(engage, validFrom=(clock.now() + timedelta(days=3)).isoformat())
        know_the_vouchers(till)
        take_down(engage)
        answer = till.post(USE)
        assert (answer.status_code, code_of(answer)) == (409, "RewardVoucherNotYetValid")
        engage.engage.faults.clear()

    def test_one_that_there_is_not(self, engage, till):
        answer = till.post(voucher_path("redeem", UNKNOWN))
        assert (answer.status_code, code_of(answer)) == (404, "RewardVoucherNotFound")

    @pytest.mark.parametrize("wrong", ["1", "2511233093766", "%00"])
    def test_no_guid(self, engage, till, wrong):
        answer = till.post(voucher_path("redeem", wrong))
        assert (answer.status_code, code_of(answer)) == (400, "InvalidRewardVoucherId")
        assert not engage.engage.requests


@pytest.mark.django_db
class TestTroubleLater:
    def test_a_queued_use_that_engage_refuses_is_shown_to_staff_and_the_lock_stays(self, engage, till):
        take_down(engage)
        assert till.post(voucher_path("redeem", seeds.VOUCHER_EXPIRED_ID)).status_code == 202
        bring_up(engage)
        (item,) = items()
        assert (item.state, item.reason_code) == (State.ATTENTION, "RewardVoucherExpired")
        assert till.post(voucher_path("redeem", seeds.VOUCHER_EXPIRED_ID)).status_code == 409

    def test_used_elsewhere_meanwhile_needs_a_person(self, engage, till):
        know_the_vouchers(till)
        take_down(engage)
        assert till.post(USE).status_code == 202
        change_in_engage(engage, redeemed=True, redeemedOn=clock.now().isoformat())
        bring_up(engage)
        (item,) = items()
        assert (item.state, item.reason_code) == (State.ATTENTION, "RewardVoucherAlreadyRedeemed")
        assert uses_in(engage) == 0

    def test_what_was_made_usable_again_in_engage_itself_can_be_used_again(self, engage, till):
        know_the_vouchers(till)
        assert till.post(USE).status_code == 200
        change_in_engage(engage, redeemed=False, redeemedOn=None)
        assert till.post(USE).status_code == 409
        long_ago = clock.now() - timedelta(hours=1)
        Item.objects.update(finished_at=long_ago)
        VoucherSnapshot.objects.update(fetched_at=long_ago)
        assert till.post(USE).status_code == 200
        assert uses_in(engage) == 2

    def test_a_list_that_is_older_than_the_use_does_not_release_it(self, engage, till):
        know_the_vouchers(till)
        assert till.post(USE).status_code == 200
        change_in_engage(engage, redeemed=False, redeemedOn=None)
        VoucherSnapshot.objects.update(fetched_at=clock.now() - timedelta(hours=1))
        assert till.post(USE).status_code == 409
        assert not Voucher.objects.get(pk=seeds.VOUCHER_ID).redeemed
        assert till.get(VOUCHERS, {"contactId": seeds.ANNA_ID}).json()["items"][0]["redeemed"] is True


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_down", [False, True])
@pytest.mark.parametrize("is_known", [False, True])
def test_tills_that_use_it_at_the_same_moment(engage, till, api_key, is_down, is_known):
    know_the_vouchers(till) if is_known else None
    take_down(engage) if is_down else None
    tills = [client_with(api_key(name=f"till-{number}", store="101")) for number in range(4)]
    answers = at_the_same_moment(*(partial(client.post, USE) for client in tills))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [202 if is_down else 200, 409, 409, 409]
    bring_up(engage)
    assert uses_in(engage) == 1
    assert VoucherUse.objects.count() == 1
    assert [item.state for item in items()] == [State.DELIVERED]
