"""Permissions: every yes and no is kept, the newest by the person's own time counts, and a later no always wins."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.test import override_settings

from contacts.models import Answer, ConsentText, Contact, ContactEvent
from contacts.tasks import read_consents, split_batches
from engage_portal.core import clock
from engage_portal.outbox.delivery.passes import deliver
from engage_portal.outbox.models import EngageLine, Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.api.talking import ANNA, CONTACTS, bring_up, code_of, deliver_all, items, new_contact, take_down

pytestmark = pytest.mark.django_db
SMS = "preferences.acceptsSms"
CONSENTS_PATH = "/api/v3/consents"


def preferences(engage, contact_id=seeds.ANNA_ID) -> dict:
    return engage.engage.contacts[contact_id]["preferences"]


def consents(engage, contact_id=seeds.ANNA_ID) -> dict:
    return {each["id"]: each["value"] for each in engage.engage.contacts[contact_id]["consents"]}


def in_engage(engage, **changed) -> None:
    """Somebody changes Anna's permissions in Engage itself."""
    contact = engage.engage.contacts[seeds.ANNA_ID]
    contact = {**contact, "preferences": {**contact["preferences"], **changed}}
    engage.engage.store.put("contact", seeds.ANNA_ID, contact)


def never_asked(engage) -> None:
    """Nobody asked Anna about text messages and profiling before."""
    contact = engage.engage.contacts[seeds.ANNA_ID]
    preferences = {name: value for name, value in contact["preferences"].items() if name != "acceptsSms"}
    consents = [each for each in contact["consents"] if each["id"] != "profilingConsent"]
    contact = {**contact, "preferences": preferences, "consents": consents}
    engage.engage.store.put("contact", seeds.ANNA_ID, contact)


def ago(**time) -> str:
    return (clock.now() - timedelta(**time)).isoformat()


def hours_passed() -> None:
    """What waits has waited for long enough that Engage may have a later answer."""
    Item.objects.update(created_at=clock.now() - timedelta(hours=1))


def test_each_answer_is_kept_with_time_place_channel_and_the_words_that_were_shown(engage, till):
    versions = till.get(CONSENTS_PATH).json()
    asked = next(each for each in versions if each["id"] == "memberConsent")
    language, version = next(iter(asked["versions"].items()))
    till.patch(
        f"{ANNA}?source=POS&answeredAt=2026-11-20T10:00:00%2B01:00",
        {
            "preferences": {"acceptsSms": True},
            "consents": [{"id": "memberConsent", "value": False, "textVersion": f"{language}/{version}"}],
        },
    )
    by_name = {answer.name: answer for answer in Answer.objects.all()}
    sms, member = by_name[SMS], by_name["consents.memberConsent"]
    assert (sms.value, member.value) == (True, False)
    assert {(each.store, each.channel, each.actor) for each in (sms, member)} == {
        ("101", "POS", "till-101-1")
    }
    assert {each.answered_at.isoformat() for each in (sms, member)} == {"2026-11-20T09:00:00+00:00"}
    assert member.text == ConsentText.objects.get(
        consent_id="memberConsent", language=language, version=version
    )
    assert "textVersion" not in str(engage.engage.contacts[seeds.ANNA_ID])


def test_an_answer_at_sign_up_is_kept_too(engage, till):
    assert till.post(CONTACTS, new_contact(preferences={"acceptsEmail": True})).status_code == 201
    assert [(answer.name, answer.value) for answer in Answer.objects.all()] == [
        ("preferences.acceptsEmail", True)
    ]


def test_what_was_not_answered_is_never_sent(engage, till):
    before = dict(preferences(engage)), consents(engage)
    till.patch(ANNA, {"city": "Lund"})
    assert (preferences(engage), consents(engage)) == before
    assert not Answer.objects.exists()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_answers_count_in_the_order_in_which_they_were_given(engage, till, order):
    """Two tills that were offline bring a yes of yesterday and a no of today, in any order."""
    till.get(ANNA)
    take_down(engage)
    said = [(True, ago(days=1)), (False, ago(hours=1))]
    for value, at in (said[number] for number in order):
        body = {"consents": [{"id": "profilingConsent", "value": value, "date": at}]}
        assert till.patch(ANNA, body).status_code in {200, 202}
    bring_up(engage)
    assert consents(engage)["profilingConsent"] is False
    assert Answer.objects.count() == 2


def test_a_till_that_was_offline_says_when_it_was_answered(engage, till):
    till.patch(ANNA, {"preferences": {"acceptsSms": True}})
    late = till.patch(ANNA, {"preferences": {"acceptsSms": False}}, query_params={"answeredAt": ago(days=2)})
    assert late.status_code == 200
    assert preferences(engage)["acceptsSms"] is True
    assert list(Answer.objects.order_by("answered_at").values_list("value", flat=True)) == [False, True]


@pytest.mark.parametrize("text", ["yesterday", "2026-11-20", "2026-11-20T10:00:00", "2026-13-40T10:00:00Z"])
def test_a_time_that_is_none_is_refused_by_name(engage, till, text):
    answer = till.patch(ANNA, {"preferences": {"acceptsSms": True}}, query_params={"answeredAt": text})
    assert (answer.status_code, code_of(answer)) == (422, "ValidationError")
    assert answer.json()["validationErrors"][0]["field"] == "answeredAt"
    assert not Answer.objects.exists()


def test_the_rest_of_a_change_goes_although_its_yes_was_overruled(engage, till):
    never_asked(engage)
    till.get(ANNA)
    take_down(engage)
    till.patch(ANNA, {"preferences": {"acceptsSms": True}, "city": "Lund"})
    in_engage(engage, acceptsSms=False)
    hours_passed()
    bring_up(engage)
    assert preferences(engage)["acceptsSms"] is False
    assert engage.engage.contacts[seeds.ANNA_ID]["attributes"]["city"] == "Lund"
    told = [(event.what, event.field) for event in ContactEvent.objects.order_by("pk")]
    assert told == [("changed", "city"), ("changed", SMS), ("overruled", SMS)]
    kept = Contact.objects.get()
    assert (kept.changes, kept.snapshot[SMS]) == ({}, False)
    assert [item.state for item in items()] == [State.DELIVERED]


def test_a_no_that_waited_is_sent_whatever_engage_says(engage, till):
    till.get(ANNA)
    take_down(engage)
    till.patch(ANNA, {"preferences": {"acceptsEmail": False}})
    hours_passed()
    bring_up(engage)
    assert preferences(engage)["acceptsEmail"] is False


def test_a_yes_after_an_older_no_is_sent(engage, till):
    till.get(ANNA)
    assert preferences(engage).get("acceptsSms") is not True
    take_down(engage)
    till.patch(ANNA, {"preferences": {"acceptsSms": True}})
    hours_passed()
    bring_up(engage)
    assert preferences(engage)["acceptsSms"] is True


@pytest.mark.parametrize(("engages_date", "stays"), [("hours=1", False), ("days=3", True)])
def test_of_two_consents_the_later_date_counts(engage, till, engages_date, stays):
    unit, _, number = engages_date.partition("=")
    never_asked(engage)
    till.get(ANNA)
    take_down(engage)
    body = {"consents": [{"id": "profilingConsent", "value": True, "date": ago(days=1)}]}
    assert till.patch(ANNA, body).status_code == 202
    contact = engage.engage.contacts[seeds.ANNA_ID]
    no = {
        "id": "profilingConsent",
        "value": False,
        "date": ago(**{unit: int(number)}),
        "source": "",
        "comment": "",
    }
    others = [each for each in contact["consents"] if each["id"] != "profilingConsent"]
    engage.engage.store.put("contact", seeds.ANNA_ID, {**contact, "consents": [*others, no]})
    hours_passed()
    bring_up(engage)
    assert consents(engage)["profilingConsent"] is stays


def test_the_words_of_consents_are_kept_by_version_and_served_while_engage_is_away(engage, till):
    first = till.get(CONSENTS_PATH)
    assert first.status_code == 200
    consent = engage.engage.store.get("consent", "memberConsent")
    words = {locale: f"{text}!" for locale, text in consent["metaData"]["displayText"].items()}
    changed = {**consent, "metaData": {**consent["metaData"], "displayText": words}}
    engage.engage.store.put("consent", "memberConsent", changed)
    assert till.get(CONSENTS_PATH).json() == first.json()  # asked once an hour
    with override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}):
        second = {each["id"]: each for each in till.get(CONSENTS_PATH).json()}
    assert second["memberConsent"]["metaData"]["displayText"] == words
    assert set(second["memberConsent"]["versions"].values()) == {2}
    assert set(second["profilingConsent"]["versions"].values()) == {1}
    take_down(engage)
    assert {each["id"] for each in till.get(CONSENTS_PATH).json()} == set(second)


def test_without_any_copy_of_the_words_it_says_that_engage_is_away(engage, till):
    take_down(engage)
    answer = till.get(CONSENTS_PATH)
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")


@pytest.mark.parametrize("is_away", [False, True])
def test_a_worker_keeps_the_words_for_pages_that_nobody_asked_for_yet(engage, db, is_away):
    if is_away:
        take_down(engage)
    assert read_consents() is not is_away
    assert ConsentText.objects.filter(consent_id="memberConsent").exists() is not is_away


def known_by_mail_only(engage) -> str:
    """Anna's phone number; our copy has her with nothing but her address."""
    Contact.objects.create(
        pk=UUID(seeds.ANNA_ID), engage_contact_id=UUID(seeds.ANNA_ID), email=seeds.ANNA_EMAIL
    )
    return engage.engage.contacts[seeds.ANNA_ID]["attributes"]["mobilePhone"]


def test_an_answer_under_the_id_that_was_given_out_here_counts_for_the_person(engage, till):
    never_asked(engage)
    phone = known_by_mail_only(engage)
    take_down(engage)
    assert (
        till.post(CONTACTS, {"mobilePhone": phone, "preferences": {"acceptsSms": False}}).status_code == 202
    )
    bring_up(engage)
    assert preferences(engage)["acceptsSms"] is False
    till.patch(at(ANNA, ago(hours=5)), {"preferences": {"acceptsSms": True}})
    assert preferences(engage)["acceptsSms"] is False


def test_a_yes_at_a_sign_up_never_replaces_a_later_no_that_waits(engage, till):
    never_asked(engage)
    phone = known_by_mail_only(engage)
    take_down(engage)
    assert till.post(CONTACTS, {"mobilePhone": phone, "preferences": {"acceptsSms": True}}).status_code == 202
    assert till.patch(ANNA, {"preferences": {"acceptsSms": False}}).status_code == 202
    Item.objects.filter(kind="contact.update").update(not_before=clock.now() + timedelta(hours=1))
    engage.engage.faults.clear()
    EngageLine.objects.all().delete()
    deliver(seconds=30)
    assert Contact.objects.get(pk=seeds.ANNA_ID).changes == {SMS: False}
    deliver_all()
    assert preferences(engage)["acceptsSms"] is False


def test_a_yes_of_a_till_that_was_offline_never_replaces_engages_later_no(engage, till):
    contact = engage.engage.contacts[seeds.ANNA_ID]
    no = {"id": "memberConsent", "value": False, "date": ago(hours=1), "source": "Engage"}
    engage.engage.store.put("contact", seeds.ANNA_ID, {**contact, "consents": [no]})
    answer = till.patch(at(ANNA, ago(hours=5)), {"consents": [{"id": "memberConsent", "value": True}]})
    assert answer.status_code == 200
    assert consents(engage)["memberConsent"] is False
    assert ContactEvent.objects.filter(what="overruled", field="consents.memberConsent").exists()


def at(path: str, moment: str) -> str:
    """A call about something that the person said earlier."""
    return f"{path}?answeredAt={moment.replace('+', '%2B')}"


def test_a_consents_date_without_an_offset_is_local_time_and_not_now(engage, till):
    never_asked(engage)
    till.get(ANNA)
    no = {"id": "profilingConsent", "value": False}
    till.patch(at(ANNA, ago(hours=1)), {"consents": [no]})
    yes = {"id": "profilingConsent", "value": True, "date": "2026-01-01T10:00:00"}
    assert till.patch(ANNA, {"consents": [yes]}).status_code == 200
    assert consents(engage)["profilingConsent"] is False
    oldest = Answer.objects.order_by("answered_at").first()
    assert oldest is not None
    assert oldest.answered_at.isoformat() == "2026-01-01T09:00:00+00:00"


def test_a_bulk_calls_answers_are_as_old_as_it_says(engage, till):
    never_asked(engage)
    till.get(ANNA)
    till.patch(at(ANNA, ago(hours=1)), {"preferences": {"acceptsSms": False}})
    yes = {"email": seeds.ANNA_EMAIL, "preferences": {"acceptsSms": True}}
    assert till.patch(at(f"{CONTACTS}/bulk", ago(hours=5)), [yes]).status_code == 202
    split_batches()
    deliver_all()
    assert preferences(engage)["acceptsSms"] is False
