"""`GET /api/v3/promotion-assignments`: a contact's offers as Engage lists them, with our own redemptions marked."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from engage_portal.sandbox import seeds
from promotions.models import Assignment, AssignmentSnapshot
from tests.api.talking import ASSIGNMENTS, UNKNOWN, bring_up, code_of, redeem_path, take_down

pytestmark = pytest.mark.django_db
ANNAS = {"contactId": seeds.ANNA_ID}


def listed(till, **query) -> dict[str, dict]:
    answer = till.get(ASSIGNMENTS, {**ANNAS, **query})
    assert answer.status_code == 200, answer.content
    return {entry["id"]: entry for entry in answer.json()}


def test_engages_list_is_passed_on_word_for_word(engage, till):
    ours = listed(till)
    states = {key: entry.pop("state") for key, entry in ours.items()}
    theirs = {key: record["item"] for key, record in engage.engage.store.all("assignment").items()}
    assert ours == {key: theirs[key] for key in ours}
    assert {seeds.ANNA_PERCENT_ID, seeds.ANNA_MONEY_ID, seeds.ANNA_REDEEMED_ID} <= set(ours)
    assert ours[seeds.ANNA_REDEEMED_ID]["redeemed"] is True
    assert (states[seeds.ANNA_REDEEMED_ID], states[seeds.ANNA_MONEY_ID]) == ("redeemed", "usable")


def test_redeemed_ones_are_listed_too(engage, till):
    listed(till)
    assert till.post(redeem_path(seeds.ANNA_MONEY_ID), {"redemptionChannel": "POS"}).status_code == 200
    assert listed(till)[seeds.ANNA_MONEY_ID]["redeemed"] is True


@pytest.mark.parametrize("channel", ["POS", "ECOM", "OTHER", "pos"])
def test_a_channel_narrows_the_list(engage, till, channel):
    every = listed(till)
    some = listed(till, redemptionChannelType=channel)
    wanted = {
        key
        for key, entry in every.items()
        if channel.upper() in {way["type"] for way in entry["redemptionChannels"]}
    }
    assert set(some) == wanted


@pytest.mark.parametrize("wrong", ["TILL", "POS,ECOM", "\x00"])
def test_an_unknown_channel_is_refused(engage, till, wrong):
    answer = till.get(ASSIGNMENTS, {**ANNAS, "redemptionChannelType": wrong})
    assert (answer.status_code, code_of(answer)) == (400, "NotAValidRedemptionChannel")


@pytest.mark.parametrize("wrong", [None, "", "anna", "\x00"])
def test_a_contact_id_is_needed(engage, till, wrong):
    answer = till.get(ASSIGNMENTS, {} if wrong is None else {"contactId": wrong})
    assert (answer.status_code, code_of(answer)) == (400, "InvalidContactId")


def test_an_unknown_contact(engage, till):
    answer = till.get(ASSIGNMENTS, {"contactId": UNKNOWN})
    assert (answer.status_code, code_of(answer)) == (404, "ContactNotFound")


def test_the_age_is_told_live_cached_and_stale(engage, till):
    assert till.get(ASSIGNMENTS, ANNAS).headers["X-Engage-Freshness"] == "live"
    before = len(engage.engage.requests)
    assert till.get(ASSIGNMENTS, ANNAS).headers["X-Engage-Freshness"] == "cached"
    assert len(engage.engage.requests) == before
    AssignmentSnapshot.objects.update(fetched_at=clock.now() - timedelta(hours=1))
    take_down(engage)
    stale = till.get(ASSIGNMENTS, ANNAS)
    assert stale.headers["X-Engage-Freshness"] == "stale"
    assert 3600 <= int(stale.headers["Age"]) < 3700
    assert len(stale.json()) == len(listed(till))


def test_never_fetched_and_down_is_503_not_an_empty_list(engage, till):
    till.get(f"/api/v3/contacts/{seeds.ANNA_ID}")
    take_down(engage)
    answer = till.get(ASSIGNMENTS, ANNAS)
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")


def test_what_waits_to_be_redeemed_stays_redeemed_when_the_list_is_fetched_again(engage, till):
    listed(till)
    take_down(engage)
    assert till.post(redeem_path(seeds.ANNA_MONEY_ID), {"redemptionChannel": "POS"}).status_code == 202
    engage.engage.faults.clear()
    from engage_portal.outbox.models import EngageLine

    EngageLine.objects.all().delete()
    AssignmentSnapshot.objects.all().delete()
    assert listed(till)[seeds.ANNA_MONEY_ID]["redeemed"] is True
    bring_up(engage)
    assert listed(till)[seeds.ANNA_MONEY_ID]["redeemed"] is True


def test_odd_entries_of_engages_list_are_survived(engage, till):
    with engage.engage.lock:
        record = engage.engage.store.get("assignment", seeds.ANNA_MONEY_ID)
        for key, odd in (("odd-1", "not-a-guid"), ("odd-2", seeds.ANNA_MONEY_ID), ("odd-3", "")):
            engage.engage.store.put("assignment", key, {**record, "item": {**record["item"], "id": odd}})
        engage.engage.store.commit()
    assert seeds.ANNA_MONEY_ID in listed(till)
    assert Assignment.objects.filter(pk=seeds.ANNA_MONEY_ID).count() == 1
