"""`Idempotency-Key`: the same request under the same key is done once and answered alike."""

from datetime import timedelta

import pytest
import time_machine

from contacts.models import Contact
from engage_portal.api.models import IdempotentAnswer
from engage_portal.api.tasks import purge_answers
from engage_portal.core import clock
from engage_portal.sandbox import seeds
from tests.api.talking import (
    ANNA,
    CONTACTS,
    RECEIPTS,
    code_of,
    items,
    know_it_is_down,
    new_contact,
    redeem_path,
)
from tests.conftest import client_with

pytestmark = pytest.mark.django_db
KEY = {"HTTP_IDEMPOTENCY_KEY": "4e4f4e43-1"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("post", CONTACTS, new_contact(), 201),
        ("patch", ANNA, {"city": "Malmö"}, 200),
        ("post", redeem_path(seeds.ANNA_MONEY_ID), {"redemptionChannel": "POS"}, 200),
    ],
)
def test_the_second_call_gets_the_first_ones_answer(engage, till, method, path, body, status):
    first = getattr(till, method)(path, body, **KEY)
    assert first.status_code == status, first.content
    assert "Idempotency-Replayed" not in first.headers
    seen = len(engage.engage.requests)
    second = getattr(till, method)(path, body, **KEY)
    assert (second.status_code, second.content) == (status, first.content)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(engage.engage.requests) == seen
    assert len(items()) == 1


def test_a_queued_answer_is_given_again_too(engage, till, receipt_body):
    for _ in range(2):
        answer = till.post(RECEIPTS, receipt_body(), **KEY)
        assert (answer.status_code, answer.content) == (202, b"")


def test_a_refusal_is_given_again(engage, till):
    first, second = (till.post(CONTACTS, new_contact(email=seeds.ANNA_EMAIL), **KEY) for _ in range(2))
    assert (first.status_code, second.status_code) == (409, 409)
    assert first.content == second.content
    assert engage.engage.count_requests("POST", CONTACTS) == 1


@pytest.mark.parametrize(
    "other", [lambda till: till.post(CONTACTS, new_contact(firstName="Eva"), **KEY),
              lambda till: till.post(f"{CONTACTS}?source=x", new_contact(), **KEY),
              lambda till: till.patch(ANNA, new_contact(), **KEY)]
)  # fmt: skip
def test_the_key_with_another_request_is_refused(engage, till, other):
    till.post(CONTACTS, new_contact(), **KEY)
    answer = other(till)
    assert (answer.status_code, code_of(answer)) == (422, "IdempotencyKeyReused")
    assert Contact.objects.count() == 1


def unanswered(age: timedelta) -> None:
    """As a process leaves it that died at work that long ago."""
    IdempotentAnswer.objects.update(status=None, body=b"", created_at=clock.now() - age)


def test_while_the_first_is_at_work_the_second_is_told_to_wait(engage, till):
    till.post(CONTACTS, new_contact(), **KEY)
    unanswered(timedelta(seconds=20))
    answer = till.post(CONTACTS, new_contact(), **KEY)
    assert (answer.status_code, code_of(answer)) == (409, "RequestInProgress")
    assert answer.headers["Retry-After"] == "1"


def test_what_a_crashed_process_left_is_taken_over_once(engage, till, receipt_body):
    till.post(RECEIPTS, receipt_body(), **KEY)
    unanswered(timedelta(seconds=61))
    answer = till.post(RECEIPTS, receipt_body(), **KEY)
    assert answer.status_code == 202
    assert "Idempotency-Replayed" not in answer.headers
    assert till.post(RECEIPTS, receipt_body(), **KEY).headers["Idempotency-Replayed"] == "true"
    assert len(items()) == 1


def test_a_takeover_needs_the_same_request(engage, till, receipt_body):
    till.post(RECEIPTS, receipt_body(), **KEY)
    unanswered(timedelta(seconds=61))
    answer = till.post(RECEIPTS, receipt_body("101-2"), **KEY)
    assert (answer.status_code, code_of(answer)) == (422, "IdempotencyKeyReused")


def test_answers_that_ask_to_be_repeated_are_not_kept(engage, till, settings):
    settings.ENGAGE_LEVEL = 1
    know_it_is_down()
    assert till.post(CONTACTS, new_contact(), **KEY).status_code == 503
    assert not IdempotentAnswer.objects.exists()
    from engage_portal.outbox.models import EngageLine

    EngageLine.objects.all().delete()
    assert till.post(CONTACTS, new_contact(), **KEY).status_code == 201


def test_a_fault_of_ours_is_500_in_engages_shape_and_not_kept(engage, till, receipt_body, monkeypatch):
    def broken(**_):
        raise ZeroDivisionError("anna@example.com")

    monkeypatch.setattr("receipts.api.receipt_record", broken)
    till.raise_request_exception = False
    for headers in ({}, KEY):
        answer = till.post(RECEIPTS, receipt_body(), **headers)
        assert answer.status_code == 500
        assert answer.json() == {"errorCode": "InternalError", "message": "An error has occurred."}
    assert not IdempotentAnswer.objects.exists()


def test_a_key_counts_for_its_caller_only(engage, till, api_key, receipt_body):
    shop = client_with(api_key(name="shop", store=""))
    assert till.post(RECEIPTS, receipt_body("101-1"), **KEY).status_code == 202
    answer = shop.post(RECEIPTS, receipt_body("101-2"), **KEY)
    assert answer.status_code == 202
    assert "Idempotency-Replayed" not in answer.headers
    assert len(items()) == 2


def test_a_key_has_a_length(engage, till, receipt_body):
    answer = till.post(RECEIPTS, receipt_body(), HTTP_IDEMPOTENCY_KEY="k" * 256)
    assert (answer.status_code, code_of(answer)) == (400, "InvalidIdempotencyKey")
    assert till.post(RECEIPTS, receipt_body(), HTTP_IDEMPOTENCY_KEY="k" * 255).status_code == 202


def test_without_a_key_nothing_is_kept(engage, till, receipt_body):
    till.post(RECEIPTS, receipt_body())
    till.post(RECEIPTS, receipt_body(), HTTP_IDEMPOTENCY_KEY="  ")
    assert not IdempotentAnswer.objects.exists()


def test_old_answers_are_purged_every_day(engage, till, receipt_body):
    from django_q.models import Schedule

    assert Schedule.objects.get(name="api answers").schedule_type == Schedule.DAILY
    assert Schedule.objects.get(name="api answers").func == "engage_portal.api.tasks.purge_answers"
    till.post(RECEIPTS, receipt_body("101-1"), HTTP_IDEMPOTENCY_KEY="old")
    with time_machine.travel(clock.now() + timedelta(hours=23), tick=False):
        till.post(RECEIPTS, receipt_body("101-2"), HTTP_IDEMPOTENCY_KEY="new")
        assert purge_answers() == 0
    with time_machine.travel(clock.now() + timedelta(hours=25), tick=False):
        assert purge_answers() == 1
        assert purge_answers() == 0
    assert IdempotentAnswer.objects.count() == 1
