"""Offers on trust: what they cost, by day and store, and the rules that staff write."""

import re
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from engage_portal.outbox.states import State
from promotions.models import TrustedUse, TrustRule
from promotions.selectors.trust import today
from promotions.selectors.trusted import trusted_days
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db
PAGE, NEW = "/staff/trust/", "/staff/trust/rules/new/"
EMPTY = {"store": "", "kinds": ["PERCENT", "MONEY"]}


@pytest.fixture
def tess_at_work(db):
    return signed_in(building.staff("tess", "view_item", "change_trustrule"))


def words(page) -> str:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r" ([.,:])", r"\1", text)


def given(
    store="101", *, days_ago=0, money=None, currency="SEK", outcome="waiting", complaint="", **more
) -> None:
    use = TrustedUse.objects.create(
        redemption_id=uuid4(),
        store=store,
        day=today() - timedelta(days=days_ago),
        kind="MONEY" if money else "PERCENT",
        money=money,
        currency=currency if money else "",
        outcome=outcome,
        **more,
    )
    if complaint:
        building.item(
            kind="promotion.redeem",
            subject_id=use.redemption_id,
            state=State.ATTENTION,
            reason_code=complaint,
        )


@pytest.fixture
def an_outage(db) -> None:
    """Yesterday in two stores."""
    given(days_ago=1, money=100, outcome="confirmed")
    given(days_ago=1, money=50, complaint="PromotionAlreadyRedeemed")
    given(days_ago=1, money=7, currency="EUR", outcome="refused")
    given(days_ago=1, outcome="refused")
    given(days_ago=1, money=20, complaint="Exhausted")
    given("102", days_ago=1, is_beyond=True)
    given("102", days_ago=40, money=1)


def test_each_day_of_a_store_is_counted_by_what_engage_said(an_outage, django_assert_num_queries):
    with django_assert_num_queries(1):
        one, two = trusted_days(first=today() - timedelta(days=30), last=today())
    assert (one.store, one.given, one.confirmed, one.refused, one.waiting) == ("101", 5, 1, 3, 1)
    assert one.moneys == {"SEK": Decimal(170), "EUR": Decimal(7)}
    assert one.refused_moneys == {"SEK": Decimal(50), "EUR": Decimal(7)}
    assert (one.without_value, one.refused_without_value) == (1, 1)
    assert (two.store, two.given, two.waiting, two.beyond) == ("102", 1, 1, 1)


def test_the_page_says_what_it_cost(an_outage, vera_at_work):
    page = words(vera_at_work.get(PAGE))
    for said in (
        "6 given, 7 €, 170 kr",
        "3 then refused, 7 €, 50 kr",
        "1 beyond the rule",
        "3 refused 7 €, 50 kr",
    ):
        assert said in page, page
    assert "There is no rule." in page
    assert "Write a rule" not in page


@pytest.mark.parametrize(
    ("query", "stores"),
    [({"days": "92"}, 3), ({"days": "7", "store": " 102 "}, 1), ({"store": "109"}, 0), ({"days": "9999"}, 0)],
)
def test_the_period_and_the_store_can_be_chosen(an_outage, vera_at_work, query, stores):
    assert vera_at_work.get(PAGE, query).text.count('class="row-title"') == stores


def test_a_rule_is_written_changed_and_taken_away(tess_at_work):
    form = {**EMPTY, "store": " 101 ", "most_money": "200", "currency": "sek", "uses_a_day": "30"}
    page = words(tess_at_work.post(NEW, form, follow=True))
    for said in (
        "Store 101",
        "Per cent off, Money off",
        "At most 200 kr each",
        "At most 30 offers a day in a store",
        "tess wrote it at",
    ):
        assert said in page
    (rule,) = TrustRule.objects.all()
    path = f"/staff/trust/rules/{rule.pk}/"
    assert 'value="200.00"' in tess_at_work.get(path).text
    page = words(tess_at_work.post(path, {"store": "101", "oldest_hours": "1"}, follow=True))
    assert "No offer at all: everything waits until Engage answers" in page
    assert "From a copy of at most 1 hour" in page
    assert "The rule is gone." in words(tess_at_work.post(f"{path}delete/", follow=True))
    assert not TrustRule.objects.exists()


@pytest.mark.parametrize(
    ("form", "field", "error"),
    [
        ({"most_money": "5"}, "currency", "needs a currency"),
        ({"money_a_day": "5", "currency": "kr"}, "currency", "three letters"),
        ({"most_percent": "-1"}, "most_percent", "0 or more"),
        ({"uses_a_day": "-1"}, "uses_a_day", "greater than or equal to 0"),
        ({"uses_a_day": "many"}, "uses_a_day", "whole number"),
        ({"store": "102"}, "store", "has a rule already"),
    ],
)
def test_what_will_not_do_is_told_at_its_field(tess_at_work, form, field, error):
    TrustRule.objects.create(store="102")
    page = tess_at_work.post(NEW, {**EMPTY, **form})
    assert re.search(rf'id="id_{field}_error">[^<]*{error}', page.text), page.text
    assert TrustRule.objects.count() == 1


def test_a_kind_that_there_is_not_is_refused(tess_at_work):
    assert "Select a valid choice" in tess_at_work.post(NEW, {"kinds": ["FREE"]}).text
    assert not TrustRule.objects.exists()


def test_only_who_may_write_rules_does(vera_at_work, tess_at_work):
    rule = TrustRule.objects.create()
    for path in (NEW, f"/staff/trust/rules/{rule.pk}/", f"/staff/trust/rules/{rule.pk}/delete/"):
        assert vera_at_work.post(path, EMPTY).status_code == 403
    assert tess_at_work.get(f"/staff/trust/rules/{rule.pk}/delete/").status_code == 405
    assert signed_in(building.staff("nils")).get(PAGE).status_code == 403
    assert list(TrustRule.objects.all()) == [rule]
