"""A customer signs in with a code that was sent to the address the loyalty programme knows."""

import re
import smtplib

import pytest
import time_machine
from django.test import Client

from engage_portal.accounts import forms
from engage_portal.accounts.models import User
from tests.pages import building

pytestmark = pytest.mark.django_db

START, CODE = "/sign-in/", "/sign-in/code/"


def ask(client: Client, email: str, **more):
    return client.post(START, {"email": email, **more}, follow=True)


def code_in(mail) -> str:
    return re.search(r"^    (\S+)$", mail.body, re.MULTILINE)[1]


def test_a_member_signs_in_with_the_code_from_the_mail(client, alice, mailoutbox):
    page = ask(client, "alice@example.com")
    assert "Check your mail" in page.text
    assert mailoutbox[0].to == ["alice@example.com"]
    home = client.post(CODE, {"code": code_in(mailoutbox[0])}, follow=True)
    assert home.redirect_chain[-1][0] == "/me/"
    assert "Hello, Alice" in home.text


def test_the_subject_does_not_give_the_code_away(client, alice, mailoutbox):
    ask(client, "alice@example.com")
    assert mailoutbox[0].subject == "Your sign-in code for My Pages"
    assert code_in(mailoutbox[0]) not in mailoutbox[0].subject


@pytest.mark.parametrize("typed", ["ALICE@Example.COM", "  alice@example.com ", "Alice@example.com"])
def test_case_and_blanks_of_the_address_do_not_matter(client, alice, mailoutbox, typed):
    ask(client, typed)
    client.post(CODE, {"code": code_in(mailoutbox[0]).lower()})
    assert client.session["_auth_user_id"] == str(User.objects.get(contact=alice).pk)


def test_an_unknown_address_sees_the_same_words_and_gets_no_mail(client, alice, engage_away, mailoutbox):
    known = ask(Client(), "alice@example.com").text.replace("alice@", "x@")
    unknown = ask(client, "nobody@example.com").text.replace("nobody@", "x@")
    without_tokens = [
        re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page) for page in (known, unknown)
    ]
    assert without_tokens[0] == without_tokens[1]
    assert [mail.to for mail in mailoutbox] == [["alice@example.com"]]
    assert not User.objects.filter(email="nobody@example.com").exists()


def test_no_code_lets_an_unknown_address_in(client, alice, engage_away, mailoutbox):
    ask(Client(), "alice@example.com")
    ask(client, "nobody@example.com")
    for code in (code_in(mailoutbox[0]), "-", "None"):
        client.post(CODE, {"code": code})
    assert "_auth_user_id" not in client.session


def test_a_member_whom_only_engage_knows_signs_in(client, alice, mailoutbox, monkeypatch):
    asked = []

    def in_engage(*, email, deadline):
        asked.append((email, deadline.remaining() > 0))
        return alice

    monkeypatch.setattr(forms, "contact_for_sign_in", in_engage)
    ask(client, "Alice@example.com")
    assert asked == [("alice@example.com", True)]
    assert len(mailoutbox) == 1


def test_a_wrong_code_is_refused_kindly(client, alice, mailoutbox):
    ask(client, "alice@example.com")
    page = client.post(CODE, {"code": "AAAA-AAAA"})
    assert "That code isn’t right" in page.text
    assert "_auth_user_id" not in client.session


def test_after_three_wrong_codes_a_new_one_is_needed(client, alice, mailoutbox):
    ask(client, "alice@example.com")
    for _ in range(3):
        page = client.post(CODE, {"code": "AAAA-AAAA"}, follow=True)
    assert page.redirect_chain[-1][0] == START
    client.post(CODE, {"code": code_in(mailoutbox[0])})
    assert "_auth_user_id" not in client.session


def test_a_code_works_once(client, alice, mailoutbox):
    ask(client, "alice@example.com")
    client.post(CODE, {"code": code_in(mailoutbox[0])})
    client.post("/sign-out/")
    page = client.post(CODE, {"code": code_in(mailoutbox[0])}, follow=True)
    assert page.redirect_chain[-1][0] == START
    assert "_auth_user_id" not in client.session


def test_a_code_works_only_where_it_was_asked_for(client, alice, bob, mailoutbox):
    ask(Client(), "alice@example.com")
    ask(client, "bob@example.com")
    client.post(CODE, {"code": code_in(mailoutbox[0])})
    assert "_auth_user_id" not in client.session
    client.post(CODE, {"code": code_in(mailoutbox[1])})
    assert client.session["_auth_user_id"] == str(User.objects.get(contact=bob).pk)


def test_a_code_is_too_old_after_ten_minutes(client, alice, mailoutbox):
    with time_machine.travel("2026-11-21T10:00:00Z") as clock:
        ask(client, "alice@example.com")
        clock.shift(601)
        client.post(CODE, {"code": code_in(mailoutbox[0])})
        assert "_auth_user_id" not in client.session


def test_asking_too_often_is_refused_before_engage_is_asked(client, alice, mailoutbox, monkeypatch):
    for _ in range(3):
        ask(Client(), "alice@example.com")
    monkeypatch.setattr(forms, "contact_for_sign_in", lambda **_: pytest.fail("Engage was asked"))
    page = ask(client, "alice@example.com")
    assert "a bit too often" in page.text
    assert len(mailoutbox) == 3


def test_one_machine_cannot_try_many_addresses(client, alice, mailoutbox, monkeypatch):
    monkeypatch.setattr(forms, "contact_for_sign_in", lambda **_: None)
    for number in range(20):
        ask(Client(), f"guess{number}@example.com")
    assert "a bit too often" in ask(client, "alice@example.com").text
    assert mailoutbox == []


def test_the_session_key_changes_with_signing_in(client, alice, mailoutbox):
    ask(client, "alice@example.com")
    before = client.session.session_key
    client.post(CODE, {"code": code_in(mailoutbox[0])})
    assert client.session.session_key != before


def test_signing_out_is_a_post_and_ends_the_session(client, alice):
    client.force_login(building.customer(alice), backend="django.contrib.auth.backends.ModelBackend")
    assert "Sign out?" in client.get("/sign-out/").text
    assert "_auth_user_id" in client.session
    page = client.post("/sign-out/", follow=True)
    assert "You are signed out" in page.text
    assert client.get("/me/").status_code == 302


def test_a_mail_server_that_fails_is_no_error_on_screen(client, alice, monkeypatch):
    def fail(*_args, **_kwargs):
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", fail)
    page = ask(client, "alice@example.com")
    assert page.status_code == 200
    assert "Check your mail" in page.text


def test_the_address_can_be_changed_before_the_code_is_entered(client, alice, bob, mailoutbox):
    ask(client, "bob@example.com")
    page = client.post("/sign-out/", {"next": START}, follow=True)
    assert "Welcome" in page.text
    ask(client, "alice@example.com")
    client.post(CODE, {"code": code_in(mailoutbox[1])})
    assert client.session["_auth_user_id"] == str(User.objects.get(contact=alice).pk)


def test_the_way_leads_back_to_the_page_that_was_asked_for(client, alice, mailoutbox):
    start = client.get("/me/offers/", follow=True)
    assert start.redirect_chain[-1][0] == "/sign-in/?next=/me/offers/"
    page = client.post(START, {"email": "alice@example.com", "next": "/me/offers/"})
    done = client.post(page["Location"], {"code": code_in(mailoutbox[0]), "next": "/me/offers/"})
    assert done["Location"] == "/me/offers/"


def test_the_way_never_leads_to_another_site(client, alice, mailoutbox):
    ask(client, "alice@example.com", next="https://evil.example/")
    done = client.post(CODE, {"code": code_in(mailoutbox[0]), "next": "https://evil.example/"})
    assert done["Location"] == "/"


@pytest.mark.parametrize(
    "path", ["/signup/", "/accounts/signup/", "/sign-up/", "/password/reset/", "/staff/signup/"]
)
def test_nobody_can_sign_up_or_reset_a_password(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "typed",
    ["", "not an address", "a@b", "x" * 300 + "@example.com", "alice@example.com\nBcc: x@example.com"],
)
def test_what_is_no_address_is_said_so(client, alice, mailoutbox, typed):
    page = ask(client, typed)
    assert 'aria-invalid="true"' in page.text
    assert mailoutbox == []
