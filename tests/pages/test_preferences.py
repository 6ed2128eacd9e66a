"""What members allow: each answer is kept with its words, and what nobody answered is never sent."""

import re

import pytest

from contacts.models import Answer, ConsentText, Contact
from contacts.services import contact_for_sign_in
from contacts.wording import consent_texts
from engage_portal.core.clock import Deadline
from engage_portal.outbox.models import Item
from engage_portal.sandbox import seeds
from tests.api.fixtures import roomy, wire  # noqa: F401 - fixtures
from tests.api.talking import CONTACTS, bring_up, take_down
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/me/profile/preferences/"


@pytest.fixture
def cecilia(engage) -> Contact:
    """Somebody with one yes, and no consents at all."""
    contact = contact_for_sign_in(email=seeds.CECILIA_EMAIL, deadline=Deadline.after(20))
    assert contact is not None
    return contact


@pytest.fixture
def at_home(cecilia):
    """Her browser."""
    return signed_in(building.customer(cecilia))


@pytest.fixture
def words(db) -> None:
    """What Engage has to say about its consents."""
    for consent_id, language, version, text in (
        ("memberConsent", "sv-SE", 3, "Jag godkänner villkoren"),
        ("memberConsent", "en-GB", 1, "Old words"),
        ("memberConsent", "en-GB", 2, "I accept the terms"),
        ("profilingConsent", "sv-SE", 1, "Jag vill ha erbjudanden"),
    ):
        ConsentText.objects.create(
            consent_id=consent_id, language=language, version=version, display_text=text,
            name=f"Name of {consent_id}", condition_text="<b>Long</b> words", link_text="Read it",
        )  # fmt: skip


def form_on(browser, **touched) -> dict[str, str]:
    """The form as the page holds it, with the answers that somebody touches."""
    page = browser.get(PAGE).text
    hidden = re.findall(r'<input type="hidden" name="(initial-[^"]+)"(?: value="([^"]*)")?', page)
    chosen = re.findall(r'<input type="radio" name="([^"]+)" value="([^"]*)"[^>]*checked', page)
    return {
        **dict(hidden),
        **dict(chosen),
        **{name.replace("__", "."): value for name, value in touched.items()},
    }


def patched(wire) -> list:  # noqa: F811
    return [sent.json for sent in wire.of("PATCH", CONTACTS)]


def test_what_was_never_answered_is_said_so_and_has_no_answer_chosen(at_home, words):
    page = at_home.get(PAGE).text
    assert page.count("Not answered yet.") == 2
    assert "checked" not in "".join(re.findall(r'<input type="radio" name="consents[^>]*>', page))


def test_an_untouched_form_sends_and_keeps_nothing(at_home, words, wire):  # noqa: F811
    assert "Nothing was changed." in at_home.post(PAGE, form_on(at_home), follow=True).text
    assert patched(wire) == []
    assert not Answer.objects.exists()
    assert not Item.objects.exists()


def test_one_touched_answer_is_all_that_is_sent(at_home, cecilia, words, wire):  # noqa: F811
    page = at_home.post(PAGE, form_on(at_home, preferences__acceptsSms="yes"), follow=True).text
    assert ">Saved.<" in page
    assert patched(wire) == [{"preferences": {"acceptsSms": True}}]
    answer = Answer.objects.get()
    assert (answer.contact, answer.name, answer.value) == (cecilia, "preferences.acceptsSms", True)
    assert (answer.actor, answer.channel) == ("member", "My Pages")


def test_a_consent_is_kept_with_the_words_that_were_shown(at_home, engage, words, wire):  # noqa: F811
    at_home.post(PAGE, form_on(at_home, consents__memberConsent="yes"))
    text = Answer.objects.get().text
    assert (text.language, text.version) == ("en-GB", 2)
    (sent,) = patched(wire)
    (consent,) = sent["consents"]
    assert (consent["id"], consent["value"], consent["source"]) == ("memberConsent", True, "My Pages")
    assert "textVersion" not in consent
    assert engage.engage.contacts[seeds.CECILIA_ID]["consents"][0]["value"] is True


def test_a_yes_can_be_taken_back(at_home, engage, words):
    at_home.post(PAGE, form_on(at_home, consents__memberConsent="yes", preferences__acceptsEmail="no"))
    at_home.post(PAGE, form_on(at_home, consents__memberConsent="no"))
    record = engage.engage.contacts[seeds.CECILIA_ID]
    assert record["consents"][0]["value"] is False
    assert record["preferences"]["acceptsEmail"] is False
    assert Answer.objects.count() == 3


def test_the_newest_words_in_the_pages_language_are_shown_and_others_say_theirs(at_home, words):
    page = at_home.get(PAGE).text
    assert '<legend lang="en-GB">I accept the terms</legend>' in page
    assert '<legend lang="sv-SE">Jag vill ha erbjudanden</legend>' in page
    for word in ("Old words", "Jag godkänner", "&lt;b&gt;", "<b>Long"):
        assert word not in page
    assert "Long words" in page


def test_words_are_chosen_by_language_and_then_by_version(words):
    shown = {key: (text.language, text.version) for key, text in consent_texts(("sv", "en")).items()}
    assert shown == {"memberConsent": ("sv-SE", 3), "profilingConsent": ("sv-SE", 1)}


def test_without_words_nobody_agrees_but_anybody_takes_back(at_home, cecilia):
    cecilia.snapshot |= {"consents.strangeConsent": {"id": "strangeConsent", "value": False}}
    cecilia.save()
    page = at_home.get(PAGE).text
    assert "Strange consent" in page
    assert not re.search(r'name="consents.strangeConsent" value="yes"', page)
    refused = at_home.post(PAGE, form_on(at_home, consents__strangeConsent="yes"))
    assert "Please choose one of the answers." in refused.text
    assert not Answer.objects.exists()


def test_without_consents_nobody_is_asked(at_home):
    assert "The programme asks" not in at_home.get(PAGE).text


def test_while_engage_is_away_the_answer_is_kept_and_shown_at_once(at_home, engage, words, wire):  # noqa: F811
    form = form_on(at_home, preferences__acceptsPostal="yes", consents__profilingConsent="no")
    take_down(wire)
    page = at_home.post(PAGE, form, follow=True).text
    assert page.count("Saved. On its way to the programme.") == 3
    assert Answer.objects.count() == 2
    assert "Saved, on its way" in at_home.get("/me/profile/").text
    bring_up(wire)
    assert engage.engage.contacts[seeds.CECILIA_ID]["preferences"]["acceptsPostal"] is True


def test_a_refusal_of_engages_is_told_in_words(at_home, cecilia, engage):
    ConsentText.objects.create(consent_id="unheardOf", language="en-GB", version=1, display_text="What?")
    page = at_home.post(PAGE, form_on(at_home, consents__unheardOf="yes")).text
    assert "The programme doesn’t take this." in page
    cecilia.refresh_from_db()
    assert cecilia.changes == {}
