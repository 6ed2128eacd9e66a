"""`GET /api/v3/contacts/id`: from a fresh copy without a call, else from Engage, else from the copy with its age."""

from datetime import timedelta

import pytest

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.sandbox import seeds
from tests.api.talking import ANNA, ID, code_of, new_contact, take_down
from tests.api.talking import CONTACTS as CONTACTS_PATH

pytestmark = pytest.mark.django_db


def calls(engage) -> int:
    return len(engage.engage.requests)


def make_stale() -> None:
    then = clock.now() - timedelta(hours=2)
    Contact.objects.update(fetched_at=then, as_of=then)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", seeds.ANNA_EMAIL),
        ("email", "  Anna@Example.COM "),
        ("mobilePhone", seeds.ANNA_PHONE),
        ("mobilePhone", "073-565 43 21"),
        ("customKey", seeds.ANNA_MEMBER_NUMBER),
        ("any", seeds.ANNA_EMAIL),
        ("any", seeds.ANNA_PHONE),
        ("any", seeds.ANNA_MEMBER_NUMBER),
    ],
)
def test_each_identifier_finds_the_contact_in_engage_and_then_in_the_copy(engage, till, kind, value):
    live = till.get(ID, {kind: value})
    assert (live.status_code, live.json()) == (200, seeds.ANNA_ID)
    assert live.headers["X-Engage-Freshness"] == "live"
    assert live.headers["Age"] == "0"
    assert live.content == f'"{seeds.ANNA_ID}"'.encode()
    till.get(ANNA)
    before = calls(engage)
    cached = till.get(ID, {kind: value})
    assert (cached.status_code, cached.json()) == (200, seeds.ANNA_ID)
    assert cached.headers["X-Engage-Freshness"] == "cached"
    assert calls(engage) == before


@pytest.mark.parametrize("number", ["19860412-1234", "860412-1234", "120486-123A", "860412+1234"])
def test_a_personal_number_finds_the_contact(engage, till, number):
    created = till.post(CONTACTS_PATH, new_contact(socialSecurityNumber=number))
    assert created.status_code == 201
    Contact.objects.all().delete()
    found = till.get(ID, {"socialSecurityNumber": number})
    assert (found.status_code, found.json()) == (200, created.json()["id"])


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"email": ""},
        {"email": "  "},
        {"contactType": "Member"},
        {"email": "anna@example.com", "mobilePhone": "+46735654321"},
        {"any": "anna@example.com", "email": "anna@example.com"},
        {"Email": "anna@example.com"},
    ],
)
def test_none_or_several_identifiers_are_refused(engage, till, query):
    answer = till.get(ID, query)
    assert (answer.status_code, code_of(answer)) == (400, "InvalidSearchQuery")
    assert not calls(engage)


@pytest.mark.parametrize("value", ["\x00", "a\x00b@example.com", "a\nb", "x" * 300])
@pytest.mark.parametrize("kind", ["email", "mobilePhone", "any", "contactType"])
def test_what_no_database_can_keep_is_refused(engage, till, kind, value):
    query = {kind: value} if kind != "contactType" else {kind: value, "email": "anna@example.com"}
    answer = till.get(ID, query)
    assert answer.status_code == 400
    assert kind in answer.json()["message"]
    assert not calls(engage)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("email", "InvalidEmailAddress"),
        ("mobilePhone", "InvalidPhoneNumber"),
        ("socialSecurityNumber", "InvalidSocialSecurityNumber"),
    ],
)
def test_engages_complaint_about_a_malformed_identifier_is_passed_on(engage, till, kind, code):
    answer = till.get(ID, {kind: "rubbish"})
    assert (answer.status_code, code_of(answer)) == (400, code)


def test_nobody_is_404(engage, till):
    answer = till.get(ID, {"email": "nobody@example.com"})
    assert (answer.status_code, code_of(answer)) == (404, "ContactNotFound")
    assert not Contact.objects.exists()


def test_of_several_matches_the_member_is_meant_unless_a_type_is_named(engage, till):
    answer = till.get(ID, {"email": seeds.DANA_EMAIL})
    assert (answer.status_code, answer.json()) == (200, seeds.DANA_MEMBER_ID)
    for contact_type, wanted in (("Member", seeds.DANA_MEMBER_ID), ("Contact", seeds.DANA_CONTACT_ID)):
        one = till.get(ID, {"email": seeds.DANA_EMAIL, "contactType": contact_type})
        assert (one.status_code, one.json()) == (200, wanted)


def two_members_with_one_number(till) -> list[str]:
    """The member number of one is the external id of the other, and the tenant looks in both."""
    one = till.post(CONTACTS_PATH, new_contact(email="one@example.com", memberNumber="7001"))
    two = till.post(CONTACTS_PATH, new_contact(email="two@example.com", externalId="7001"))
    return sorted([one.json()["id"], two.json()["id"]])


@pytest.mark.parametrize("is_down", [False, True])
def test_several_members_are_409_with_the_candidates(engage, till, is_down):
    both = two_members_with_one_number(till)
    if is_down:
        take_down(engage)
    else:
        Contact.objects.all().delete()
    answer = till.get(ID, {"customKey": "7001"})
    assert (answer.status_code, code_of(answer)) == (409, "MultipleMatches")
    assert sorted(answer.json()["messageDetails"]["multipleMatchesFound"]) == both


def test_of_several_matches_in_the_copy_the_member_is_meant_while_engage_is_down(engage, till):
    for contact_type in ("Member", "Contact"):
        till.get(ID, {"email": seeds.DANA_EMAIL, "contactType": contact_type})
    take_down(engage)
    assert till.get(ID, {"email": seeds.DANA_EMAIL}).json() == seeds.DANA_MEMBER_ID
    assert till.get(ID, {"email": seeds.DANA_EMAIL, "contactType": "Contact"}).json() == seeds.DANA_CONTACT_ID


@pytest.mark.parametrize("mode", ["down", "500", "504", "html503", "429"])
def test_a_stale_copy_answers_while_engage_fails(engage, till, mode):
    till.get(ANNA)
    make_stale()
    engage.engage.faults.set(mode)
    answer = till.get(ID, {"email": seeds.ANNA_EMAIL})
    assert (answer.status_code, answer.json()) == (200, seeds.ANNA_ID)
    assert answer.headers["X-Engage-Freshness"] == "stale"
    assert 7200 <= int(answer.headers["Age"]) < 7300


def test_a_look_up_alone_is_remembered_for_the_outage(engage, till):
    till.get(ID, {"email": seeds.ANNA_EMAIL})
    take_down(engage)
    answer = till.get(ID, {"email": seeds.ANNA_EMAIL})
    assert (answer.status_code, answer.json()) == (200, seeds.ANNA_ID)


@pytest.mark.parametrize("knows", [True, False])
def test_nobody_in_the_copy_while_engage_is_down_is_503_with_a_wait_and_the_notice(engage, till, knows):
    take_down(engage) if knows else engage.engage.faults.set("down")
    answer = till.get(ID, {"email": "nobody@example.com"})
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert "proceed with your purchase" in answer.json()["messageDetails"]["notice"]
    assert "nobody@example.com" not in answer.content.decode()


@pytest.mark.parametrize("level", [1, 2])
def test_below_level_3_a_stale_copy_is_not_used(engage, till, settings, level):
    till.get(ANNA)
    make_stale()
    settings.ENGAGE_LEVEL = level
    take_down(engage)
    answer = till.get(ID, {"email": seeds.ANNA_EMAIL})
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")
    assert "messageDetails" in answer.json()


def test_engage_refusing_our_key_is_no_fault_of_the_caller(engage, till):
    engage.gate.keys = frozenset({"another"})
    try:
        answer = till.get(ID, {"email": "nobody@example.com"})
    finally:
        engage.gate.keys = frozenset()
    assert answer.status_code in {502, 503}
    assert code_of(answer) in {"EngageMisconfigured", "EngageUnavailable"}


@pytest.mark.django_db(transaction=True)
def test_a_known_contact_costs_no_look_up_and_is_checked_afterwards(engage, till, monkeypatch):
    queued = []
    monkeypatch.setattr("contacts.snapshots.async_task", lambda *task, **_: queued.append(task))
    till.get(ANNA)
    make_stale()
    before = calls(engage)
    for _ in range(3):
        answer = till.get(ID, {"email": seeds.ANNA_EMAIL})
        assert (answer.status_code, answer.json()) == (200, seeds.ANNA_ID)
    assert calls(engage) == before
    assert queued == [("contacts.tasks.refresh_contact", seeds.ANNA_ID)]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_gone_keeps_nobody_from_an_answer(engage, till, monkeypatch):
    till.get(ANNA)
    make_stale()

    def gone(*_arguments, **_more):
        raise ConnectionError("the broker is gone")

    monkeypatch.setattr("contacts.snapshots.async_task", gone)
    assert till.get(ID, {"email": seeds.ANNA_EMAIL}).status_code == 200
    monkeypatch.setattr("contacts.services.batching.async_task", gone)
    assert till.post(f"{CONTACTS_PATH}/bulk", [new_contact()]).status_code == 202
