"""Purchases of a year, of a kind, and those that are still on their way; a long history costs no more than a short one."""

import pytest
from django.db import connection
from django.utils import timezone

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.outbox.delivery.passes import deliver
from engage_portal.sandbox.seeds import ANNA_ID
from receipts.models import HistorySnapshot, Receipt, Store, Transaction
from receipts.tasks import complete_history
from tests.contacts.test_plans import plans_of
from tests.pages import building
from tests.pages.people import signed_in
from tests.receipts.history_of import bought, forget_age, history_in_engage

pytestmark = pytest.mark.django_db
PATH = "/me/purchases/"


@pytest.fixture
def carol(db):
    contact = building.contact_called("Carol", "Cato")
    building.purchase(contact, store="Malmö", total="10", days_ago=1)
    building.purchase(contact, store="Lund", total="-5", days_ago=2)
    building.purchase(contact, store="Oslo", total="20", days_ago=800)
    return contact


@pytest.fixture
def carol_at_home(carol):
    return signed_in(building.customer(carol))


@pytest.fixture
def anna(engage):
    return Contact.objects.create(pk=ANNA_ID, engage_contact_id=ANNA_ID, email="anna@example.com")


@pytest.fixture
def anna_at_home(anna):
    return signed_in(building.customer(anna))


def stores(page: str) -> list[str]:
    return [name for name in ("Malmö", "Lund", "Oslo") if name in page]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, ["Malmö", "Lund", "Oslo"]),
        ({"kind": "", "year": ""}, ["Malmö", "Lund", "Oslo"]),
        ({"kind": "returns"}, ["Lund"]),
        ({"kind": "purchases"}, ["Malmö", "Oslo"]),
    ],
)
def test_purchases_and_returns_are_chosen_by_kind(carol_at_home, query, shown):
    assert stores(carol_at_home.get(PATH, query).text) == shown


def test_purchases_are_chosen_by_the_year_of_the_stores_clock(carol, carol_at_home):
    year = timezone.localtime(Transaction.objects.order_by("created_date").first().created_date).year
    page = carol_at_home.get(PATH, {"year": year}).text
    assert stores(page) == ["Oslo"]
    assert f'<option value="{year}" selected>' in page
    assert f'<option value="{year + 1}">' in page


def test_an_empty_choice_says_so_and_offers_everything(carol_at_home):
    page = carol_at_home.get(PATH, {"year": 2001, "kind": "returns"}).text
    assert "No returns in 2001." in page
    assert "Show everything" in page


@pytest.mark.parametrize(
    "query",
    [
        *(
            {"year": year}
            for year in ("x", "1", "٢٠٢٤", "9" * 400, "020261", "02026", "20261", "0", "-2026", "2201")
        ),
        *({"page": page} for page in ("x", "0", "-1", "٢", "10001", "0000012", "1000001", "9" * 5000)),
        {"kind": "gifts"},
    ],
    ids=lambda query: str(query)[:30],
)
def test_a_choice_that_no_page_offers_is_not_found(carol_at_home, query):
    assert carol_at_home.get(PATH, query).status_code == 404


def test_the_choice_goes_along_to_the_next_page(carol, carol_at_home):
    for _ in range(25):
        building.purchase(carol, store="Kiruna", total="-1", days_ago=3)
    page = carol_at_home.get(PATH, {"kind": "returns"}).text
    assert 'href="?kind=returns&amp;page=2"' in page
    assert carol_at_home.get(PATH, {"kind": "returns", "page": 2}).text.count('class="purchase"') == 6
    assert carol_at_home.get(PATH, {"kind": "returns", "page": 3}).status_code == 404


def test_a_sale_is_saved_then_on_its_way_then_in_the_account_and_always_one_row(
    engage, anna, anna_at_home, till, receipt_body
):
    Store.objects.create(pk="101", name="Malmö Triangeln", is_listed=True)
    till.post("/api/v3/receipts", receipt_body("new-1"))
    seen, home = [], []
    for step in (lambda: None, lambda: deliver(seconds=5), lambda: engage.engage.advance(60)):
        step()
        forget_age()
        page = anna_at_home.get(PATH).text
        assert page.count('<dd class="number">new-1</dd>') == 1
        assert "Malmö Triangeln" in page or "In your account" in page
        seen.append(page.split('<dd class="number">new-1</dd>')[1].split("</dl>")[0])
        home.append("is usually in your account within an hour" in anna_at_home.get("/me/").text)
    assert (
        home == ["Usually in your account within an hour." in text for text in seen] == [False, True, False]
    )
    assert [
        word in text
        for word, text in zip(("Saved in store", "On its way", "In your account"), seen, strict=True)
    ] == [True] * 3


def test_a_sale_that_staff_gave_up_is_not_shown(carol, carol_at_home, till, receipt_body):
    key = {"matchKey": str(carol.pk), "matchKeyType": "contactId"}
    till.post("/api/v3/receipts", receipt_body("gone-1", contact=key))
    assert "gone-1" in carol_at_home.get(PATH).text
    Receipt.objects.update(given_up_at=clock.now())
    assert "gone-1" not in carol_at_home.get(PATH).text


def test_an_old_page_is_fetched_when_somebody_looks_and_says_so_when_it_cannot_be(engage, anna_at_home):
    history_in_engage(engage, 150)
    assert anna_at_home.get(PATH, {"page": 7}).text.count('class="purchase"') == 20
    building.engage_is_down()
    assert anna_at_home.get(PATH, {"page": 7}).text.count('class="purchase"') == 20
    away = anna_at_home.get(PATH, {"page": 8})
    assert (away.status_code, "some of this page is missing" in away.text) == (200, True)


def test_a_choice_from_a_history_that_is_not_all_here_says_so_until_a_worker_read_it(
    engage, anna, anna_at_home
):
    history_in_engage(engage, 230)
    assert "still fetching your older purchases" in anna_at_home.get(PATH, {"kind": "purchases"}).text
    assert complete_history(ANNA_ID)
    assert HistorySnapshot.objects.get().is_whole
    assert "still fetching" not in anna_at_home.get(PATH, {"kind": "purchases"}).text
    bought(engage, 1)
    forget_age()
    anna_at_home.get(PATH)
    assert HistorySnapshot.objects.get().is_whole


def test_a_long_history_is_read_by_its_indexes_alone(carol, carol_at_home):
    rows = [
        Transaction(
            contact=carol,
            engage_transaction_id=f"l-{n}",
            unique_receipt_id=f"u-{n}",
            created_date=clock.now(),
            raw="{}",
            rank=n,
            numbering=2,
        )
        for n in range(3000)
    ]
    Transaction.objects.bulk_create(rows)
    HistorySnapshot.objects.update(numbering=2, total_count=3000, newest_total=3000, kept_count=3000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for query in ({}, {"kind": "returns"}, {"year": "2024"}, {"page": 9}):
        plans = [
            plan
            for plan in plans_of(lambda query=query: carol_at_home.get(PATH, query))
            if "receipts_" in plan
        ]
        assert plans
        for plan in plans:
            assert not any(
                word in plan for word in ("SCAN receipts", "Seq Scan on receipts_t", "TEMP B-TREE FOR ORDER")
            ), plan


@pytest.mark.parametrize("kind", ["purchases", "returns"])
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL chooses by size, and these are few")
def test_a_kind_is_found_without_reading_the_other(carol_at_home, kind):
    plans = plans_of(lambda: carol_at_home.get(PATH, {"kind": kind}))
    assert any("receipts_transaction_kind (contact_id=? AND is_return=?" in plan for plan in plans), plans
