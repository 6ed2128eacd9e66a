"""One contact, one sign-in: whatever happens to e-mail addresses."""

import pytest
from allauth.account.models import EmailAddress

from engage_portal.accounts import forms
from engage_portal.accounts.models import User
from engage_portal.accounts.services import customer_user
from tests.pages import building

pytestmark = pytest.mark.django_db


def test_a_contact_gets_one_sign_in_without_a_password(alice):
    first, second = customer_user(contact=alice), customer_user(contact=alice)
    assert first == second
    assert first.username == str(alice.pk)
    assert not first.has_usable_password()
    assert (first.is_staff, first.is_superuser) == (False, False)


def test_the_address_follows_the_contact(alice):
    user = customer_user(contact=alice)
    alice.email = "new@example.com"
    alice.save()
    customer_user(contact=alice)
    user.refresh_from_db()
    assert user.email == "new@example.com"
    assert list(EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary")) == [
        ("new@example.com", True, True)
    ]


def test_two_contacts_may_swap_their_addresses(alice, bob):
    one, other = customer_user(contact=alice), customer_user(contact=bob)
    alice.email, bob.email = bob.email, alice.email
    alice.save()
    bob.save()
    assert customer_user(contact=alice) == one
    assert customer_user(contact=bob) == other
    assert EmailAddress.objects.get(email="alice@example.com").user == other
    assert EmailAddress.objects.get(email="bob@example.com").user == one


def test_the_typed_address_must_be_the_contacts_own(alice, bob, monkeypatch):
    monkeypatch.setattr(forms, "contact_for_sign_in", lambda **_: alice)
    assert forms.customer_for("bob@example.com") is None
    assert forms.customer_for("alice@example.com") == User.objects.get(contact=alice)


def test_a_sign_in_that_is_switched_off_gets_no_code(alice):
    user = customer_user(contact=alice)
    user.is_active = False
    user.save()
    assert forms.customer_for("alice@example.com") is None


def test_staff_with_the_same_address_stay_apart(alice):
    staff = building.staff("alice-at-work", email="alice@example.com")
    assert forms.customer_for("alice@example.com") != staff
