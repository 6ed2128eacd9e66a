import pytest

from engage_portal.sandbox import seeds
from tests.sandbox.payloads import item, receipt, returned

RECEIPTS = "/api/v3/receipts"
HISTORY = "/api/v3/contacts/transactions"


def _history(api, contact_id=seeds.ANNA_ID):
    items = api.get(HISTORY, params={"contactId": contact_id}).json()["items"]
    return {entry["externalId"]: entry for entry in items}


@pytest.mark.parametrize("path", [RECEIPTS, "/api/v2/receipts"])
def test_a_receipt_is_taken_in_at_once_and_imported_later(api, engage, path):
    answer = api.post(path, json=receipt("till-1"))
    assert (answer.status_code, answer.content) == (202, b"")
    assert engage.received["till-1"]["state"] == "waiting"
    assert "till-1" not in _history(api)
    engage.advance(2)
    assert list(engage.receipts) == ["till-1"]
    assert _history(api)["till-1"]["storeName"] == "Stockholm Drottninggatan"


def test_a_duplicate_is_ignored_but_counted(api, engage):
    api.post(RECEIPTS, json=receipt("till-1"))
    engage.advance(2)
    changed = receipt("till-1", items=[item(grossPaidPrice=100.0), item(grossPaidPrice=100.0)])
    assert api.post(RECEIPTS, json=changed).status_code == 202
    engage.advance(2)
    assert engage.posted("till-1") == 2
    assert len(_history(api)["till-1"]["lineItems"]) == 1


def test_receipts_keep_the_order_they_came_in(api, engage):
    for name in ("c", "a", "b", "c"):
        api.post(RECEIPTS, json=receipt(f"till-{name}"))
    engage.advance(2)
    assert [(record["uniqueReceiptId"], record["order"]) for record in engage.receipts.values()] == [
        ("till-c", 1),
        ("till-a", 2),
        ("till-b", 3),
    ]


def test_the_history_item_holds_net_sums_and_lines(api, engage):
    api.post(RECEIPTS, json=receipt("till-1", currency="NOK", exchangeRateToGroupCurrency=0.5))
    engage.advance(2)
    entry = _history(api)["till-1"]
    assert (entry["localNetPriceSum"], entry["netPriceSum"]) == (160.0, 80.0)
    assert (entry["localCurrency"], entry["groupCurrency"]) == ("NOK", "SEK")
    assert (entry["numberOfItems"], entry["storeType"]) == (2, "RETAIL")
    assert entry["lineItems"][0]["articleName"] == "Ipsum Wool Jacket"
    assert entry["createdDate"] == "2026-11-20T15:55:54+01:00"


def test_a_return_counts_negative(api, engage):
    assert api.post(RECEIPTS, json=returned("till-r")).status_code == 202
    engage.advance(2)
    assert _history(api)["till-r"]["netPriceSum"] == -160.0


def test_an_exchange_mixes_lines(api, engage):
    lines = [item(grossPaidPrice=300.0, taxAmount=60.0), item(type="RETURN", quantity=-1)]
    paid = [{"type": "card", "value": 100.0}]
    api.post(RECEIPTS, json=receipt("till-x", items=lines, totalGrossPrice=100.0, paymentMethods=paid))
    engage.advance(2)
    assert "till-x" in engage.receipts


@pytest.mark.parametrize(
    "contact",
    [
        {"matchKey": seeds.ANNA_ID.upper(), "matchKeyType": "contactId"},
        {"matchKey": "Anna@Example.com", "matchKeyType": "Email"},
        {"matchKey": seeds.ANNA_PHONE, "matchKeyType": "mobilePhone", "contactType": "Member"},
        {"matchKey": seeds.ANNA_MEMBER_NUMBER, "matchKeyType": "MemberNumber"},
    ],
)
def test_a_receipt_finds_its_contact_by_any_key(api, engage, contact):
    api.post(RECEIPTS, json=receipt("till-1", contact=contact))
    engage.advance(2)
    assert engage.receipts["till-1"]["contactId"] == seeds.ANNA_ID


@pytest.mark.parametrize(
    "contact",
    [
        {"matchKey": "nobody@example.com", "matchKeyType": "email"},
        {"matchKey": seeds.CECILIA_EMAIL, "matchKeyType": "email"},  # a Contact, and Member is what is meant
        {"matchKey": "7", "matchKeyType": "CardId"},
    ],
)
def test_an_unknown_contact_shows_only_in_the_log(api, engage, contact):
    assert api.post(RECEIPTS, json=receipt("till-1", contact=contact)).status_code == 202
    engage.advance(2)
    assert engage.receipts == {}
    assert engage.received["till-1"]["state"] == "dropped"
    assert (engage.log[-1]["level"], "no contact" in engage.log[-1]["text"]) == ("error", True)


def test_a_personal_key_counts_inside_its_type(api, engage):
    contact = {"matchKey": seeds.CECILIA_EMAIL, "matchKeyType": "email", "contactType": "Contact"}
    api.post(RECEIPTS, json=receipt("till-1", contact=contact))
    engage.advance(2)
    assert engage.receipts["till-1"]["contactId"] == seeds.CECILIA_ID


@pytest.mark.parametrize(
    "changes",
    [{"totalGrossPrice": 199.0}, {"paymentMethods": [{"type": "card", "value": 199.0}]}],
)
def test_bad_sums_show_only_in_the_log(api, engage, changes):
    assert api.post(RECEIPTS, json=receipt("till-1", **changes)).status_code == 202
    engage.advance(2)
    assert engage.receipts == {}
    assert "totalGrossPrice is" in engage.log[-1]["text"]


def test_a_dropped_receipt_may_come_again(api, engage):
    contact = {"matchKey": "erik@example.com", "matchKeyType": "email"}
    api.post(RECEIPTS, json=receipt("till-1", contact=contact))
    engage.advance(2)
    api.post("/api/v3/contacts", json={"email": "erik@example.com"})
    api.post(RECEIPTS, json=receipt("till-1", contact=contact))
    engage.advance(2)
    assert (engage.receipts["till-1"]["posted"], engage.receipts["till-1"]["order"]) == (2, 1)


def test_an_unknown_store_is_created(api, engage):
    api.post(RECEIPTS, json=receipt("till-1", storeExternalId="1O1"))
    engage.advance(2)
    assert api.get("/api/v3/stores/1O1").json()["name"] == "1O1"
    assert any("1O1" in line["text"] for line in engage.log)


def test_a_member_earns_points(api, engage):
    before = api.get("/api/v3/point-accounts", params={"contactId": seeds.ANNA_ID}).json()[0]["balance"]
    lines = [item(), item(grossPaidPrice=49.0, taxAmount=9.8, awardsBonus=False)]
    paid = [{"type": "card", "value": 249.0}]
    api.post(RECEIPTS, json=receipt("till-1", items=lines, totalGrossPrice=249.0, paymentMethods=paid))
    engage.advance(2)
    after = api.get("/api/v3/point-accounts", params={"contactId": seeds.ANNA_ID}).json()[0]["balance"]
    assert after - before == 200


def test_the_import_delay_can_be_set(api, engage):
    engage.configure(import_delay=900)
    api.post(RECEIPTS, json=receipt("till-1"))
    engage.advance(899)
    assert engage.receipts == {}
    engage.advance(1)
    assert list(engage.receipts) == ["till-1"]
