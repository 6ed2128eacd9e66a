"""Who may do what with contacts: roles by address. A refusal changes nothing."""

import pytest
from django.test import Client

from contacts.models import Contact, ContactEvent
from engage_portal.accounts.models import User
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.pages import building
from tests.pages.people import signed_in
from tests.staff.people_at_work import at_work, ingrid, newcomer

pytestmark = pytest.mark.django_db

MAY = {
    "viewer": "view_contact",
    "revealer": "reveal_contact",
    "corrector": "correct_contact",
    "importer": "import_contacts",
}


@pytest.fixture
def browsers(alice, engage_away):
    return {
        "nobody": Client(),
        "customer": signed_in(building.customer(alice)),
        "till": signed_in(User.objects.create_user("till-1")),
        "queue only": at_work("vera", "view_item", "retry_item", "cancel_item", "pause_items"),
        **{who: at_work(who, permission) for who, permission in MAY.items()},
        "viewer who reveals": at_work("rosa", "view_contact", "reveal_contact"),
        "administrator": signed_in(User.objects.create_superuser("root", password=building.PASSWORD)),
    }


def allowed(browsers, ask) -> set[str]:
    answers = {who: ask(browser) for who, browser in browsers.items()}
    assert answers["nobody"].status_code == 302
    assert answers["nobody"]["Location"].startswith("/staff/sign-in/")
    codes = {who: answer.status_code for who, answer in answers.items() if who != "nobody"}
    assert set(codes.values()) <= {200, 302, 403}, codes
    return {who for who, code in codes.items() if code != 403}


def test_who_may_look(browsers):
    contact = ingrid()
    for path in ("/staff/contacts/", f"/staff/contacts/{contact.pk}/"):
        assert allowed(browsers, lambda browser, path=path: browser.get(path)) == {
            "viewer", "viewer who reveals", "administrator",
        }, path  # fmt: skip
    assert "viewer" in allowed(browsers, lambda browser: browser.post("/staff/contacts/", {"text": "x"}))
    assert "importer" not in allowed(
        browsers, lambda browser: browser.post("/staff/contacts/", {"text": "x"})
    )


def test_who_may_see_personal_data(browsers):
    contact = ingrid()
    may = allowed(browsers, lambda browser: browser.post(f"/staff/contacts/{contact.pk}/"))
    assert may == {"viewer who reveals", "administrator"}
    assert set(ContactEvent.objects.values_list("actor", flat=True)) == {"rosa", "root"}


@pytest.mark.parametrize("act", ["refresh", "correct", "link", "delete"])
def test_who_may_act(browsers, act):
    contacts = [ingrid(), newcomer()]
    before = list(Contact.objects.order_by("pk").values("pk", "changes", "deleted_at", "engage_contact_id"))
    refused = {who: browser for who, browser in browsers.items() if who not in {"corrector", "administrator"}}
    for contact in contacts:
        form = {"initial-street": "", "street": "Other", "confirmed": "1", "engage_id": str(contact.pk)}
        path = f"/staff/contacts/{contact.pk}/{act}/"
        assert allowed(refused, lambda browser, path=path, form=form: browser.post(path, form)) == set()
    assert (
        list(Contact.objects.order_by("pk").values("pk", "changes", "deleted_at", "engage_contact_id"))
        == before
    )
    assert not ContactEvent.objects.exists()
    assert set(Item.objects.values_list("state", flat=True)) == {State.ATTENTION}
    path = f"/staff/contacts/{contacts[1].pk}/{act}/"
    for who in ("corrector", "administrator"):
        assert browsers[who].post(path, {"initial-email": "", "email": ""}).status_code in {200, 302}


def test_who_may_import(browsers):
    assert allowed(browsers, lambda browser: browser.get("/staff/contacts/imports/")) == {
        "importer", "administrator",
    }  # fmt: skip
    may = allowed(browsers, lambda browser: browser.post("/staff/contacts/imports/upload/"))
    assert may == {"importer", "administrator"}


def test_the_way_there_is_shown_to_those_who_may_go(browsers):
    looker = at_work("lisa", "view_item", "view_contact")
    assert 'href="/staff/contacts/"' in looker.get("/staff/").text
    assert "/staff/contacts/imports/" not in looker.get("/staff/contacts/").text
    assert "/staff/contacts/" not in browsers["queue only"].get("/staff/").text
    both = at_work("boris", "view_contact", "import_contacts")
    assert "/staff/contacts/imports/" in both.get("/staff/contacts/").text


def test_a_button_is_seen_by_those_who_may_press_it(browsers):
    contact = ingrid()
    page = browsers["viewer"].get(f"/staff/contacts/{contact.pk}/").text
    for button in ("Refresh now", "Correct…", "Delete…", "Show personal data"):
        assert button not in page
        assert button in browsers["administrator"].get(f"/staff/contacts/{contact.pk}/").text


@pytest.mark.parametrize("path", ["contacts/{}/refresh/", "contacts/imports/upload/"])
def test_acting_is_never_a_link(browsers, path):
    assert browsers["administrator"].get(f"/staff/{path.format(ingrid().pk)}").status_code == 405


def test_looking_at_the_questions_changes_nothing(browsers):
    contact = newcomer()
    for act in ("correct", "link", "delete"):
        assert browsers["administrator"].get(f"/staff/contacts/{contact.pk}/{act}/").status_code == 200
    assert not ContactEvent.objects.exists()
    assert Item.objects.get().state == State.ATTENTION


def test_nothing_is_kept_by_the_browser(browsers):
    contact = ingrid()
    root = browsers["administrator"]
    for answer in (
        root.get(f"/staff/contacts/{contact.pk}/"),
        root.post(f"/staff/contacts/{contact.pk}/"),
        root.post(f"/staff/contacts/{contact.pk}/correct/", {"reveal": "1"}),
        root.post("/staff/contacts/", {"text": "nobody@example.com"}),
    ):
        assert "no-store" in answer["Cache-Control"]


def test_nothing_personal_is_logged(browsers, caplog, capfd):
    contact = ingrid()
    root = browsers["administrator"]
    root.post("/staff/contacts/", {"text": "ingrid@exampel"})
    root.post("/staff/contacts/", {"text": "somebody@example.com", "ask": "1"})
    root.post(f"/staff/contacts/{contact.pk}/")
    root.post(f"/staff/contacts/{contact.pk}/correct/", {"initial-email": "", "email": "new@example.com"})
    written = caplog.text + "".join(capfd.readouterr())
    assert "@" not in written
    assert str(contact.pk) not in written
