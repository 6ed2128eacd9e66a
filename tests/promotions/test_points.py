"""`GET /api/v3/point-accounts` and `/point-transactions`: balances and movements, with their age."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from engage_portal.sandbox import loyalty, seeds
from promotions.models import PointAccount, PointSnapshot, PointTransaction
from promotions.services import point_copy
from tests.api.talking import ACCOUNTS, CONTACTS, POINTS, UNKNOWN, bring_up, code_of, take_down

pytestmark = pytest.mark.django_db
ANNAS = {"contactId": seeds.ANNA_ID}
HERS = {"accountId": seeds.ACCOUNT_ID}
ONE = f"{ACCOUNTS}/{seeds.ACCOUNT_ID}"


def know_the_points(till) -> None:
    assert till.get(ACCOUNTS, ANNAS).status_code == 200
    assert till.get(POINTS, HERS).status_code == 200


def make_old() -> None:
    long_ago = clock.now() - timedelta(hours=2)
    PointSnapshot.objects.update(fetched_at=long_ago)
    PointAccount.objects.update(history_fetched_at=long_ago)


def book(engage, amount: int, *, number: int, **more) -> None:
    with engage.engage.lock:
        movement = {
            "id": f"00000000-0000-4000-8000-{number:012d}",
            "amount": amount,
            "transactionType": "Addition",
            "description": f"Movement {number}",
            "source": "Test",
            **more,
        }
        holder = engage.engage.store.get("account", seeds.ACCOUNT_ID)
        loyalty.book(engage.engage, holder, movement)
        engage.engage.store.commit()


class TestAccounts:
    def test_they_are_a_plain_array_as_engage_has_them(self, engage, till):
        (account,) = till.get(ACCOUNTS, ANNAS).json()
        assert account == engage.engage.store.get("account", seeds.ACCOUNT_ID)

    def test_one_of_a_contact_that_was_listed_comes_from_the_copy(self, wire, till):
        know_the_points(till)
        before = len(wire.sent)
        answer = till.get(ONE)
        assert answer.json()["id"] == seeds.ACCOUNT_ID
        assert answer.headers["X-Engage-Freshness"] == "cached"
        assert len(wire.sent) == before

    def test_one_that_was_never_listed_is_asked_for_and_not_kept(self, wire, till):
        answer = till.get(ONE)
        assert (answer.status_code, answer.json()["contactId"]) == (200, seeds.ANNA_ID)
        assert [sent.path for sent in wire.of("GET", ACCOUNTS)] == [ONE]
        assert not PointAccount.objects.exists()

    def test_one_that_there_is_not(self, engage, till):
        answer = till.get(f"{ACCOUNTS}/{UNKNOWN}")
        assert (answer.status_code, code_of(answer)) == (404, "PointAccountNotFound")

    @pytest.mark.parametrize("wrong", ["a b", "%00", "x" * 61, "a.b"])
    def test_no_id(self, engage, till, wrong):
        answer = till.get(f"{ACCOUNTS}/{wrong}")
        assert (answer.status_code, code_of(answer)) == (400, "InvalidPointAccountId")
        assert not engage.engage.requests

    def test_the_age_is_told_and_a_new_balance_comes_with_the_next_list(self, engage, till):
        know_the_points(till)
        book(engage, 40, number=1)
        assert till.get(ACCOUNTS, ANNAS).headers["X-Engage-Freshness"] == "cached"
        before = till.get(ACCOUNTS, ANNAS).json()[0]["balance"]
        take_down(engage)
        make_old()
        stale = till.get(ACCOUNTS, ANNAS)
        assert (stale.headers["X-Engage-Freshness"], stale.json()[0]["balance"]) == ("stale", before)
        assert 7200 <= int(stale.headers["Age"]) < 7260
        bring_up(engage)
        assert till.get(ACCOUNTS, ANNAS).json()[0]["balance"] == before + 40

    def test_an_account_that_is_gone_goes_with_its_movements(self, engage, till):
        know_the_points(till)
        with engage.engage.lock:
            engage.engage.store.remove("account", seeds.ACCOUNT_ID)
            engage.engage.store.commit()
        make_old()
        assert till.get(ACCOUNTS, ANNAS).json() == []
        assert not PointTransaction.objects.exists()


class TestMovements:
    def test_they_are_engages_newest_first(self, engage, till):
        know_the_points(till)
        body = till.get(POINTS, HERS).json()
        theirs = engage.engage.store.find("point", "account", seeds.ACCOUNT_ID)
        assert body["totalCount"] == body["count"] == len(theirs)
        assert {each["id"]: each for each in body["items"]} == {each["id"]: each for each in theirs}
        dates = [each["transactionDate"] for each in body["items"]]
        assert dates == sorted(dates, reverse=True)

    def test_by_contact_and_definition_they_are_the_same(self, engage, till):
        by_account = till.get(POINTS, HERS).json()
        assert till.get(POINTS, {**ANNAS, "definitionId": "1"}).json() == by_account

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ({}, 400, "InvalidSearchQuery"),
            (ANNAS, 400, "InvalidSearchQuery"),
            ({"definitionId": "1"}, 400, "InvalidContactId"),
            ({**ANNAS, "definitionId": "99"}, 404, "PointAccountNotFound"),
            ({"accountId": UNKNOWN}, 404, "PointAccountNotFound"),
            ({**HERS, "filter": "Spent"}, 400, "InvalidSearchQuery"),
        ],
    )
    def test_what_cannot_be_answered_is_refused(self, engage, till, query, status, code):
        answer = till.get(POINTS, query)
        assert (answer.status_code, code_of(answer)) == (status, code)

    @pytest.mark.parametrize("is_known", [True, False])
    @pytest.mark.parametrize("wanted", ["Active", "Pending", "pending"])
    def test_a_filter_gives_the_same_from_the_copy_as_from_engage(self, engage, till, is_known, wanted):
        know_the_points(till) if is_known else None
        found = till.get(POINTS, {**HERS, "filter": wanted}).json()
        everything = till.get(POINTS, HERS).json()["items"]
        pending = {each["id"] for each in everything if "valid from next month" in each["description"]}
        assert len(pending) == 1
        wants = pending if wanted.lower() == "pending" else {each["id"] for each in everything} - pending
        assert {each["id"] for each in found["items"]} == wants
        assert found["totalCount"] == len(wants)

    def test_the_age_is_told_live_cached_and_stale(self, engage, till):
        till.get(ACCOUNTS, ANNAS)
        assert till.get(POINTS, HERS).headers["X-Engage-Freshness"] == "live"
        assert till.get(POINTS, HERS).headers["X-Engage-Freshness"] == "cached"
        take_down(engage)
        make_old()
        answer = till.get(POINTS, {**HERS, "offset": 2, "count": 3})
        assert (answer.headers["X-Engage-Freshness"], answer.json()["count"]) == ("stale", 3)

    def test_beyond_what_is_kept_engage_is_asked_and_away_it_is_503(self, wire, till, monkeypatch):
        monkeypatch.setattr(point_copy, "HISTORY_COUNT", 5)
        know_the_points(till)
        kept = till.get(POINTS, {**HERS, "count": 5}).json()
        assert kept["totalCount"] > 5
        beyond = till.get(POINTS, {**HERS, "offset": 4, "count": 5})
        assert (beyond.headers["X-Engage-Freshness"], beyond.json()["count"]) == ("live", 5)
        assert "offset=4&count=5" in wire.of("GET", POINTS)[-1].query
        take_down(wire)
        assert till.get(POINTS, {**HERS, "count": 5}).status_code == 200
        for query in ({"offset": 4, "count": 5}, {"filter": "Active"}):
            answer = till.get(POINTS, {**HERS, **query})
            assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")

    def test_a_page_of_engages_that_was_shorter_than_asked_for_is_not_taken_for_all(self, wire, till):
        know_the_points(till)
        newest = PointTransaction.objects.order_by("-transaction_date").values_list("pk", flat=True)
        PointTransaction.objects.exclude(pk__in=list(newest[:4])).delete()
        assert till.get(POINTS, {**HERS, "count": 4}).headers["X-Engage-Freshness"] == "cached"
        answer = till.get(POINTS, HERS)
        assert (answer.headers["X-Engage-Freshness"], answer.json()["count"] > 4) == ("live", True)

    def test_a_movement_that_engage_took_away_leaves_the_copy(self, engage, till):
        know_the_points(till)
        book(engage, 5, number=7)
        make_old()
        assert till.get(POINTS, HERS).json()["items"][0]["description"] == "Movement 7"
        with engage.engage.lock:
            engage.engage.store.remove("point", "00000000-0000-4000-8000-000000000007")
            engage.engage.store.commit()
        make_old()
        assert till.get(POINTS, HERS).json()["items"][0]["description"] != "Movement 7"


@pytest.mark.parametrize(
    "address", [f"{ACCOUNTS}?contactId={seeds.ANNA_ID}", ONE, f"{POINTS}?accountId={seeds.ACCOUNT_ID}"]
)
def test_down_and_never_fetched_is_503_with_the_notice(engage, till, address):
    till.get(f"{CONTACTS}/{seeds.ANNA_ID}")
    take_down(engage)
    answer = till.get(address)
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")
    assert "proceed with your purchase" in answer.json()["messageDetails"]["notice"]
