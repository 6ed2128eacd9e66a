"""Staff sign-ins in the admin: for superusers, without customers, without secrets."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP

from engage_portal.accounts.models import User
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/user/"


@pytest.fixture
def root(db):
    return signed_in(User.objects.create_superuser("root", password=building.PASSWORD))


def test_staff_are_listed_and_customers_and_tills_are_not(root, sam, alice):
    customer = building.customer(alice)
    User.objects.create_user("till-1")
    page = root.get(LIST).text
    assert "sam" in page
    assert "alice" not in page
    assert "till-1" not in page
    assert root.get(f"{LIST}{customer.pk}/change/").status_code == 302


def test_a_new_sign_in_is_staff(root):
    form = {
        "username": "nora",
        "usable_password": "true",
        "password1": building.PASSWORD,
        "password2": building.PASSWORD,
    }
    root.post(f"{LIST}add/", form)
    nora = User.objects.get(username="nora")
    assert nora.is_staff
    assert root.get(f"{LIST}{nora.pk}/change/").status_code == 200


def test_permissions_of_the_queue_can_be_given(root):
    page = root.get(f"{LIST}{building.staff('nils').pk}/change/").text
    assert "Can retry item" in page or "send" in page.lower()


@pytest.mark.parametrize("path", [LIST, f"{LIST}add/", "/admin/mfa/authenticator/"])
def test_single_permissions_do_not_open_these_screens(path):
    nosy = building.staff(
        "nosy", "view_user", "change_user", "add_user", "view_authenticator", "change_authenticator"
    )
    assert signed_in(nosy).get(path).status_code == 403


def test_addresses_of_customers_are_not_in_the_admin(root):
    assert root.get("/admin/account/emailaddress/").status_code == 404


def test_a_lost_phone_can_be_switched_off_without_seeing_its_secret(root, sam):
    secret = "JBSWY3DPEHPK3PXP"
    app = TOTP.activate(sam, secret).instance
    page = root.get(f"/admin/mfa/authenticator/{app.pk}/change/").text
    assert secret not in page
    assert root.post(f"/admin/mfa/authenticator/{app.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not sam.authenticator_set.exists()


def test_the_admin_keeps_the_content_policy(root):
    assert "default-src 'self'" in root.get("/admin/")["Content-Security-Policy"]
