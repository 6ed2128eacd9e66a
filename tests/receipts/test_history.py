"""`GET /api/v3/contacts/transactions`: pages of a contact's purchases and returns."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from engage_portal.sandbox import seeds
from receipts.models import HistorySnapshot
from receipts.models import Transaction as TransactionRow
from tests.api.talking import CONTACTS, TRANSACTIONS, UNKNOWN, code_of, new_contact, take_down

pytestmark = pytest.mark.django_db
ANNAS = {"contactId": seeds.ANNA_ID}


def page(till, **query) -> dict:
    answer = till.get(TRANSACTIONS, {**ANNAS, **query})
    assert answer.status_code == 200, answer.content
    return answer.json()


def add_history(engage, number: int) -> None:
    """Many small purchases of Anna's, newest last."""
    with engage.engage.lock:
        record = next(iter(engage.engage.store.all("transaction").values()))
        for place in range(number):
            when = (clock.now() - timedelta(days=2000 - place)).isoformat()
            item = {**record["item"], "id": f"x-{place}", "createdDate": when, "externalId": f"x-{place}"}
            engage.engage.store.put("transaction", f"x-{place}", {**record, "item": item})
        engage.engage.store.commit()


def asked(engage) -> int:
    return engage.engage.count_requests("GET", TRANSACTIONS)


def test_engages_page_is_passed_on_newest_first(engage, till):
    body = page(till)
    stored = {
        record["item"]["id"]: record["item"] for record in engage.engage.store.all("transaction").values()
    }
    assert body["totalCount"] == body["count"] == len(body["items"]) == len(stored)
    assert {item["id"]: item for item in body["items"]} == stored
    dates = [item["createdDate"] for item in body["items"]]
    assert dates == sorted(dates, reverse=True)


def test_pages_of_the_copy_cost_no_call(engage, till):
    whole = page(till)["items"]
    before = len(engage.engage.requests)
    pages = [page(till, offset=offset, count=4) for offset in (0, 4, 8, 12)]
    assert [item for each in pages for item in each["items"]] == whole
    assert [(each["offset"], each["count"], each["totalCount"]) for each in pages] == [
        (0, 4, 11), (4, 4, 11), (8, 3, 11), (12, 0, 11)
    ]  # fmt: skip
    assert len(engage.engage.requests) == before


def test_pages_beyond_the_copy_come_from_engage(engage, till):
    add_history(engage, 140)
    first = page(till)
    assert (first["totalCount"], first["count"]) == (151, 100)
    rest = till.get(TRANSACTIONS, {**ANNAS, "offset": 100})
    assert rest.headers["X-Engage-Freshness"] == "live"
    assert rest.json()["count"] == 51
    together = [item["id"] for item in first["items"] + rest.json()["items"]]
    assert len(set(together)) == 151
    assert page(till, count=500)["count"] == 151
    assert page(till, offset=90, count=20)["count"] == 20
    assert page(till, offset=151)["items"] == []


def test_pages_beyond_the_copy_while_engage_is_down_are_503_not_an_end(engage, till):
    add_history(engage, 140)
    page(till)
    take_down(engage)
    assert page(till, count=100)["count"] == 100
    answer = till.get(TRANSACTIONS, {**ANNAS, "offset": 100})
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")


@pytest.mark.parametrize("name", ["offset", "count"])
@pytest.mark.parametrize(
    "wrong", ["x", "-1", "1.5", "1e3", "٣", "²", "9" * 5000, "0" * 20 + "9999999", "\x00", "1_0"]
)
def test_a_number_that_is_none_is_named(engage, till, name, wrong):
    answer = till.get(TRANSACTIONS, {**ANNAS, name: wrong})
    assert (answer.status_code, code_of(answer)) == (400, "ParseError")
    assert name in answer.json()["message"]
    assert not engage.engage.requests


@pytest.mark.parametrize("count", ["0", "501"])
def test_count_has_bounds(engage, till, count):
    assert till.get(TRANSACTIONS, {**ANNAS, "count": count}).status_code == 400


def test_the_age_is_told_live_cached_and_stale(engage, till):
    assert till.get(TRANSACTIONS, ANNAS).headers["X-Engage-Freshness"] == "live"
    assert till.get(TRANSACTIONS, ANNAS).headers["X-Engage-Freshness"] == "cached"
    HistorySnapshot.objects.update(fetched_at=clock.now() - timedelta(minutes=10))
    engage.engage.faults.set("500")
    stale = till.get(TRANSACTIONS, ANNAS)
    assert stale.headers["X-Engage-Freshness"] == "stale"
    assert 600 <= int(stale.headers["Age"]) < 660
    assert stale.json()["totalCount"] == 11


def test_never_fetched_and_down_is_503_not_an_empty_page(engage, till):
    till.get(f"{CONTACTS}/{seeds.ANNA_ID}")
    take_down(engage)
    answer = till.get(TRANSACTIONS, ANNAS)
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")


@pytest.mark.parametrize("query", [{}, {"contactId": ""}, {"contactId": "anna"}])
def test_a_contact_id_is_needed(engage, till, query):
    answer = till.get(TRANSACTIONS, query)
    assert (answer.status_code, code_of(answer)) == (400, "InvalidContactId")


def test_an_unknown_contact(engage, till):
    answer = till.get(TRANSACTIONS, {"contactId": UNKNOWN})
    assert (answer.status_code, code_of(answer)) == (404, "ContactNotFound")


def test_somebody_born_here_has_no_history_yet(engage, till):
    take_down(engage)
    born = till.post(CONTACTS, new_contact()).json()["id"]
    answer = till.get(TRANSACTIONS, {"contactId": born})
    assert (answer.status_code, answer.json()["items"]) == (200, [])


def test_odd_rows_of_engages_history_are_survived(engage, till):
    with engage.engage.lock:
        record = next(iter(engage.engage.store.all("transaction").values()))
        for place, change in enumerate(
            ({"id": "y" * 300}, {"id": None}, {"externalId": "z" * 300}, {"id": "y" * 300})
        ):
            item = {**record["item"], "id": f"odd-{place}", **change}
            engage.engage.store.put("transaction", f"odd-{place}", {**record, "item": item})
        engage.engage.store.commit()
    assert page(till)["totalCount"] == 15
    assert TransactionRow.objects.count() == 14
