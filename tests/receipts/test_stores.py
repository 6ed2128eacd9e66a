"""A sale names a store that Engage has: Engage would make up another one from a typo. No sale is lost over it."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from engage_portal.core import clock
from engage_portal.outbox import control
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import stores as engages_stores
from receipts.models import Receipt, Store, StoreList
from receipts.tasks import read_stores
from tests.api.talking import RECEIPTS, STORES, bring_up, code_of, deliver_all, items, take_down
from tests.conftest import client_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(api_key):
    """A shop whose key is bound to no store."""
    return client_with(api_key(name="shop", store=""))


@pytest.fixture
def listed(engage) -> None:
    """The portal has read Engage's list, an hour ago."""
    assert read_stores()
    grown_old()


def grown_old() -> None:
    StoreList.objects.update(fetched_at=clock.now() - timedelta(hours=1))


def asked(wire) -> int:
    return len(wire.of("GET", STORES))


def opened(engage, external_id: str = "103") -> None:
    engages_stores.put(engage.engage, {"name": "Lund", "externalId": external_id, "type": "RETAIL"})


def sold_in(client, receipt_body, store: str, unique: str = "S-1", **headers):
    return client.post(RECEIPTS, receipt_body(unique, storeExternalId=store), **headers)


def test_a_sale_in_a_store_that_engage_has_asks_nobody(wire, listed, shop, receipt_body):
    before = asked(wire)
    answer = sold_in(shop, receipt_body, "900")
    assert (answer.status_code, answer.content) == (202, b"")
    assert asked(wire) == before


def test_a_typo_is_refused_by_its_field_after_engage_was_asked_once_more(wire, listed, shop, receipt_body):
    before = asked(wire)
    for number in range(3):
        answer = sold_in(shop, receipt_body, "1O1", f"S-{number}")
        assert (answer.status_code, code_of(answer)) == (422, "ValidationError")
        assert answer.json()["validationErrors"] == [
            {
                "field": "storeExternalId",
                "errorDescription": "storeExternalId: Engage has no store with this id: correct it, or add it there.",
            }
        ]
        assert answer.headers["Retry-After"]
    assert asked(wire) == before + 1
    assert not Receipt.objects.exists()
    assert not items()


def test_a_store_that_opened_since_the_list_was_read_sells_at_once(engage, listed, shop, receipt_body):
    opened(engage)
    answer = sold_in(shop, receipt_body, "103")
    assert (answer.status_code, answer.content) == (202, b"")
    deliver_all()
    assert engage.engage.posted("S-1") == 1


def test_a_closed_store_may_still_send_its_last_sales(engage, shop, receipt_body):
    engages_stores.put(engage.engage, {"name": "Old", "externalId": "050", "active": False})
    read_stores()
    assert sold_in(shop, receipt_body, "050").status_code == 202


def test_it_is_told_together_with_every_other_mistake(listed, shop, receipt_body):
    answer = shop.post(RECEIPTS, receipt_body("S-1", storeExternalId="1O1", totalGrossPrice=1))
    fields = [each["field"] for each in answer.json()["validationErrors"]]
    assert fields == ["storeExternalId", "totalGrossPrice", "paymentMethods"]
    assert "Retry-After" not in answer.headers


def test_a_refusal_for_a_store_is_not_kept_under_its_key(engage, listed, shop, receipt_body):
    assert sold_in(shop, receipt_body, "103", HTTP_IDEMPOTENCY_KEY="k").status_code == 422
    opened(engage)
    grown_old()
    cache.clear()
    assert sold_in(shop, receipt_body, "103", HTTP_IDEMPOTENCY_KEY="k").status_code == 202


def test_a_receipt_that_was_taken_keeps_its_answer_though_its_store_is_gone(
    engage, listed, shop, receipt_body
):
    assert sold_in(shop, receipt_body, "102").status_code == 202
    Store.objects.filter(pk="102").update(is_listed=False)
    StoreList.objects.update(fetched_at=clock.now())
    assert sold_in(shop, receipt_body, "102").status_code == 202
    assert sold_in(shop, receipt_body, "102", "S-2").status_code == 422
    assert len(items()) == 1


@pytest.mark.parametrize("nothing", ["never read", "empty"])
def test_without_a_list_no_sale_is_refused(wire, engage, shop, receipt_body, nothing):
    if nothing == "empty":
        for external_id in list(engage.engage.store.all("store")):
            engage.engage.store.remove("store", external_id)
        assert read_stores()
        grown_old()
    answer = sold_in(shop, receipt_body, "1O1")
    assert (answer.status_code, answer.content) == (202, b"")
    deliver_all()
    assert engage.engage.posted("S-1") == 1


@pytest.mark.parametrize("fault", ["down", "500", "422", "429"])
def test_while_engage_cannot_be_asked_the_sale_is_kept_with_a_warning(
    engage, listed, shop, receipt_body, fault
):
    engage.engage.faults.set(fault, endpoint=f"GET {STORES}")
    answer = sold_in(shop, receipt_body, "1O1")
    assert answer.status_code == 202
    assert [each["field"] for each in answer.json()["warnings"]] == ["storeExternalId"]
    assert [item.state for item in items()] == [State.PENDING]


def test_such_a_sale_is_looked_at_again_before_engage_makes_up_a_store(
    engage, wire, listed, shop, receipt_body
):
    take_down(engage)
    sold_in(shop, receipt_body, "102", "S-known")
    sold_in(shop, receipt_body, "1O1", "S-typo")
    sold_in(shop, receipt_body, "103", "S-new")
    opened(engage)
    bring_up(engage)
    states = {item.reference: (item.state, item.reason_code) for item in items()}
    assert states["S-known"][0] == State.ACCEPTED
    assert states["S-typo"] == (State.PENDING, "NotReady")
    assert read_stores(), "it is due at once, because something waits for it"
    deliver_all()
    states = {item.reference: (item.state, item.reason_code) for item in items()}
    assert states["S-new"][0] == State.ACCEPTED
    assert states["S-typo"] == (State.ATTENTION, "UnknownStore")
    assert "storeExternalId: Engage has no store 1O1" in Item.objects.get(reference="S-typo").reason
    assert engage.engage.posted("S-typo") == 0
    assert not read_stores()


def test_sent_again_once_the_store_is_there_it_goes(engage, wire, listed, shop, receipt_body):
    take_down(engage)
    sold_in(shop, receipt_body, "103")
    bring_up(engage)
    read_stores()
    deliver_all()
    (item,) = items()
    assert item.reason_code == "UnknownStore"
    opened(engage)
    control.retry(items=Item.objects.all(), by="sam")
    deliver_all()
    read_stores()
    deliver_all()
    assert [each.state for each in items()] == [State.ACCEPTED]
    assert engage.engage.posted("S-1") == 1


@pytest.mark.parametrize(("mode", "warned"), [("warn", True), ("ignore", False)])
def test_a_tenant_may_let_engage_make_stores_up(engage, listed, shop, receipt_body, settings, mode, warned):
    settings.RECEIPT_STORES = mode
    answer = sold_in(shop, receipt_body, "1O1")
    assert answer.status_code == 202
    assert bool(answer.content) is warned
    deliver_all()
    assert engage.engage.posted("S-1") == 1


def test_the_list_is_read_again_after_an_hour_and_not_before(wire, listed):
    StoreList.objects.update(fetched_at=clock.now() - timedelta(minutes=59))
    assert not read_stores()
    StoreList.objects.update(fetched_at=clock.now() - timedelta(minutes=61))
    assert read_stores()
    assert asked(wire) == 2


def test_engages_list_is_shown_in_its_own_words_with_its_age(engage, till):
    engages_stores.put(engage.engage, {"name": "Old", "externalId": "050", "active": False})
    live = till.get(STORES)
    assert (live.status_code, live.headers["X-Engage-Freshness"], live.headers["Age"]) == (200, "live", "0")
    assert [store["externalId"] for store in live.json()] == ["101", "102", "900"]
    assert live.json()[0]["name"] == "Stockholm Drottninggatan"
    assert live.json()[0]["headerHtml"] is None
    cached = till.get(f"{STORES}?includeInactive=true")
    assert cached.headers["X-Engage-Freshness"] == "cached"
    assert [store["externalId"] for store in cached.json()] == ["101", "102", "900", "050"]
    take_down(engage)
    grown_old()
    stale = till.get(STORES)
    assert (stale.json(), stale.headers["X-Engage-Freshness"]) == (live.json(), "stale")
    assert int(stale.headers["Age"]) >= 3600


def test_without_a_copy_and_without_engage_it_is_503(engage, till):
    take_down(engage)
    answer = till.get(STORES)
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")


def test_a_senseless_question_is_named(engage, till):
    answer = till.get(f"{STORES}?includeInactive=perhaps")
    assert answer.status_code == 400
    assert "includeInactive must be true or false" in answer.json()["message"]


def test_what_engage_lists_no_more_keeps_what_staff_wrote(engage):
    read_stores()
    Store.objects.filter(pk="102").update(prefix="102-")
    engage.engage.store.remove("store", "102")
    grown_old()
    StoreList.objects.update(wanted_at=clock.now())
    read_stores()
    gone = Store.objects.get(pk="102")
    assert (gone.is_listed, gone.prefix) == (False, "102-")
