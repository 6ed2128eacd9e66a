"""Members change their profile: only what they touched is sent, and what Engage refuses changes nothing."""

import re

import pytest
from django.test import Client

from contacts.models import Contact
from contacts.services import contact_for_sign_in
from engage_portal.accounts.forms import customer_for
from engage_portal.accounts.models import User
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.api.fixtures import roomy, wire  # noqa: F401 - fixtures
from tests.api.talking import CONTACTS, bring_up, deliver_all, take_down
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db
EDIT = "/me/profile/edit/"


@pytest.fixture
def anna(engage) -> Contact:
    """Anna, whom Engage knows, with a fresh copy."""
    contact = contact_for_sign_in(email=seeds.ANNA_EMAIL, deadline=Deadline.after(20))
    assert contact is not None
    return contact


@pytest.fixture
def at_home(anna) -> Client:
    """Her browser."""
    return signed_in(building.customer(anna))


def form_on(browser, **typed) -> dict[str, str]:
    """The form as the page holds it, with what somebody types into it."""
    page = browser.get(EDIT).text
    fields = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and name[1] != "csrfmiddlewaretoken" and " disabled" not in tag:
            fields[name[1]] = value[1] if value else ""
    return {**fields, **typed}


def patched(wire) -> list:  # noqa: F811
    return [sent.json for sent in wire.of("PATCH", CONTACTS)]


def there(engage) -> dict:
    return engage.engage.contacts[seeds.ANNA_ID]["attributes"]


def test_the_form_holds_what_is_known(at_home):
    page = at_home.get(EDIT).text
    for value in (
        "Anna",
        "Arkberg",
        seeds.ANNA_EMAIL,
        seeds.ANNA_PHONE,
        "Storgatan 1",
        "111 22",
        "Stockholm",
    ):
        assert f'value="{value}"' in page
    assert "countryCode" not in page


def test_only_what_was_touched_is_sent(at_home, wire, engage):  # noqa: F811
    answer = at_home.post(EDIT, form_on(at_home, city="Malmö", street="Ny gata 5"), follow=True)
    assert ">Saved.<" in answer.text
    assert patched(wire) == [{"city": "Malmö", "street": "Ny gata 5"}]
    assert there(engage)["countryCode"] == "SE"
    assert Item.objects.get().state == State.DELIVERED


def test_who_did_it_is_kept(at_home, engage):
    at_home.post(EDIT, form_on(at_home, city="Malmö"))
    assert Item.objects.get().events.first().actor == "member"


def test_nothing_touched_is_nothing_sent(at_home, wire):  # noqa: F811
    assert "Nothing was changed." in at_home.post(EDIT, form_on(at_home), follow=True).text
    assert patched(wire) == []
    assert not Item.objects.exists()


def test_what_changed_elsewhere_is_not_changed_back(at_home, anna, engage, wire):  # noqa: F811
    form = form_on(at_home, city="Malmö")
    anna.refresh_from_db()
    anna.snapshot |= {"mobilePhone": "+46709998877"}
    anna.save()
    at_home.post(EDIT, form)
    assert patched(wire) == [{"city": "Malmö"}]


def test_a_field_can_be_emptied(at_home, engage, wire):  # noqa: F811
    at_home.post(EDIT, form_on(at_home, mobilePhone=""))
    assert patched(wire) == [{"mobilePhone": ""}]
    assert there(engage)["mobilePhone"] is None


def test_while_engage_is_away_it_is_kept_and_on_its_way(at_home, engage, wire):  # noqa: F811
    form = form_on(at_home, street="Ny gata 5")
    take_down(wire)
    page = at_home.post(EDIT, form, follow=True).text
    assert "Saved. On its way to the programme." in page
    assert "Saved, on its way" in page
    assert at_home.get(EDIT).text.count("Saved. On its way to the programme.") == 1
    bring_up(wire)
    assert there(engage)["street"] == "Ny gata 5"
    assert "on its way" not in at_home.get("/me/profile/").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"email": "not-an-address"}, "Please check the e-mail address."),
        ({"email": ""}, "Please keep an e-mail address: you sign in with it."),
        ({"mobilePhone": "12"}, "Please check the phone number."),
        ({"firstName": "x" * 2000}, "Please make this shorter."),
        ({"street": "a\x01b"}, "Please check this."),
    ],
)
def test_a_mistake_is_told_at_its_field_with_what_was_typed(at_home, anna, wire, typed, said):  # noqa: F811
    answer = at_home.post(EDIT, form_on(at_home, **{"city": "Malmö", **typed}))
    assert answer.status_code == 200
    assert said in answer.text
    assert 'value="Malmö"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert patched(wire) == []
    anna.refresh_from_db()
    assert anna.changes == {}


def test_a_refusal_of_engages_is_told_at_its_field_in_words(at_home, anna, engage, wire):  # noqa: F811
    answer = at_home.post(EDIT, form_on(at_home, email="anna@exa,mple.com", city="Malmö"))
    assert "Please check the e-mail address." in answer.text
    assert 'value="anna@exa,mple.com"' in answer.text
    assert "ValidationError" not in answer.text
    anna.refresh_from_db()
    assert (anna.changes, anna.email) == ({}, seeds.ANNA_EMAIL)
    assert Item.objects.get().state == State.CANCELLED


def test_an_address_of_somebody_else_is_refused_and_sign_in_stays(at_home, anna, engage):
    answer = at_home.post(EDIT, form_on(at_home, email=seeds.BENGT_EMAIL))
    assert "This e-mail address already belongs to a membership." in answer.text
    assert f'value="{seeds.BENGT_EMAIL}"' in answer.text
    anna.refresh_from_db()
    assert (anna.email, anna.user.email) == (seeds.ANNA_EMAIL, seeds.ANNA_EMAIL)
    assert customer_for(seeds.ANNA_EMAIL) == anna.user
    bengt = customer_for(seeds.BENGT_EMAIL)
    assert bengt is not None
    assert bengt != anna.user


def test_a_phone_of_somebody_else_is_refused_at_its_field(at_home, engage):
    taken = engage.engage.contacts[seeds.BENGT_ID]["attributes"]["mobilePhone"]
    page = at_home.post(EDIT, form_on(at_home, mobilePhone=taken)).text
    assert "This phone number already belongs to a membership." in page


def test_a_new_address_that_engage_took_is_the_new_sign_in(at_home, anna, engage):
    at_home.post(EDIT, form_on(at_home, email="Anna.New@Example.com"))
    assert User.objects.get(contact=anna).email == "anna.new@example.com"
    assert customer_for("anna.new@example.com") == anna.user
    assert customer_for(seeds.ANNA_EMAIL) is None
    assert at_home.get("/me/profile/").status_code == 200


def test_a_new_address_counts_for_the_sign_in_only_once_engage_has_it(at_home, anna, engage, wire):  # noqa: F811
    form = form_on(at_home, email="anna.new@example.com")
    take_down(wire)
    at_home.post(EDIT, form)
    page = at_home.get(EDIT).text
    assert "Until it is there you sign in with the address that you had before." in page
    assert customer_for("anna.new@example.com") is None
    assert customer_for(seeds.ANNA_EMAIL) == anna.user
    bring_up(wire)
    assert customer_for("anna.new@example.com") == anna.user
    assert customer_for(seeds.ANNA_EMAIL) is None


def test_nobody_is_locked_out_by_somebody_who_writes_their_address(at_home, anna, engage, wire):  # noqa: F811
    form = form_on(at_home, email=seeds.BENGT_EMAIL)
    take_down(wire)
    at_home.post(EDIT, form)  # the copy does not know Bengt, so this can only be found out later
    engage.engage.faults.clear()
    bring_up(wire)
    assert Item.objects.get(kind="contact.update").state == State.ATTENTION
    bengt = customer_for(seeds.BENGT_EMAIL)
    assert bengt is not None
    assert str(bengt.contact.engage_id) == seeds.BENGT_ID
    assert customer_for(seeds.ANNA_EMAIL) == anna.user


def test_while_engage_is_away_the_copy_says_whose_a_key_is(at_home, anna, wire):  # noqa: F811
    building.contact_called("Bob", "Berg")
    form = form_on(at_home, email="bob@example.com", mobilePhone="070-174 06 00")
    take_down(wire)
    page = at_home.post(EDIT, form).text
    assert "This e-mail address already belongs to a membership." in page
    assert "This phone number already belongs to a membership." in page
    anna.refresh_from_db()
    assert anna.changes == {}


def test_whoever_is_not_in_engage_yet_keeps_their_address(db, engage_away):
    contact = Contact.objects.create(email="new@example.com", changes={"email": "new@example.com"})
    browser = signed_in(building.customer(contact))
    page = browser.get(EDIT).text
    assert "Your membership is on its way to the programme." in page
    browser.post(EDIT, form_on(browser, email="victim@example.com", city="Malmö"))
    contact.refresh_from_db()
    assert contact.changes == {"email": "new@example.com", "city": "Malmö"}


def test_what_engage_refused_later_is_said_so_where_it_stands(at_home, anna, engage, wire):  # noqa: F811
    form = form_on(at_home, email="anna@exa,mple.com", city="Malmö")
    take_down(wire)
    at_home.post(EDIT, form)
    bring_up(wire)
    assert "Please check" in at_home.get("/me/profile/").text
    page = at_home.get(EDIT).text
    assert page.count("The programme hasn’t taken this.") == 2
    at_home.post(EDIT, form_on(at_home, email="anna.new@example.com"))
    deliver_all()
    assert there(engage)["email"] == "anna.new@example.com"
    assert customer_for("anna.new@example.com") == anna.user


def test_nobody_changes_another_member(at_home, anna):
    bob = building.contact_called("Bob", "Berg", fetched_at=clock.now())
    at_home.post(EDIT, form_on(at_home, city="Malmö", contact=str(bob.pk), id=str(bob.pk)))
    bob.refresh_from_db()
    assert bob.changes == {}
    assert bob.snapshot["city"] == "Stockholm"


@pytest.mark.parametrize("path", [EDIT, "/me/profile/preferences/"])
def test_only_a_signed_in_member_may(client, sam_at_work, path):
    for browser in (client, sam_at_work):
        assert browser.get(path).status_code in {302, 403}
        assert browser.post(path, {"city": "Malmö"}).status_code in {302, 403}
    assert not Item.objects.exists()


def test_a_form_of_another_site_is_refused(anna):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(
        building.customer(anna), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    assert browser.post(EDIT, {"initial-city": "Stockholm", "city": "Malmö"}).status_code == 403
    assert not Item.objects.exists()


def test_nothing_personal_is_logged(at_home, caplog, capfd):
    at_home.post(EDIT, form_on(at_home, email=seeds.BENGT_EMAIL, street="Hemliga gatan"))
    written = caplog.text + "".join(capfd.readouterr())
    assert "@" not in written
    assert "Hemliga" not in written
