"""What holds for every page: no script or style inside it, no other host, a policy, a title, a language."""

import re

import pytest
from django.test import Client

from contacts.models import ConsentText
from engage_portal.outbox.states import State
from tests.pages import building
from tests.pages.people import signed_in
from tests.staff.people_at_work import exported, newcomer

pytestmark = pytest.mark.django_db

STOPPED = "11111111-1111-4111-8111-111111111111"
ANYBODY = ["/sign-in/", "/staff/sign-in/", "/sign-in/closed/", "/nothing-here/"]
CUSTOMERS = [
    "/me/",
    "/me/profile/",
    "/me/profile/edit/",
    "/me/profile/preferences/",
    "/me/purchases/",
    "/me/offers/",
    "/me/points/",
    "/sign-out/",
    "/staff/",
]
STAFF = [
    "/staff/",
    "/staff/queue/",
    "/staff/queue/?state=attention&text=nothing",
    "/staff/queue/1/",
    "/staff/contacts/",
    f"/staff/contacts/{STOPPED}/",
    f"/staff/contacts/{STOPPED}/correct/",
    f"/staff/contacts/{STOPPED}/link/",
    f"/staff/contacts/{STOPPED}/delete/",
    "/staff/contacts/imports/",
    "/staff/trust/",
    "/staff/trust/rules/new/",
    "/staff/security/",
    "/staff/security/password/",
    "/staff/security/confirm/",
]


@pytest.fixture
def pages(alice, engage_away):
    alice.changes = {"street": "New street"}
    alice.save()
    ConsentText.objects.create(consent_id="memberConsent", language="sv-SE", version=1, display_text="Ja?")
    exported(state="running", total=10, position=4)
    sam = building.staff(
        "sam",
        "view_item",
        "retry_item",
        "view_contact",
        "correct_contact",
        "reveal_contact",
        "import_contacts",
        "change_trustrule",
    )
    first = building.item(pk=1, state=State.ATTENTION)
    newcomer(pk=STOPPED)
    building.attempt(first, "refused", status=422, error_code="ValidationError", message="No store.")
    browsers = {"anybody": Client(), "customer": signed_in(building.customer(alice)), "staff": signed_in(sam)}
    wanted = {"anybody": ANYBODY, "customer": CUSTOMERS, "staff": STAFF}
    return [(who, path, browsers[who].get(path)) for who, paths in wanted.items() for path in paths]


def test_nothing_is_inline(pages):
    for who, path, page in pages:
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page.text), (who, path)
        for tag in re.findall(r"<script[^>]*>", page.text):
            assert " src=" in tag, (who, path)


def test_no_page_asks_another_host(pages):
    for who, path, page in pages:
        without_names = page.text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"""(?:src|href|action|content)=["']?(?:https?:)?//""", without_names), (
            who,
            path,
        )
        assert "http://" not in without_names, (who, path)


def test_the_policy_allows_our_own_host_only(pages):
    for who, path, page in pages:
        policy = page["Content-Security-Policy"]
        assert "default-src 'self'" in policy, (who, path)
        assert "unsafe" not in policy, (who, path)
        assert page["X-Frame-Options"] == "DENY"


def test_every_page_has_a_title_a_language_and_a_way_past_the_navigation(pages):
    for who, path, page in pages:
        assert '<html lang="en"' in page.text, (who, path)
        assert re.search(r"<title>\S.+</title>", page.text), (who, path)
        assert 'href="#content"' in page.text, (who, path)
        assert page.text.count('id="content"') == 1, (who, path)
        assert page.text.count("<h1") == 1, (who, path)


def test_customers_pages_load_no_script_at_all(pages):
    for who, path, page in pages:
        if who != "staff":
            assert "<script" not in page.text, path


def test_staff_pages_switch_off_what_the_policy_forbids(pages):
    for who, _path, page in pages:
        if who == "staff" and "htmx" in page.text:
            assert '"includeIndicatorStyles":false' in page.text
            assert '"allowEval":false' in page.text
            assert '"historyCacheSize":0' in page.text


def test_forms_that_change_something_carry_a_token(pages):
    for who, path, page in pages:
        for form in re.findall(r'<form[^>]*method="post".*?</form>', page.text, re.DOTALL):
            assert "csrfmiddlewaretoken" in form, (who, path)


def test_ids_are_used_once_per_page(pages):
    for who, path, page in pages:
        ids = re.findall(r'\sid="([^"]+)"', page.text)
        assert len(ids) == len(set(ids)), (who, path)


def test_a_form_without_its_token_gets_a_kind_page(alice):
    browser = Client(enforce_csrf_checks=True)
    page = browser.post("/sign-in/", {"email": "alice@example.com"})
    assert page.status_code == 403
    assert "This page was open for too long" in page.text


def test_a_mistake_of_ours_gets_a_kind_page(alice, monkeypatch):
    browser = signed_in(building.customer(alice))
    browser.raise_request_exception = False

    def fail(**_):
        raise ZeroDivisionError

    monkeypatch.setattr("promotions.views.offers_current", fail)
    page = browser.get("/me/offers/")
    assert page.status_code == 500
    assert "Something went wrong here" in page.text


def test_browsers_find_the_icon_where_a_page_names_none(client):
    assert client.get("/favicon.ico")["Location"] == "/static/img/favicon.svg"
