"""Two tills with overlapping numbers lose sales silently in Engage; here the second hears of it, and staff too."""

import pytest

from engage_portal.sandbox import seeds
from receipts.models import Clash, Receipt
from tests.api.talking import RECEIPTS, deliver_all, items
from tests.conftest import client_with
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/staff/clashes/"


@pytest.fixture
def clash(engage, till, api_key, receipt_body) -> Clash:
    """Store 102 numbers its first sale as store 101 did, and tries three times."""
    ours = receipt_body("1-1", createdDate="2026-11-21T10:14:00+01:00")
    assert till.post(RECEIPTS, ours).status_code == 202
    other = client_with(api_key(name="till-102-1", store="102"))
    theirs = receipt_body("1-1", storeExternalId="102", createdDate="2026-11-21T11:30:00+01:00")
    answers = {other.post(RECEIPTS, theirs).status_code for _ in range(3)}
    assert answers == {409}
    return Clash.objects.get()


def test_the_second_till_hears_of_both_stores_and_times(clash, api_key, receipt_body):
    third = client_with(api_key(name="till-103-1", store="103"))
    body = receipt_body("1-1", storeExternalId="103", createdDate="2026-11-21T13:00:00+01:00")
    message = third.post(RECEIPTS, body).json()["message"]
    for part in ("store 101, sold 2026-11-21 at 10:14", "store 103, sold 2026-11-21 at 13:00"):
        assert part in message
    assert Clash.objects.count() == 2


def test_it_is_listed_once_however_often_the_till_tries_and_the_first_sale_goes_on(clash, engage):
    assert (clash.store, clash.api_key_name, clash.times) == ("102", "till-102-1", 3)
    assert clash.receipt.store == "101"
    deliver_all()
    assert engage.engage.posted("1-1") == 1
    assert Receipt.objects.count() == 1
    assert len(items()) == 1


def test_the_same_sale_sent_again_is_no_clash(engage, till, receipt_body):
    for _ in range(3):
        assert till.post(RECEIPTS, receipt_body("1-1")).status_code == 202
    assert not Clash.objects.exists()


def test_staff_see_it_on_the_dashboard_until_somebody_dealt_with_it(clash):
    boss = signed_in(building.staff("boss", "view_item", "settle_clash"))
    assert "1 sale came under a number" in boss.get("/staff/").content.decode()
    page = boss.get(PAGE).content.decode()
    assert "Store 101, sold" in page
    assert "sent by till-102-1, 3 times" in page
    assert "Marked as dealt with." in boss.post(f"{PAGE}{clash.pk}/settle/", follow=True).content.decode()
    assert (
        "Somebody has dealt with it already."
        in boss.post(f"{PAGE}{clash.pk}/settle/", follow=True).content.decode()
    )
    assert "came under a number" not in boss.get("/staff/").content.decode()
    assert "boss dealt with it at" in boss.get(PAGE).content.decode()
    clash.refresh_from_db()
    assert clash.seen_by == "boss"


def test_staff_read_which_refused_sale_is_only_another_version_of_the_kept_one(clash, till, receipt_body):
    boss = signed_in(building.staff("boss", "view_item"))
    assert "It looks like the same sale" not in boss.get(PAGE).text
    again = receipt_body("1-1", createdDate="2026-11-21T10:14:00+01:00", article="B")
    assert till.post(RECEIPTS, again).status_code == 409
    assert boss.get(PAGE).text.count("It looks like the same sale") == 1


def test_without_any_the_page_says_that_all_is_well(db):
    vera = signed_in(building.staff("vera", "view_item"))
    assert "Every sale has a number of its own." in vera.get(PAGE).content.decode()


def test_only_who_may_can_settle_it(clash):
    vera = signed_in(building.staff("vera", "view_item"))
    assert "It is dealt with" not in vera.get(PAGE).content.decode()
    assert vera.post(f"{PAGE}{clash.pk}/settle/").status_code == 403
    clash.refresh_from_db()
    assert clash.seen_at is None


def test_nothing_personal_is_in_it(clash):
    assert seeds.ANNA_ID not in str(Clash.objects.values_list())
