"""`POST /api/portal/v1/checkout`: one answer for the till, within its time, whatever Engage does."""

from datetime import timedelta
from threading import Barrier

import pytest
from django_q.models import OrmQ

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.engage import EngageClient, NotFound
from engage_portal.sandbox import seeds
from promotions.models import AssignmentSnapshot, VoucherSnapshot
from tests.api.talking import ASSIGNMENTS, CHECKOUT, UNKNOWN, code_of, redeem_path, take_down, voucher_path

pytestmark = pytest.mark.django_db
ANNA = {"email": seeds.ANNA_EMAIL, "channel": "POS"}
SHOWN = {"id", "contactType", "firstName", "lastName", "memberNumber"}
OFFERS_OF = "GET /api/v3/promotion-assignments"


def asked(till, body: dict) -> dict:
    answer = till.post(CHECKOUT, body)
    assert answer.status_code == 200, answer.content
    return answer.json()


def hours_passed() -> None:
    then = clock.now() - timedelta(hours=2)
    Contact.objects.update(fetched_at=then, as_of=then)
    AssignmentSnapshot.objects.update(fetched_at=then)
    VoucherSnapshot.objects.update(fetched_at=then)


def test_a_member_comes_with_what_a_till_may_see_and_with_their_offers(engage, till):
    answer = asked(till, ANNA)
    assert set(answer["contact"]) == SHOWN
    assert answer["contact"]["firstName"] == "Anna"
    assert seeds.ANNA_MONEY_ID in [offer["id"] for offer in answer["offers"]]
    assert [voucher["text"] for voucher in answer["vouchers"]] == ["100 kr"]
    assert seeds.VOUCHER_USED_ID not in [voucher["id"] for voucher in answer["vouchers"]]
    assert (answer["source"], answer["age"]) == ("live", 0)
    assert answer["parts"] == {"contact": "live", "offers": "live", "vouchers": "live"}
    assert answer["allowed"] == {"redeem": True, "signUp": False}
    assert (answer["cashier"], answer["customer"]) == ("Member found.", "")


@pytest.mark.parametrize(
    "body",
    [
        {"mobilePhone": "073-565 43 21"},
        {"customKey": seeds.ANNA_MEMBER_NUMBER},
        {"any": seeds.ANNA_EMAIL},
        {"contactId": seeds.ANNA_ID},
    ],
)
def test_any_identifier_finds_the_member(engage, till, body):
    assert asked(till, body)["contact"]["id"] == seeds.ANNA_ID


def test_a_second_look_soon_after_asks_engage_for_nothing(engage, till):
    asked(till, ANNA)
    before = len(engage.engage.requests)
    answer = asked(till, ANNA)
    assert (answer["source"], len(engage.engage.requests)) == ("cached", before)


def test_a_fresh_copy_costs_eight_queries(engage, till, django_assert_num_queries):
    asked(till, ANNA)
    # Key, contact, ages, offers, when one was used, vouchers, their uses, line.
    with django_assert_num_queries(8):
        asked(till, ANNA)


def test_what_is_old_and_was_read_just_now_is_not_read_again_by_a_worker(
    engage, till, django_capture_on_commit_callbacks
):
    asked(till, ANNA)
    hours_passed()
    with django_capture_on_commit_callbacks(execute=True):
        asked(till, ANNA)
    assert not OrmQ.objects.exists()


def test_what_is_old_is_asked_for_at_the_same_time(engage, wire, till):
    asked(till, {"email": seeds.ANNA_EMAIL})
    hours_passed()
    wire.meeting = Barrier(3)  # nothing is answered before three were asked
    answer = asked(till, ANNA)
    assert answer["parts"] == {"contact": "live", "offers": "live", "vouchers": "live"}


@pytest.mark.parametrize("mode", ["down", "hang"])
@pytest.mark.parametrize("language", ["en", "sv"])
def test_while_engage_is_away_the_copy_answers_with_its_age(engage, till, settings, mode, language):
    asked(till, ANNA)
    hours_passed()
    settings.PORTAL_TIME_BUDGET = 0.4
    engage.engage.faults.set(mode)
    answer = asked(till, {**ANNA, "language": language})
    assert (answer["source"], answer["contact"]["id"]) == ("offline", seeds.ANNA_ID)
    assert 7200 <= answer["age"] < 7300
    assert answer["offers"]
    assert ("kopia" in answer["cashier"]) == (language == "sv")
    engage.engage.faults.clear()


def test_a_part_that_misses_the_budget_is_marked_and_the_others_are_new(engage, till, settings):
    asked(till, ANNA)
    hours_passed()
    settings.PORTAL_TIME_BUDGET = 4
    engage.engage.faults.set("hang", endpoint=OFFERS_OF)
    answer = asked(till, ANNA)
    assert answer["parts"] == {"contact": "live", "offers": "offline", "vouchers": "live"}
    assert answer["offers"]
    engage.engage.faults.clear()


def test_an_address_that_engage_does_not_have_is_no_news_about_the_member(engage, till, monkeypatch):
    asked(till, ANNA)
    hours_passed()
    missing = NotFound("", status=404, operation="GET /api/v3/reward-vouchers")
    monkeypatch.setattr(EngageClient, "list_vouchers", _raising(missing))
    answer = asked(till, ANNA)
    assert answer["contact"]["firstName"] == "Anna"
    assert answer["parts"] == {"contact": "live", "offers": "live", "vouchers": "offline"}
    assert (answer["vouchers"] != [], answer["allowed"]["signUp"]) == (True, False)


def _raising(error: Exception):
    def call(*_: object, **__: object):
        raise error

    return call


def test_offers_that_were_never_fetched_are_said_to_be_missing(engage, till, settings):
    asked(till, {"email": "nobody@example.com"})  # the first call of a process takes longer
    settings.PORTAL_TIME_BUDGET = 4
    engage.engage.faults.set("hang", endpoint=OFFERS_OF)
    answer = asked(till, ANNA)
    assert (answer["parts"]["offers"], answer["offers"]) == ("none", [])
    assert answer["allowed"]["redeem"] is True  # the vouchers came
    assert "You can proceed with your purchase" in answer["customer"]
    engage.engage.faults.clear()


@pytest.mark.parametrize("level", [3, 4])
def test_somebody_unknown_while_engage_is_away_gets_the_notice(engage, till, settings, level):
    settings.ENGAGE_LEVEL = level
    take_down(engage)
    answer = asked(till, {"email": "nobody@example.com", "language": "sv-SE"})
    assert (answer["contact"], answer["source"], answer["offers"]) == (None, "none", [])
    assert answer["allowed"] == {"redeem": False, "signUp": level == 4}
    assert "slutföra ditt köp" in answer["customer"]


def test_nobody_is_said_so_and_may_sign_up(engage, till):
    for body in ({"email": "nobody@example.com"}, {"contactId": UNKNOWN}):
        answer = asked(till, body)
        assert (answer["contact"], answer["allowed"]["signUp"], answer["customer"]) == (None, True, "")


def test_an_offer_that_was_used_is_not_offered_again(engage, till):
    asked(till, ANNA)
    assert till.post(redeem_path(seeds.ANNA_MONEY_ID), {"redemptionChannel": "POS"}).status_code == 200
    assert seeds.ANNA_MONEY_ID not in [offer["id"] for offer in asked(till, ANNA)["offers"]]
    assert till.get(ASSIGNMENTS, {"contactId": seeds.ANNA_ID}).status_code == 200


def test_nothing_can_be_redeemed_once_everything_was(engage, till):
    answer = asked(till, ANNA)
    assert answer["allowed"]["redeem"]
    for offer in answer["offers"]:
        till.post(redeem_path(offer["id"]), {"redemptionChannel": "POS"})
    for voucher in answer["vouchers"]:
        till.post(voucher_path("redeem", voucher["id"]))
    answer = asked(till, ANNA)
    assert (answer["offers"], answer["vouchers"], answer["allowed"]["redeem"]) == ([], [], False)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"language": "sv"}, 400, "InvalidSearchQuery"),
        ({"email": "a@b.se", "any": "a@b.se"}, 400, "InvalidSearchQuery"),
        ({"contactId": "1"}, 400, "InvalidContactId"),
        ({"email": 7}, 422, "ValidationError"),
        ({"email": "a@b.se", "channel": "TV"}, 422, "ValidationError"),
        ({"email": "x" * 300}, 422, "ValidationError"),
        ({}, 400, "NoData"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(engage, till, body, status, code):
    answer = till.post(CHECKOUT, body)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert not engage.engage.requests
