"""Pages of a history that were read once are kept; Engage is asked only for what is missing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.sandbox import seeds
from receipts.models import HistorySnapshot
from receipts.models import Transaction as TransactionRow
from tests.api.talking import TRANSACTIONS, code_of, take_down
from tests.receipts.history_of import ANNAS, bought, forget_age, history_in_engage, ids, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def long_history(engage):
    """Anna has bought 350 times."""
    history_in_engage(engage, 350)
    return engage


def asked(wire) -> list[str]:
    """With what Engage was asked for transactions."""
    return [sent.query for sent in wire.of("GET", TRANSACTIONS)]


def test_a_page_that_was_read_is_served_while_engage_is_down(long_history, till):
    page(till)
    there = ids(page(till, offset=200))
    take_down(long_history)
    answer = till.get(TRANSACTIONS, {**ANNAS, "offset": 200})
    assert (ids(answer.json()), answer.headers["X-Engage-Freshness"]) == (there, "cached")


def test_a_page_that_was_never_read_is_503_while_engage_is_down(long_history, till):
    page(till)
    page(till, offset=200)
    take_down(long_history)
    answer = till.get(TRANSACTIONS, {**ANNAS, "offset": 100})
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")


def test_only_what_is_missing_is_asked_for(long_history, wire, till):
    page(till)
    page(till, offset=200, count=50)
    wire.sent.clear()
    assert len(ids(page(till, offset=90, count=120))) == 120
    assert [query.split("&", 1)[1] for query in asked(wire)] == ["offset=100&count=100"]
    assert len(ids(page(till, offset=90, count=120))) == 120
    assert len(asked(wire)) == 1


def test_sales_made_meanwhile_leave_kept_pages_where_they_are(long_history, wire, till):
    page(till)
    deep = ids(page(till, offset=200))
    bought(long_history, 3)
    forget_age()
    assert page(till)["totalCount"] == 353
    wire.sent.clear()
    assert ids(page(till, offset=203)) == deep
    assert asked(wire) == []


def test_a_sale_between_two_pages_gives_nobody_anything_twice(long_history, till):
    first = ids(page(till))
    bought(long_history, 1)
    forget_age()
    assert ids(page(till, count=1)) != first[:1]  # somebody else looked, and the copy knows of the sale
    rest = [each for offset in (100, 200, 300) for each in ids(page(till, offset=offset))]
    assert len(first + rest) == len({*first, *rest}) == 350


def test_a_sale_that_arrives_late_begins_a_new_numbering(long_history, till):
    page(till)
    page(till, offset=200)
    late = bought(long_history, 1, days_ago=1500)
    forget_age()
    page(till)
    walk = [each for offset in (0, 100, 200, 300) for each in ids(page(till, offset=offset))]
    assert len(walk) == len(set(walk)) == 351
    assert late[0] in walk


def test_a_refresh_writes_what_changed_however_long_the_history_is(long_history, till):
    for offset in (0, 100, 200, 300):
        page(till, offset=offset)
    before = dict(TransactionRow.objects.values_list("engage_transaction_id", "pk"))
    bought(long_history, 1)
    forget_age()
    with CaptureQueriesContext(connection) as queries:
        page(till)
    written = [
        query["sql"]
        for query in queries
        if query["sql"].startswith(("INSERT", "UPDATE")) and '"receipts_transaction"' in query["sql"]
    ]
    assert len(written) == 1
    after = dict(TransactionRow.objects.values_list("engage_transaction_id", "pk"))
    assert len(after) == len(before) + 1
    assert before.items() <= after.items()


def test_the_copy_knows_when_it_is_whole(long_history, till):
    page(till)
    assert not HistorySnapshot.objects.get().is_whole
    for offset in (100, 200, 300):
        page(till, offset=offset)
    assert HistorySnapshot.objects.get().is_whole
    bought(long_history, 1)
    forget_age()
    page(till)
    assert (HistorySnapshot.objects.get().kept_count, TransactionRow.objects.count()) == (351, 351)


def test_what_engage_no_longer_lists_leaves_the_copy(engage, till):
    page(till)
    with engage.engage.lock:
        gone = next(iter(engage.engage.store.all("transaction")))
        engage.engage.store.remove("transaction", gone)
        engage.engage.store.commit()
    forget_age()
    assert page(till)["totalCount"] == TransactionRow.objects.count() == 10


def test_two_members_histories_do_not_mix(long_history, till):
    page(till)
    bengt = Contact.objects.create(engage_contact_id=seeds.BENGT_ID)
    TransactionRow.objects.create(
        contact=bengt,
        engage_transaction_id="b",
        created_date=clock.now() - timedelta(days=1),
        raw="{}",
        numbering=1,
    )
    assert "b" not in ids(page(till, count=500))
    assert bengt.transactions.count() == 1
