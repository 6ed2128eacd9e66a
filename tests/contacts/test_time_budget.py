"""Whatever Engage does, a person who waits is answered within PORTAL_TIME_BUDGET."""

import time
from datetime import timedelta

import pytest

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.sandbox import seeds
from tests.api.talking import ANNA, ASSIGNMENTS, COUNT, ID, TRANSACTIONS, code_of, new_contact, redeem_path
from tests.api.talking import CONTACTS as CONTACTS_PATH

pytestmark = pytest.mark.django_db
BUDGET = 0.6
"""Seconds. Engage hangs for ever here, so that there is an answer at all is the point; `make bench` has the figures."""

PATIENCE = 10 * BUDGET


@pytest.fixture(autouse=True)
def warm(engage, till):
    """A process that has answered before: addresses are loaded, the connection's certificates are read."""
    till.get(COUNT)


@pytest.fixture
def hanging(engage, settings):
    """Engage accepts and never answers; the portal does not know yet."""
    settings.PORTAL_TIME_BUDGET = BUDGET
    engage.engage.faults.set("hang")
    yield
    engage.engage.faults.clear()


def timed(call):
    began = time.perf_counter()
    answer = call()
    return answer, time.perf_counter() - began


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (ID, {"email": "nobody@example.com"}),
        (ID, {"any": "nobody@example.com"}),
        (ANNA, {}),
        (COUNT, {}),
        (TRANSACTIONS, {"contactId": seeds.ANNA_ID}),
        (ASSIGNMENTS, {"contactId": seeds.ANNA_ID}),
    ],
)
def test_reads_of_the_unknown_say_so_in_time(hanging, till, path, query):
    answer, seconds = timed(lambda: till.get(path, query))
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")
    assert seconds < PATIENCE


def test_reads_of_the_known_come_from_the_copy_in_time(engage, till, settings):
    till.get(ANNA)
    then = clock.now() - timedelta(hours=1)
    Contact.objects.update(fetched_at=then, as_of=then)
    settings.PORTAL_TIME_BUDGET = BUDGET
    engage.engage.faults.set("hang")
    for path, query in ((ANNA, {}), (ID, {"email": seeds.ANNA_EMAIL})):
        answer, seconds = timed(lambda path=path, query=query: till.get(path, query))
        assert answer.status_code == 200
        assert answer.headers["X-Engage-Freshness"] == "stale"
        assert seconds < PATIENCE
    engage.engage.faults.clear()


def test_writes_are_taken_in_time(hanging, till):
    for call in (
        lambda: till.post(CONTACTS_PATH, new_contact()),
        lambda: till.post(redeem_path(seeds.ANNA_MONEY_ID), {"redemptionChannel": "POS"}),
    ):
        answer, seconds = timed(call)
        assert answer.status_code == 202
        assert seconds < PATIENCE


def test_a_change_is_taken_in_time_though_the_copy_is_stale_too(engage, till, settings):
    till.get(ANNA)
    then = clock.now() - timedelta(hours=1)
    Contact.objects.update(fetched_at=then, as_of=then)
    settings.PORTAL_TIME_BUDGET = BUDGET
    engage.engage.faults.set("hang")
    answer, seconds = timed(lambda: till.patch(ANNA, {"city": "Malmö"}))
    engage.engage.faults.clear()
    assert answer.status_code == 202
    assert answer.json()["attributes"]["city"] == "Malmö"
    assert seconds < PATIENCE
