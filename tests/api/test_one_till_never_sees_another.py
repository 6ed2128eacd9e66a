"""What a key of one store may do with members, and what it may not do in another store's name."""

import pytest

from contacts.models import Contact
from engage_portal.sandbox import seeds
from tests.api.talking import (
    ANNA,
    ASSIGNMENTS,
    CONTACTS,
    ID,
    ROUTES,
    TRANSACTIONS,
    UNKNOWN,
    code_of,
    items,
    new_contact,
)
from tests.conftest import client_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(api_key):
    return client_with(api_key(name="till-102-1", store="102"))


def test_every_till_serves_every_member(engage, other):
    for path in (
        ANNA,
        f"{ID}?email=anna@example.com",
        f"{TRANSACTIONS}?contactId={seeds.ANNA_ID}",
        f"{ASSIGNMENTS}?contactId={seeds.ANNA_ID}",
    ):
        assert other.get(path).status_code == 200


def test_unknown_ids_are_404_for_all(engage, till, other):
    for client in (till, other):
        for path in (
            f"{CONTACTS}/{UNKNOWN}",
            f"{TRANSACTIONS}?contactId={UNKNOWN}",
            f"{ASSIGNMENTS}?contactId={UNKNOWN}",
        ):
            answer = client.get(path)
            assert (answer.status_code, code_of(answer)) == (404, "ContactNotFound")


def test_nobody_signs_up_people_for_another_store(engage, till):
    answer = till.post(f"{CONTACTS}?storeExternalId=102", new_contact())
    assert (answer.status_code, code_of(answer)) == (403, "PermissionDenied")
    assert not Contact.objects.exists()
    assert not engage.engage.requests
    assert till.post(f"{CONTACTS}?storeExternalId=101", new_contact()).status_code == 201


def test_the_store_of_the_key_is_the_store_of_what_it_queues(engage, till, other):
    engage.engage.faults.set("down")
    till.post(CONTACTS, new_contact())
    other.post(CONTACTS, new_contact(email="eva@example.com"))
    assert [item.store for item in items()] == ["101", "102"]
    assert [contact.created_in_store for contact in Contact.objects.order_by("created_at")] == ["101", "102"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_operation_answers_with_a_key_or_another_keys_name(engage, till, other, api_key, method, path):
    answer = getattr(other, method)(path, {} if method != "get" else None)
    assert b"till-101-1" not in answer.content
    assert b"ep_" not in answer.content
