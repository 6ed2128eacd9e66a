"""Staff sign in with a name and a password, and with an authenticator app where they set one up."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp

from engage_portal.accounts.models import User
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db

START = "/staff/sign-in/"


def enter(client, login, password, **more):
    return client.post(START, {"login": login, "password": password, **more}, follow=True)


def test_staff_sign_in_with_name_and_password(client, sam):
    page = enter(client, "sam", building.PASSWORD)
    assert page.redirect_chain[-1][0] == "/staff/"
    assert client.session["_auth_user_id"] == str(sam.pk)


def test_staff_come_back_to_the_page_they_wanted(client, sam):
    asked = client.get("/staff/queue/?state=attention")
    assert asked["Location"] == "/staff/sign-in/?next=/staff/queue/%3Fstate%3Dattention"
    page = enter(client, "sam", building.PASSWORD, next="/staff/queue/?state=attention")
    assert page.redirect_chain[-1][0] == "/staff/queue/?state=attention"


@pytest.mark.parametrize(
    ("login", "password"), [("sam", "wrong"), ("nobody", building.PASSWORD), ("", ""), ("sam", "")]
)
def test_a_wrong_name_or_password_is_refused(client, sam, login, password):
    enter(client, login, password)
    assert "_auth_user_id" not in client.session


def test_wrong_name_and_wrong_password_are_told_the_same(client, sam):
    pages = [enter(client, *attempt) for attempt in (("sam", "wrong"), ("nobody", "wrong"))]
    assert all("The user name and the password don’t match." in page.text for page in pages)


def test_guessing_is_stopped_after_five_tries(client, sam):
    for _ in range(5):
        enter(client, "sam", "wrong")
    page = enter(client, "sam", building.PASSWORD)
    assert "a bit too often" in page.text
    assert "_auth_user_id" not in client.session


def test_customers_cannot_use_a_password_even_if_they_have_one(client, alice):
    user = building.customer(alice)
    user.set_password(building.PASSWORD)
    user.save()
    enter(client, user.username, building.PASSWORD)
    assert "_auth_user_id" not in client.session


def test_a_till_cannot_sign_in(client):
    User.objects.create_user("till-1001", password=building.PASSWORD)
    enter(client, "till-1001", building.PASSWORD)
    assert "_auth_user_id" not in client.session


def test_staff_get_no_sign_in_code(client, engage_away, mailoutbox):
    building.staff("sam", email="sam@example.com")
    client.post("/sign-in/", {"email": "sam@example.com"})
    assert mailoutbox == []


def test_who_set_up_an_app_must_enter_its_code(client, sam):
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(sam, secret)
    page = enter(client, "sam", building.PASSWORD)
    assert page.redirect_chain[-1][0] == "/staff/sign-in/code/"
    assert "_auth_user_id" not in client.session
    assert "_auth_user_id" not in client.session
    client.post("/staff/sign-in/code/", {"code": "000000"})
    assert "_auth_user_id" not in client.session
    code = totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))
    client.post("/staff/sign-in/code/", {"code": code})
    assert client.session["_auth_user_id"] == str(sam.pk)


def test_setting_up_an_app_asks_for_the_password_first_and_then_works(client, sam):
    enter(client, "sam", building.PASSWORD)
    asked = client.get("/staff/security/app/on/", follow=True)
    assert "Is it still you?" in asked.text
    page = client.post(asked.redirect_chain[-1][0], {"password": building.PASSWORD}, follow=True)
    assert "Scan this picture" in page.text
    secret = client.session["mfa.totp.secret"]
    code = totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))
    done = client.post("/staff/security/app/on/", {"code": code}, follow=True)
    assert "Recovery codes" in done.text
    assert Authenticator.objects.filter(user=sam).count() == 2
    assert "Switch off" in client.get("/staff/security/").text
    for path in ("/staff/security/app/off/", "/staff/security/codes/new/", "/staff/security/codes/"):
        assert client.get(path).status_code == 200
    client.post("/staff/security/app/off/")
    assert not Authenticator.objects.filter(user=sam).exists()


def test_the_password_can_be_changed(client, sam):
    enter(client, "sam", building.PASSWORD)
    new = "another-long-password"
    page = client.get("/staff/security/password/").text
    assert [
        label for label in ("Your password now", "New password again") if f">{label}</label>" not in page
    ] == []
    client.post(
        "/staff/security/password/",
        {"oldpassword": building.PASSWORD, "password1": new, "password2": new},
    )
    sam.refresh_from_db()
    assert sam.check_password(new)


def test_the_admin_is_reached_through_the_staff_sign_in(client):
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/staff/sign-in/?next=/admin/"


def test_the_admin_never_takes_a_password_itself(client, sam):
    client.post("/admin/login/", {"username": "sam", "password": building.PASSWORD})
    assert "_auth_user_id" not in client.session


def test_the_admin_lets_staff_in_and_nobody_else(sam, alice):
    assert signed_in(sam).get("/admin/").status_code == 200
    customer = signed_in(building.customer(alice))
    assert customer.get("/admin/login/").status_code == 403
    assert customer.get("/admin/", follow=True).status_code == 403


def test_the_front_door_leads_everybody_to_their_own_pages(client, sam, alice):
    assert client.get("/")["Location"] == "/sign-in/"
    assert signed_in(sam).get("/")["Location"] == "/staff/"
    assert signed_in(building.customer(alice)).get("/")["Location"] == "/me/"
