"""While Engage is away a store gives on trust what its rule allows; without any rule, everything as ever."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ValidationError

from engage_portal.core import clock
from engage_portal.outbox.line import door
from engage_portal.outbox.models import EngageLine
from engage_portal.outbox.registry import Call, ReadBack, handler_for
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from promotions.models import Assignment, AssignmentSnapshot, OfferKind, Redemption, TrustedUse, TrustRule
from promotions.selectors.trust import today
from tests.api.talking import (
    CHECKOUT,
    OUTBOX,
    UNKNOWN,
    bring_up,
    code_of,
    items,
    know_the_offers,
    redeem_path,
    release_path,
    take_down,
)
from tests.conftest import client_with
from tests.pages import building
from tests.together import at_the_same_moment

POS = {"redemptionChannel": "POS"}
MONEY, PERCENT = redeem_path(seeds.ANNA_MONEY_ID), redeem_path(seeds.ANNA_PERCENT_ID)
ENDPOINT = "POST /api/v3/promotion-assignments/{assignmentId}/redeem"


def nobody_listens(settings) -> None:
    """Engage is away and the portal has not noticed: no connection can be made, so nothing leaves."""
    settings.ENGAGE_BASE_URL = "http://127.0.0.1:9"
    settings.ENGAGE_BREAKER_FAILURES = 1000
    door.disconnect()


def is_refused(answer, words: str) -> None:
    assert (answer.status_code, code_of(answer)) == (409, "NotOnTrust"), answer.content
    said = answer.json()["message"]
    assert words in said
    assert said.startswith("Engage is away.")
    assert not Redemption.objects.exists()
    assert not TrustedUse.objects.exists()
    assert not items(state__in=[State.PENDING, State.IN_DOUBT])


@pytest.mark.django_db
class TestWithoutARule:
    @pytest.mark.parametrize("is_known", [True, False])
    def test_everything_is_given_and_counted(self, engage, till, is_known):
        know_the_offers(till) if is_known else None
        take_down(engage)
        assert till.post(MONEY, POS).status_code == 202
        (use,) = TrustedUse.objects.all()
        assert (use.store, use.is_beyond, use.outcome) == ("101", False, "waiting")
        worth = (use.kind, use.money, use.currency)
        assert worth == (("MONEY", Decimal(100), "SEK") if is_known else ("", None, ""))
        bring_up(engage)
        assert TrustedUse.objects.get().outcome == "confirmed"

    def test_what_engage_answers_at_once_trusts_nobody(self, engage, till):
        TrustRule.objects.create(kinds=[])
        know_the_offers(till)
        assert till.post(MONEY, POS).status_code == 200
        assert not TrustedUse.objects.exists()


@pytest.mark.django_db
class TestARule:
    @pytest.mark.parametrize(
        ("rule", "path", "words"),
        [
            ({"kinds": ["PERCENT"]}, MONEY, "of this kind"),
            ({"most_money": 99, "currency": "SEK"}, MONEY, "worth more"),
            ({"most_money": 99, "currency": "USD"}, MONEY, "worth more"),
            ({"most_money": 9, "currency": "EUR"}, MONEY, "worth more"),
            ({"most_percent": 19}, PERCENT, "worth more"),
            ({"oldest_hours": 1}, MONEY, "too old"),
            ({}, redeem_path(UNKNOWN), "not in our copy"),
            ({"uses_a_day": 0}, MONEY, "as many offers"),
            ({"money_a_day": 99, "currency": "SEK"}, MONEY, "as much money"),
        ],
    )
    @pytest.mark.parametrize("knows", [True, False])
    def test_forbids_what_it_says_and_keeps_nothing(self, engage, till, settings, rule, path, words, knows):
        TrustRule.objects.create(**rule)
        know_the_offers(till)
        AssignmentSnapshot.objects.update(fetched_at=clock.now() - timedelta(hours=2))
        take_down(engage) if knows else nobody_listens(settings)
        is_refused(till.post(path, POS), words)
        assert not Assignment.objects.get(pk=seeds.ANNA_MONEY_ID).redeemed

    @pytest.mark.parametrize(
        ("rule", "path"),
        [
            ({"kinds": ["MONEY"], "most_percent": 1}, MONEY),
            ({"most_money": 100, "currency": "SEK"}, MONEY),
            ({"most_money": 10, "currency": "EUR"}, MONEY),
            ({"most_percent": 20, "most_money": 1, "currency": "SEK"}, PERCENT),
            ({"oldest_hours": 3}, MONEY),
            ({"oldest_hours": 2147483647}, MONEY),
            ({"allows_unknown": True}, redeem_path(UNKNOWN)),
            ({"uses_a_day": 1}, MONEY),
            ({"money_a_day": 100, "currency": "SEK"}, MONEY),
            ({"store": "102", "kinds": []}, MONEY),
        ],
    )
    def test_lets_the_rest_be_given(self, engage, till, rule, path):
        TrustRule.objects.create(**rule)
        know_the_offers(till)
        AssignmentSnapshot.objects.update(fetched_at=clock.now() - timedelta(hours=2))
        take_down(engage)
        assert till.post(path, POS).status_code == 202
        assert TrustedUse.objects.count() == 1

    def test_of_the_store_itself_counts_before_that_of_every_store(self, engage, till):
        TrustRule.objects.create(kinds=[])
        TrustRule.objects.create(store="101", kinds=["MONEY"])
        know_the_offers(till)
        take_down(engage)
        assert till.post(MONEY, POS).status_code == 202

    def test_about_money_needs_a_currency(self):
        with pytest.raises(ValidationError, match="needs a currency"):
            TrustRule(most_money=5).full_clean()

    def test_of_yesterday_is_used_up_no_more(self, engage, till):
        TrustRule.objects.create(uses_a_day=1)
        know_the_offers(till)
        take_down(engage)
        assert till.post(MONEY, POS).status_code == 202
        assert code_of(till.post(PERCENT, POS)) == "NotOnTrust"
        TrustedUse.objects.update(day=clock.now().date() - timedelta(days=2))
        assert till.post(PERCENT, POS).status_code == 202


@pytest.mark.django_db
class TestEngageMayHaveIt:
    def test_what_cannot_be_refused_any_more_is_kept_as_beyond_the_rule(self, engage, till):
        TrustRule.objects.create(kinds=[])
        know_the_offers(till)
        engage.engage.faults.set("lost_answer", endpoint=ENDPOINT, times=1)
        assert till.post(MONEY, POS).status_code == 202
        assert TrustedUse.objects.get().is_beyond
        bring_up(engage)
        assert [item.state for item in items()] == [State.DELIVERED]
        assert TrustedUse.objects.get().outcome == "confirmed"

    def test_what_engage_refuses_later_was_given_all_the_same(self, engage, till):
        know_the_offers(till)
        take_down(engage)
        assert till.post(MONEY, POS).status_code == 202
        with engage.engage.lock:
            record = engage.engage.store.get("assignment", seeds.ANNA_MONEY_ID)
            used = {**record, "item": {**record["item"], "redeemed": True}}
            engage.engage.store.put("assignment", seeds.ANNA_MONEY_ID, used)
            engage.engage.store.commit()
        bring_up(engage)
        (item,) = items()
        assert item.state == State.ATTENTION
        till.post(f"{OUTBOX}/{item.pk}/cancel", {"reason": "Seen."})
        assert TrustedUse.objects.get().outcome == "refused"


@pytest.mark.django_db
def test_what_went_in_a_file_is_confirmed_once_engage_lists_it_unless_it_was_used_before():
    used, undated, before, missing = (
        Redemption.objects.create(assignment_id=uuid4(), channel="POS", store="101") for _ in range(4)
    )
    accepted = []
    for each in (used, undated, before, missing):
        TrustedUse.objects.create(redemption_id=each.pk, store="101", day=today())
        accepted.append(
            building.item(kind="promotion.redeem", subject_id=each.pk, state=State.ACCEPTED, channel="file")
        )
    call = Call("GET /api/v3/promotion-assignments", lambda _client: None)
    listed = {
        used.assignment_id: clock.now(),
        undated.assignment_id: None,
        before.assignment_id: clock.now() - timedelta(hours=1),
    }
    handler_for("promotion.redeem").keep(ReadBack(tuple(accepted), call), listed)
    for each in (used, undated):
        assert TrustedUse.objects.get(redemption_id=each.pk).outcome == "confirmed"
    for each in (before, missing):
        assert TrustedUse.objects.get(redemption_id=each.pk).outcome == "waiting"
    assert [each.state for each in items()] == [State.DELIVERED] * 2 + [State.ACCEPTED] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("by", ["release", "cancel"])
def test_a_cancelled_sale_gives_its_part_of_the_limit_back(engage, till, by):
    TrustRule.objects.create(uses_a_day=1)
    know_the_offers(till)
    take_down(engage)
    location = till.post(MONEY, POS).headers["Location"]
    assert code_of(till.post(PERCENT, POS)) == "NotOnTrust"
    path = release_path(seeds.ANNA_MONEY_ID) if by == "release" else f"{location}/cancel"
    assert till.post(path, {"reason": "Sale cancelled."}).status_code == 200
    assert not TrustedUse.objects.exists()
    assert till.post(PERCENT, POS).status_code == 202


@pytest.mark.django_db
class TestCheckout:
    def offers(self, till, **body) -> tuple[dict, dict]:
        answer = till.post(CHECKOUT, {"email": seeds.ANNA_EMAIL, "channel": "POS", **body}).json()
        return answer, {offer["id"]: offer for offer in answer["offers"]}

    def test_says_what_may_be_given_now(self, engage, till):
        TrustRule.objects.create(store="101", kinds=["PERCENT"])
        answer, offers = self.offers(till)
        assert all(offer["allowed"] and not offer["why"] for offer in offers.values())
        take_down(engage)
        answer, offers = self.offers(till)
        assert answer["allowed"]["redeem"] is True
        assert (offers[seeds.ANNA_PERCENT_ID]["allowed"], offers[seeds.ANNA_PERCENT_ID]["why"]) == (True, "")
        assert offers[seeds.ANNA_MONEY_ID]["allowed"] is False
        assert "of this kind" in offers[seeds.ANNA_MONEY_ID]["why"]

    def test_says_so_where_every_offer_has_to_wait(self, engage, till):
        TrustRule.objects.create(kinds=[])
        self.offers(till)
        take_down(engage)
        answer, offers = self.offers(till, language="sv")
        assert not any(offer["allowed"] for offer in offers.values())
        assert "av det här slaget" in offers[seeds.ANNA_MONEY_ID]["why"]
        assert "får vänta" in answer["cashier"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rule", [{"uses_a_day": 2}, {"money_a_day": 250, "currency": "SEK"}])
@pytest.mark.parametrize("knows", [True, False])
def test_tills_that_redeem_at_the_same_moment_never_exceed_a_limit(
    engage, till, api_key, settings, rule, knows
):
    TrustRule.objects.create(**rule)
    know_the_offers(till)
    known = Assignment.objects.get(pk=seeds.ANNA_MONEY_ID)
    offers = [known.pk, *(_another(known) for _ in range(4))]
    if knows:
        take_down(engage)
    else:
        nobody_listens(settings)
    tills = [client_with(api_key(name=f"till-{number}", store="101")) for number in range(len(offers))]
    calls = zip(tills, offers, strict=True)
    answers = at_the_same_moment(*(partial(client.post, redeem_path(str(pk)), POS) for client, pk in calls))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [202, 202, 409, 409, 409]
    assert (TrustedUse.objects.count(), Redemption.objects.count()) == (2, 2)
    EngageLine.objects.all().delete()


def _another(known: Assignment) -> UUID:
    """An offer of the same worth."""
    return Assignment.objects.create(pk=uuid4(), contact=known.contact, raw=known.raw).pk


def test_the_kinds_are_engages_own():
    assert set(OfferKind.values) == {"PERCENT", "MONEY", "EXTERNALOFFER", "MANUAL", "SWIPE"}
