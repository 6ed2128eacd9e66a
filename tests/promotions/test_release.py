"""A cancelled sale gives its offer back while the use waits here; once Engage may have it, that is said."""

from functools import partial

import pytest

from engage_portal.outbox.delivery.passes import deliver
from engage_portal.outbox.models import EngageLine, Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from promotions.models import Assignment, Redemption
from tests.api.talking import (
    OUTBOX,
    UNKNOWN,
    bring_up,
    code_of,
    deliver_all,
    items,
    know_the_offers,
    redeem_path,
    release_path,
    take_down,
)
from tests.conftest import client_with
from tests.together import at_the_same_moment

POS = {"redemptionChannel": "POS"}
MONEY, RELEASE = redeem_path(seeds.ANNA_MONEY_ID), release_path(seeds.ANNA_MONEY_ID)
ENDPOINT = "POST /api/v3/promotion-assignments/{assignmentId}/redeem"


def redeemed_in(engage) -> int:
    return sum(each["id"] == seeds.ANNA_MONEY_ID for each in engage.engage.redemptions)


def queued(till, engage) -> Item:
    """A use that waits because Engage is away."""
    know_the_offers(till)
    take_down(engage)
    answer = till.post(MONEY, POS)
    assert answer.status_code == 202
    (item,) = items()
    assert answer.headers["Location"] == f"{OUTBOX}/{item.pk}"
    return item


def is_free_again(till, engage) -> None:
    """Engage never heard of the use, and the offer can be used by the next customer visit."""
    assert not Redemption.objects.exists()
    assert not Assignment.objects.get(pk=seeds.ANNA_MONEY_ID).redeemed
    bring_up(engage)
    assert redeemed_in(engage) == 0
    EngageLine.objects.all().delete()
    assert till.post(MONEY, POS).status_code == 200
    assert redeemed_in(engage) == 1


@pytest.mark.django_db
class TestBeforeItLeft:
    def test_by_its_own_call(self, engage, till):
        item = queued(till, engage)
        answer = till.post(RELEASE)
        assert (answer.status_code, answer.content) == (200, b"")
        item.refresh_from_db()
        assert (item.state, "till-101-1" in item.reason) == (State.SUPERSEDED, True)
        is_free_again(till, engage)

    def test_by_cancelling_the_item_that_the_answer_names(self, engage, till):
        queued(till, engage)
        location = f"{OUTBOX}/{items()[0].pk}"
        assert till.get(location).json()["state"] == "pending"
        assert till.post(f"{location}/cancel", {"reason": "Sale cancelled."}).status_code == 200
        is_free_again(till, engage)

    def test_a_repeated_answer_names_the_item_too(self, engage, till):
        take_down(engage)
        first, again = (till.post(MONEY, POS, headers={"Idempotency-Key": "sale-7"}) for _ in range(2))
        assert (first.status_code, again.status_code) == (202, 202)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.headers["Location"] == first.headers["Location"]

    def test_what_engage_refused_later_has_no_use_to_take_back(self, engage, till):
        know_the_offers(till)
        take_down(engage)
        path = redeem_path(seeds.PERCENT_TEMPLATE_ID[:-4] + "ffff")
        assert till.post(path, POS).status_code == 202
        bring_up(engage)
        (item,) = items()
        assert (item.state, item.reason_code) == (State.ATTENTION, "PromotionNotFound")
        assert till.post(release_path(seeds.PERCENT_TEMPLATE_ID[:-4] + "ffff")).status_code == 200
        assert not Redemption.objects.exists()
        assert [each.state for each in items()] == [State.CANCELLED]

    def test_a_second_release_finds_nothing(self, engage, till):
        queued(till, engage)
        assert till.post(RELEASE).status_code == 200
        answer = till.post(RELEASE)
        assert (answer.status_code, code_of(answer)) == (404, "PromotionNotRedeemed")


@pytest.mark.django_db
class TestTooLate:
    """After each: the use stays a use."""

    @pytest.fixture(autouse=True)
    def afterwards(self, engage):
        yield
        assert Redemption.objects.count() == 1

    def test_engage_has_it(self, engage, till):
        know_the_offers(till)
        assert till.post(MONEY, POS).status_code == 200
        answer = till.post(RELEASE)
        assert (answer.status_code, code_of(answer)) == (409, "PromotionRedeemedInEngage")
        assert "Customer service can assign" in answer.json()["message"]
        assert Assignment.objects.get(pk=seeds.ANNA_MONEY_ID).redeemed
        assert redeemed_in(engage) == 1

    def test_an_answer_was_lost(self, engage, till):
        know_the_offers(till)
        engage.engage.faults.set("lost_answer", endpoint=ENDPOINT, times=1)
        assert till.post(MONEY, POS).status_code == 202
        answer = till.post(RELEASE)
        assert (answer.status_code, code_of(answer)) == (409, "RedemptionOnItsWay")
        assert Assignment.objects.get(pk=seeds.ANNA_MONEY_ID).redeemed
        deliver_all()
        assert [item.state for item in items()] == [State.DELIVERED]
        assert code_of(till.post(RELEASE)) == "PromotionRedeemedInEngage"

    def test_another_store_cannot(self, engage, till, api_key):
        item = queued(till, engage)
        other = client_with(api_key(name="till-102-1", store="102"))
        answer = other.post(RELEASE)
        assert (answer.status_code, code_of(answer)) == (404, "PromotionNotRedeemed")
        item.refresh_from_db()
        assert item.state == State.PENDING


@pytest.mark.django_db
def test_what_was_never_redeemed_or_is_no_guid(engage, till):
    for path, status in ((RELEASE, 404), (release_path(UNKNOWN), 404), (release_path("spring"), 400)):
        assert till.post(path).status_code == status
    assert not engage.engage.requests


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(4))
def test_a_release_and_a_worker_at_the_same_moment_never_both_win(engage, till, _round):
    queued(till, engage)
    engage.engage.faults.clear()
    EngageLine.objects.all().delete()
    answer, _ = at_the_same_moment(partial(till.post, RELEASE), partial(deliver, seconds=30))
    deliver_all()
    assert (answer.status_code, redeemed_in(engage), Redemption.objects.count()) in {(200, 0, 0), (409, 1, 1)}
