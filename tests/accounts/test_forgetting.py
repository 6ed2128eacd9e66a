"""When a person is forgotten, so is how they signed in."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session

from contacts.models import Contact
from engage_portal.accounts.models import User
from engage_portal.core import privacy
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db


def test_the_sign_in_its_addresses_and_its_sessions_go(alice, bob):
    theirs, other = signed_in(building.customer(alice)), signed_in(building.customer(bob))
    removed = privacy.shred(alice.pk)
    assert removed["accounts.User"] >= 1
    assert list(User.objects.values_list("contact", flat=True)) == [bob.pk]
    assert not EmailAddress.objects.filter(email="alice@example.com").exists()
    assert Session.objects.count() == 1
    assert theirs.get("/me/").status_code == 302
    assert other.get("/me/").status_code == 200
    assert privacy.shred(alice.pk)["accounts.User"] == 0


def test_who_was_found_to_be_another_is_forgotten_under_both(alice):
    born_here = building.contact_called("Alice", "Newly", email="alice2@example.com")
    born_here.same_as = alice
    born_here.engage_contact_id = None
    born_here.save()
    for contact in (alice, born_here):
        building.customer(contact)
    privacy.shred(alice.pk)
    assert not User.objects.exists()
    assert Contact.objects.count() == 2
