"""Somebody whom only Engage knows signs in for the first time, on real HTTP with the sandbox."""

import re

import pytest

from contacts.models import Contact
from engage_portal.sandbox.seeds import ANNA_EMAIL, ANNA_MEMBER_NUMBER, DANA_EMAIL, DANA_MEMBER_ID

pytestmark = pytest.mark.django_db


def sign_in(client, email, mailoutbox) -> None:
    client.post("/sign-in/", {"email": email})
    code = re.search(r"^    (\S+)$", mailoutbox[-1].body, re.MULTILINE)[1]
    client.post("/sign-in/code/", {"code": code})


def test_a_member_signs_in_and_sees_what_engage_has(client, engage, mailoutbox):
    sign_in(client, ANNA_EMAIL.upper(), mailoutbox)
    page = client.get("/me/").text
    assert "Hello, Anna" in page
    assert ANNA_MEMBER_NUMBER in page
    for path in ("/me/purchases/", "/me/offers/", "/me/profile/"):
        page = client.get(path)
        assert page.status_code == 200
        assert re.search(r"Up to date|As of", page.text)
        assert "Nothing yet." not in page.text


def test_of_two_with_the_same_address_the_member_is_meant(client, engage, mailoutbox):
    sign_in(client, DANA_EMAIL, mailoutbox)
    assert str(Contact.objects.get(user__isnull=False).engage_contact_id) == DANA_MEMBER_ID


def test_an_address_that_engage_does_not_know_gets_no_mail(client, engage, mailoutbox):
    page = client.post("/sign-in/", {"email": "nobody@example.com"}, follow=True)
    assert "Check your mail" in page.text
    assert mailoutbox == []
