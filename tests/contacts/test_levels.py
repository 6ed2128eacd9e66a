"""What a till hears at each preparation level, with Engage up, down, hanging and back, about whoever it may be."""

from dataclasses import dataclass

import pytest

from contacts.models import Contact
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.api.talking import CONTACTS, ID, bring_up, code_of, items, know_it_is_down, new_contact

pytestmark = pytest.mark.django_db
LEVELS = (1, 2, 3, 4)
NUMBER = "7001"
A_MOMENT = 1.2
"""Seconds that a till waits for an Engage that hangs."""
LONG_ENOUGH_TO_BEGIN = 4.0
"""Seconds in which the call leaves, also on a busy machine: what the till hears depends on that."""


def line(engage, state: str) -> None:
    """Bring the line to Engage into a state; of `hanging` the portal knows nothing yet."""
    if state == "down":
        engage.engage.faults.set("down")
        know_it_is_down()
    elif state == "hanging":
        engage.engage.faults.set("hang")


def two_with_one_number(till) -> None:
    till.post(CONTACTS, new_contact(email="one@example.com", memberNumber=NUMBER))
    till.post(CONTACTS, new_contact(email="two@example.com", externalId=NUMBER))


def not_fresh() -> None:
    """Only a copy is left of what was known, as an hour later."""
    Contact.objects.update(fetched_at=None)


# ── Looking somebody up ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class LookUp:
    """Who is meant, and what the till hears."""

    query: dict
    up: tuple[int, str]
    copy: tuple[int, str]
    """While Engage is away, from level 3 on; below there is no copy."""


WHO = {
    "known": LookUp({"email": seeds.ANNA_EMAIL}, (200, ""), (200, "")),
    "unknown": LookUp({"email": "nobody@example.com"}, (404, "ContactNotFound"), (503, "EngageUnavailable")),
    "two matches": LookUp({"customKey": NUMBER}, (409, "MultipleMatches"), (409, "MultipleMatches")),
    "being created": LookUp(
        {"email": "erik@example.com"}, (404, "ContactNotFound"), (503, "EngageUnavailable")
    ),
}
AWAY = (503, "EngageUnavailable")


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("state", ["up", "down", "hanging", "back"])
@pytest.mark.parametrize("level", LEVELS)
def test_looking_somebody_up(engage, till, settings, level, state, who):
    two_with_one_number(till)
    till.get(ID, {"email": seeds.ANNA_EMAIL})
    not_fresh()
    settings.ENGAGE_LEVEL = level
    if state == "hanging":
        settings.PORTAL_TIME_BUDGET = A_MOMENT
    engage.engage.configure(being_created=who == "being created")
    line(engage, "down" if state == "back" else state)
    if state == "back":
        bring_up(engage)
    asked = WHO[who]
    is_away = state in {"down", "hanging"}
    expected = (asked.copy if level >= 3 else AWAY) if is_away else asked.up
    answer = till.get(ID, asked.query)
    code = code_of(answer) if answer.status_code != 200 else ""
    assert (answer.status_code, code) == expected
    engage.engage.faults.clear()


# ── Signing somebody up ──────────────────────────────────────────────────────────────────────────────────────────


def sign_up(till, who: str):
    if who == "known":
        return till.post(CONTACTS, new_contact(email=seeds.ANNA_EMAIL))
    if who == "two matches":
        return till.post(CONTACTS, new_contact(memberNumber=NUMBER, email="three@example.com"))
    return till.post(CONTACTS, new_contact())


UP = {
    "known": (409, "ApprovedContactWithKeyExists"),
    "unknown": (201, ""),
    "two matches": (409, "ApprovedContactWithKeyExists"),
    "being created": (409, "ContactWithKeyIsBeingCreated"),
}
DOWN = {
    "known": (409, "ApprovedContactWithKeyExists"),
    "unknown": (202, ""),
    "two matches": (409, "ApprovedContactWithKeyExists"),
    "being created": (202, ""),
}


@pytest.mark.parametrize("who", UP)
@pytest.mark.parametrize("state", ["up", "down", "hanging", "back"])
@pytest.mark.parametrize("level", LEVELS)
def test_signing_somebody_up(engage, till, settings, level, state, who):
    two_with_one_number(till)
    till.get(ID, {"email": seeds.ANNA_EMAIL})
    not_fresh()
    before = Contact.objects.count()
    settings.ENGAGE_LEVEL = level
    if state == "hanging":
        settings.PORTAL_TIME_BUDGET = A_MOMENT if level == 4 else LONG_ENOUGH_TO_BEGIN
    line(engage, "down" if state == "back" else state)
    if state == "back":
        bring_up(engage)
    engage.engage.configure(being_created=who == "being created")
    answer = sign_up(till, who)
    said = (answer.status_code, code_of(answer) if answer.status_code >= 400 else "")
    if state == "down":
        assert said == (DOWN[who] if level == 4 else AWAY)
    elif state == "hanging":
        # It may have reached Engage: then nobody is told that it was not taken, whatever the level.
        assert said == (202, "")
    else:
        assert said == UP[who]
    kept = Contact.objects.count() - before
    assert kept == (1 if answer.status_code in {201, 202} else 0)
    engage.engage.faults.clear()


@pytest.mark.parametrize("who", ["unknown", "known", "being created", "two matches"])
@pytest.mark.parametrize("state", ["down", "hanging"])
def test_whoever_was_signed_up_meanwhile_is_in_engage_once_when_it_is_back(
    engage, till, settings, state, who
):
    """What a till of another system did to the same person while Engage was away here decides nothing twice."""
    if state == "hanging":
        settings.PORTAL_TIME_BUDGET = LONG_ENOUGH_TO_BEGIN
    line(engage, state)
    address = "erik@example.com"
    answer = till.post(CONTACTS, new_contact(city="Lund", lastName="Ek"))
    assert answer.status_code == 202
    if who != "unknown":
        created_elsewhere(engage, address, "Member", lastName="Eriksson")
    if who == "two matches":
        created_elsewhere(engage, address, "Contact")
    engage.engage.configure(being_created=who == "being created")
    bring_up(engage)
    engage.engage.configure(being_created=False)
    Item.objects.filter(state=State.IN_DOUBT).update(tries=1)
    bring_up(engage)
    members = [each for each in engage.engage.with_key("email", address) if each["contactType"] == "Member"]
    assert len(members) == 1
    assert {item.state for item in items()} == {State.DELIVERED}
    born = Contact.objects.get(pk=answer.json()["id"])
    assert str(born.engage_id) == members[0]["id"]
    there = members[0]["attributes"]
    assert there["city"] == "Lund"  # what the person gave and Engage lacked
    assert there["lastName"] == ("Ek" if who == "unknown" else "Eriksson")  # what Engage had stays


def created_elsewhere(engage, email: str, contact_type: str, **attributes) -> None:
    from engage_portal.sandbox.contacts import create

    flat = {"email": email, "countryCode": "SE", "firstName": "Erik", **attributes}
    create(engage.engage, flat, contact_type, store=None, is_approved=True)
    engage.engage.store.commit()
