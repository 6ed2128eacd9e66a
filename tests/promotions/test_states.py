"""Used, over, not yet and usable are told apart by our own clock, wherever offers are shown."""

from datetime import timedelta

import pytest

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.sandbox import seeds
from promotions.models import Assignment
from tests.api.talking import ASSIGNMENTS, CHECKOUT, code_of, redeem_path, take_down
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db
MONEY, PERCENT, USED = seeds.ANNA_MONEY_ID, seeds.ANNA_PERCENT_ID, seeds.ANNA_REDEEMED_ID
ANNAS = {"contactId": seeds.ANNA_ID}


def change_in_engage(engage, assignment_id: str, **members) -> None:
    with engage.engage.lock:
        record = engage.engage.store.get("assignment", assignment_id)
        engage.engage.store.put(
            "assignment", assignment_id, {**record, "item": {**record["item"], **members}}
        )
        engage.engage.store.commit()


def later_in_engage(engage, assignment_id: str = MONEY) -> None:
    change_in_engage(engage, assignment_id, validFrom=(clock.now() + timedelta(days=3)).isoformat())


def listed(till) -> dict[str, dict]:
    return {entry["id"]: entry for entry in till.get(ASSIGNMENTS, ANNAS).json()}


def at_the_till(till, **body) -> dict:
    answer = till.post(CHECKOUT, {"email": seeds.ANNA_EMAIL, "channel": "POS", **body})
    assert answer.status_code == 200, answer.content
    return answer.json()


def expire(assignment_id: str) -> None:
    Assignment.objects.filter(pk=assignment_id).update(expires_on=clock.now() - timedelta(minutes=1))


def test_the_list_tells_them_apart_and_leaves_out_what_ended_since(engage, till):
    later_in_engage(engage)
    states = {key: entry["state"] for key, entry in listed(till).items()}
    assert (states[MONEY], states[PERCENT], states[USED]) == ("notYetValid", "usable", "redeemed")
    expire(PERCENT)
    assert PERCENT not in listed(till)


def test_a_use_that_engage_has_not_heard_of_has_its_moment(engage, till):
    listed(till)
    take_down(engage)
    till.post(redeem_path(MONEY), {"redemptionChannel": "POS"})
    entry = listed(till)[MONEY]
    assert (entry["redeemed"], entry["state"]) == (True, "redeemed")
    assert entry["redeemedOn"] is not None


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("Valid from 20", "Over since 20", "Already used, 20")),
     ("sv", ("Gäller från 20", "Slut sedan 20", "Redan använt, 20"))],
)  # fmt: skip
def test_the_till_is_told_what_can_be_used_and_why_the_rest_cannot(engage, till, language, words):
    later_in_engage(engage)
    listed(till)
    expire(PERCENT)
    answer = at_the_till(till, language=language)
    assert not {MONEY, PERCENT, USED} & {offer["id"] for offer in answer["offers"]}
    others = {offer["id"]: offer for offer in answer["otherOffers"]}
    for assignment_id, state, said in zip(
        (MONEY, PERCENT, USED), ("notYetValid", "expired", "redeemed"), words, strict=True
    ):
        assert others[assignment_id]["state"] == state
        assert others[assignment_id]["why"].startswith(said)


def test_the_cashier_reads_what_an_offer_gives(engage, till):
    offers = {offer["id"]: offer for offer in at_the_till(till, language="sv")["offers"]}
    texts = {
        key: [way["text"] for way in offer["redemptionChannels"] if way["type"] == "POS"]
        for key, offer in offers.items()
    }
    assert texts[MONEY] == ["100 kr rabatt"]
    assert texts[PERCENT] == ["20 % rabatt"]


def test_one_that_begins_later_is_refused_while_engage_is_down(engage, till):
    later_in_engage(engage)
    listed(till)
    take_down(engage)
    answer = till.post(redeem_path(MONEY), {"redemptionChannel": "POS"})
    assert (answer.status_code, code_of(answer)) == (409, "PromotionNotYetValid")
    assert "cannot be used before 20" in answer.json()["message"]
    assert not Assignment.objects.get(pk=MONEY).redeemed


@pytest.mark.parametrize("never", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.9999999"])
def test_an_offer_that_ends_at_the_end_of_time_never_ends(engage, till, never):
    change_in_engage(engage, MONEY, expiresOn=never, validFrom="0001-01-01T00:00:00")
    assert listed(till)[MONEY]["state"] == "usable"
    assert MONEY in {each["id"] for each in at_the_till(till)["offers"]}
    contact = Contact.objects.get(engage_contact_id=seeds.ANNA_ID)
    page = signed_in(building.customer(contact)).get("/me/offers/")
    assert page.status_code == 200
    assert "9999" not in page.content.decode()
