"""People with roles: Alice and Bob are customers, Sam may send again, Vera may only look, Nils has no permission."""

import pytest
from django.test import Client

from contacts.models import Contact
from engage_portal.accounts.models import User
from tests.pages import building


@pytest.fixture
def alice(db) -> Contact:
    """A customer with purchases, offers, vouchers and points."""
    contact = building.contact_called("Alice", "Andersson")
    building.purchase(
        contact,
        store="Alice’s store",
        total="1249.00",
        lines=[{"articleName": "Moss jumper", "netPrice": 1249}],
    )
    building.offer(contact, heading="Only for Alice", code="ALICE20")
    building.voucher(contact, name="Voucher for Alice", number="ALICE-1")
    building.movement(building.points(contact, 1250), 1250, "Points of Alice")
    return contact


@pytest.fixture
def bob(db) -> Contact:
    """Another customer, with others."""
    contact = building.contact_called("Bob", "Berg")
    building.purchase(
        contact, store="Bob’s store", total="77.50", lines=[{"articleName": "Blue cap", "netPrice": 77.5}]
    )
    building.offer(contact, heading="Only for Bob", code="BOB20")
    building.voucher(contact, name="Voucher for Bob", number="BOB-1")
    building.movement(building.points(contact, 4321), 4321, "Points of Bob")
    return contact


def signed_in(user: User) -> Client:
    """A browser in which somebody is signed in."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def alice_at_home(alice) -> Client:
    """The browser of Alice."""
    return signed_in(building.customer(alice))


@pytest.fixture
def sam(db) -> User:
    """Staff who may look and send again."""
    return building.staff("sam", "view_item", "retry_item")


@pytest.fixture
def sam_at_work(sam) -> Client:
    """The browser of Sam."""
    return signed_in(sam)


@pytest.fixture
def engage_away(db) -> None:
    """Engage does not answer, and the portal knows: nobody calls it."""
    building.engage_is_down()
