"""`POST …/redeem`: once, on every till, whatever Engage does."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.utils.timezone import localtime

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from promotions.models import Assignment, Redemption
from tests.api.talking import (
    ASSIGNMENTS,
    bring_up,
    code_of,
    deliver_all,
    items,
    know_the_offers,
    redeem_path,
    take_down,
)
from tests.conftest import client_with
from tests.together import at_the_same_moment

POS = {"redemptionChannel": "POS"}
MONEY = redeem_path(seeds.ANNA_MONEY_ID)


def redeemed_in(engage, assignment_id: str = seeds.ANNA_MONEY_ID) -> list[str]:
    return [each["channel"] for each in engage.engage.redemptions if each["id"] == assignment_id]


@pytest.mark.django_db
class TestOnce:
    @pytest.mark.parametrize("is_known", [True, False])
    def test_live_is_200_without_a_body(self, wire, till, is_known):
        know_the_offers(till) if is_known else None
        answer = till.post(MONEY, {"redemptionChannel": "pos"})
        assert (answer.status_code, answer.content) == (200, b"")
        (sent,) = wire.of("POST", ASSIGNMENTS)
        assert sent.json == {"redemptionChannel": "POS"}
        assert redeemed_in(wire) == ["POS"]
        assert [item.state for item in items()] == [State.DELIVERED]

    @pytest.mark.parametrize("is_known", [True, False])
    @pytest.mark.parametrize("knows", [True, False])
    def test_down_is_202_and_delivered_later(self, engage, till, is_known, knows):
        know_the_offers(till) if is_known else None
        take_down(engage) if knows else engage.engage.faults.set("down")
        answer = till.post(MONEY, POS)
        assert (answer.status_code, answer.content) == (202, b"")
        again = till.post(MONEY, POS)
        assert (again.status_code, code_of(again)) == (409, "PromotionAlreadyRedeemed")
        bring_up(engage)
        assert redeemed_in(engage) == ["POS"]
        assert [item.state for item in items()] == [State.DELIVERED]
        assert till.post(MONEY, POS).status_code == 409

    @pytest.mark.parametrize("is_known", [True, False])
    @pytest.mark.parametrize("mode", ["lost_answer", "500", "504"])
    def test_a_lost_answer_ends_as_delivered(self, engage, till, is_known, mode):
        know_the_offers(till) if is_known else None
        endpoint = "POST /api/v3/promotion-assignments/{assignmentId}/redeem"
        engage.engage.faults.set(mode, endpoint=endpoint, times=1)
        assert till.post(MONEY, POS).status_code == 202
        bring_up(engage)
        assert redeemed_in(engage) == ["POS"]
        assert [item.state for item in items()] == [State.DELIVERED]
        assert Redemption.objects.count() == 1

    def test_a_second_redemption_is_409(self, engage, till, api_key):
        assert till.post(MONEY, POS).status_code == 200
        other = client_with(api_key(name="till-102-1", store="102"))
        for client in (till, other):
            answer = client.post(MONEY, POS)
            assert (answer.status_code, code_of(answer)) == (409, "PromotionAlreadyRedeemed")
            used_at = Redemption.objects.get().accepted_at
            words = f"already redeemed, {localtime(used_at):%Y-%m-%d at %H:%M} in store 101."
            assert answer.json()["message"] == f"The promotion is {words}"
        assert redeemed_in(engage) == ["POS"]


@pytest.mark.django_db
class TestRefusals:
    """After each: nothing is kept, nothing is sent later."""

    @pytest.fixture(autouse=True)
    def afterwards(self, engage):
        yield
        deliver_all()
        assert not Redemption.objects.exists()
        assert not engage.engage.redemptions
        assert not items(state__in=[State.PENDING, State.IN_DOUBT, State.ATTENTION])

    @pytest.mark.parametrize("is_down", [False, True])
    def test_a_templates_id_is_told_from_the_assignments_that_was_meant(self, engage, till, is_down):
        know_the_offers(till)
        take_down(engage) if is_down else None
        before = len(engage.engage.requests)
        answer = till.post(redeem_path(seeds.PERCENT_TEMPLATE_ID), POS)
        assert (answer.status_code, code_of(answer)) == (404, "PromotionNotFound")
        said = answer.json()["message"]
        assert f"Contact {seeds.ANNA_ID} has it as assignment {seeds.ANNA_PERCENT_ID}." in said
        assert len(engage.engage.requests) == before
        engage.engage.faults.clear()

    def test_a_template_that_several_have_names_nobodys_assignment(self, engage, till):
        know_the_offers(till)
        bengt = Contact.objects.create(pk=seeds.BENGT_ID, engage_contact_id=seeds.BENGT_ID)
        theirs = Assignment.objects.get(pk=seeds.ANNA_PERCENT_ID)
        Assignment.objects.create(pk=uuid4(), contact=bengt, promotion_id=theirs.promotion_id, raw=theirs.raw)
        said = till.post(redeem_path(seeds.PERCENT_TEMPLATE_ID), POS).json()["message"]
        assert "never with its promotionId" in said
        assert "has it as" not in said

    def test_a_templates_id_that_we_do_not_know_is_engages_404_with_advice(self, engage, till):
        answer = till.post(redeem_path(seeds.PERCENT_TEMPLATE_ID), POS)
        assert (answer.status_code, code_of(answer)) == (404, "PromotionNotFound")
        assert "never with its promotionId" in answer.json()["message"]

    @pytest.mark.parametrize("is_down", [False, True])
    def test_a_channel_that_the_offer_does_not_have(self, engage, till, is_down):
        know_the_offers(till)
        take_down(engage) if is_down else None
        answer = till.post(MONEY, {"redemptionChannel": "OTHER"})
        assert (answer.status_code, code_of(answer)) == (409, "PromotionNotValidForRedemptionChannel")
        engage.engage.faults.clear()
        assert not Assignment.objects.get(pk=seeds.ANNA_MONEY_ID).redeemed

    def test_an_offer_that_is_over_while_engage_is_down(self, engage, till):
        know_the_offers(till)
        Assignment.objects.filter(pk=seeds.ANNA_MONEY_ID).update(
            expires_on=clock.now() - timedelta(minutes=1)
        )
        take_down(engage)
        answer = till.post(MONEY, POS)
        assert (answer.status_code, code_of(answer)) == (409, "PromotionExpired")

    @pytest.mark.parametrize("is_known", [True, False])
    def test_one_that_engage_knows_to_be_redeemed(self, engage, till, is_known):
        know_the_offers(till) if is_known else None
        answer = till.post(redeem_path(seeds.ANNA_REDEEMED_ID), POS)
        assert (answer.status_code, code_of(answer)) == (409, "PromotionAlreadyRedeemed")
        assert ("redeemed, 20" in answer.json()["message"]) is is_known

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"redemptionChannel": "TILL"},
            {"redemptionChannel": None},
            {"redemptionChannel": 5},
            {"channel": "POS"},
            [],
        ],
    )
    def test_no_channel(self, engage, till, body):
        answer = till.post(MONEY, body)
        assert answer.status_code == 400
        assert code_of(answer) in {"NotAValidRedemptionChannel", "NoData", "ParseError"}
        assert not engage.engage.requests

    @pytest.mark.parametrize("wrong", ["1", "spring", "%00"])
    def test_no_guid(self, engage, till, wrong):
        answer = till.post(redeem_path(wrong), POS)
        assert (answer.status_code, code_of(answer)) == (400, "InvalidPromotionIdNoData")
        assert not engage.engage.requests


@pytest.mark.django_db
def test_redeemed_somewhere_else_meanwhile_is_kept_as_redeemed(engage, till):
    know_the_offers(till)
    with engage.engage.lock:
        record = engage.engage.store.get("assignment", seeds.ANNA_MONEY_ID)
        used = {**record["item"], "redeemed": True}
        engage.engage.store.put("assignment", seeds.ANNA_MONEY_ID, {**record, "item": used})
        engage.engage.store.commit()
    answer = till.post(MONEY, POS)
    assert (answer.status_code, code_of(answer)) == (409, "PromotionAlreadyRedeemed")
    assert Assignment.objects.get(pk=seeds.ANNA_MONEY_ID).redeemed
    assert not Redemption.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_down", [False, True])
@pytest.mark.parametrize("is_known", [False, True])
def test_tills_that_redeem_at_the_same_moment(engage, till, api_key, is_down, is_known):
    know_the_offers(till) if is_known else None
    take_down(engage) if is_down else None
    tills = [client_with(api_key(name=f"till-{number}", store="101")) for number in range(4)]
    answers = at_the_same_moment(*(partial(client.post, MONEY, POS) for client in tills))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [202 if is_down else 200, 409, 409, 409]
    bring_up(engage)
    assert redeemed_in(engage) == ["POS"]
    assert Redemption.objects.count() == 1
    assert [item.state for item in items()] == [State.DELIVERED]
