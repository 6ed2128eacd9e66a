"""The numbers of people who are born here: from our own series, never twice, and without a lock that others wait for."""

import multiprocessing

import pytest
from django.db import connections

from contacts.models import Contact, OwnNumber
from tests.api.talking import CONTACTS, bring_up, new_contact, take_down

KEPT_OPEN = 20


@pytest.mark.django_db
def test_who_is_born_during_an_outage_gets_the_next_number_and_keeps_it_in_engage(engage, till, settings):
    settings.ENGAGE_NUMBER_PREFIX = "SHOP-"
    take_down(engage)
    born = [till.post(CONTACTS, new_contact(email=f"{name}@example.com")).json() for name in "ab"]
    numbers = [each["attributes"]["externalId"] for each in born]
    assert all(number.startswith("SHOP-") and number[5:].isdigit() for number in numbers)
    assert int(numbers[1][5:]) > int(numbers[0][5:])
    bring_up(engage)
    for number in numbers:
        assert len(engage.engage.with_key("externalId", number)) == 1


@pytest.mark.django_db
def test_a_number_is_not_given_again_after_its_owner_was_refused_or_forgotten(engage, till):
    take_down(engage)
    first = till.post(CONTACTS, new_contact()).json()["attributes"]["externalId"]
    assert till.post(CONTACTS, new_contact()).status_code == 409
    Contact.objects.all().delete()
    OwnNumber.objects.all().delete()
    second = till.post(CONTACTS, new_contact()).json()["attributes"]["externalId"]
    assert int(second.removeprefix("EP-")) > int(first.removeprefix("EP-"))


@pytest.mark.django_db
def test_a_number_of_the_callers_own_is_kept(engage, till):
    take_down(engage)
    body = till.post(CONTACTS, new_contact(externalId="WEB-1")).json()
    assert body["attributes"]["externalId"] == "WEB-1"
    assert not OwnNumber.objects.exists()


@pytest.mark.django_db
def test_while_engage_answers_nobody_needs_a_number_of_ours(engage, till):
    assert "externalId" not in till.post(CONTACTS, new_contact()).json()["attributes"]


def take_numbers(count: int, found) -> None:
    connections.close_all()
    for _ in range(count):
        found.put(OwnNumber.objects.create(contact_id="11111111-2222-4333-8444-555555555555").pk)
    connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_processes_never_get_the_same_number():
    context = multiprocessing.get_context("fork")
    found = context.Queue()
    connections.close_all()
    takers = [context.Process(target=take_numbers, args=(KEPT_OPEN, found)) for _ in range(4)]
    for taker in takers:
        taker.start()
    numbers = [found.get(timeout=30) for _ in range(4 * KEPT_OPEN)]
    for taker in takers:
        taker.join(30)
    assert len(set(numbers)) == 4 * KEPT_OPEN
