import pytest

from engage_portal.sandbox import seeds
from tests.sandbox.files.documents import (
    MAJA_ID,
    TRANSACTIONS,
    TRANSACTIONS_FILE,
    elements,
    example,
    transaction,
    transactions,
)
from tests.sandbox.payloads import receipt

pytestmark = pytest.mark.usefixtures("maja")


@pytest.fixture
def take(send, run):
    def now(*records):
        send(TRANSACTIONS, TRANSACTIONS_FILE, transactions(*records))
        return run()

    return now


def _history(api, contact_id=MAJA_ID):
    items = api.get("/api/v3/contacts/transactions", params={"contactId": contact_id}).json()["items"]
    return {entry["externalId"]: entry for entry in items}


def test_a_transaction_shows_in_the_history_and_brings_points(take, api):
    assert take(transaction("r-1"))["words"] == "1 taken"
    entry = _history(api)["r-1"]
    assert (entry["localNetPriceSum"], entry["storeName"]) == (80.0, "Kista")
    (account,) = api.get("/api/v3/point-accounts", params={"contactId": MAJA_ID}).json()
    assert account["balance"] == 100


def test_it_is_as_if_the_api_had_brought_it(take, api, engage):
    take(transaction("r-1"))
    by_file = engage.received["r-1"]
    body = {**by_file["body"], "uniqueReceiptId": "r-2"}
    assert api.post("/api/v3/receipts", json=body).status_code == 202
    engage.advance(2)
    shown = _history(api)
    own = {"id", "externalId"}
    assert {k: v for k, v in shown["r-1"].items() if k not in own} == {
        k: v for k, v in shown["r-2"].items() if k not in own
    }


def test_the_example_is_taken_whole(send, run, api, engage):
    send(TRANSACTIONS, TRANSACTIONS_FILE, example("transactions"))
    assert run()["words"] == "2 taken"
    body = engage.received["9001-20260412-000881"]["body"]
    assert body["items"][0]["articleName"] == 'Desk lamp "Ljus" <green>'
    assert body["items"][0]["extraData"] == [{"name": "campaign", "value": "spring"}]
    assert body["items"][0]["awardsBonus"] is True
    assert body["items"][0]["discounts"][0] == {"type": "77", "description": "Member price", "value": -50.0}
    assert body["paymentMethods"][0]["extraData"] == [{"name": "cardIssuer", "value": "Testbanken"}]
    assert body["usedBonusChecks"] == [{"checkNumber": "0000000200417"}]
    assert body["taxDetails"][0]["totalExcludingTax"] == 238.4
    back = _history(api)["9001-20260412-000902"]
    assert (back["localNetPriceSum"], back["lineItems"][0]["quantity"]) == (-68.0, -3)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"key": "+46700000999"}, "no contact has this mobilePhone"),
        ({"store": "9002"}, "store 9002 does not exist"),
        ({"currency": "kr"}, "currency: must be three capital letters (ISO 4217)"),
        ({"totalGrossPrice": "1,00"}, "totalGrossPrice: must be a number"),
        ({"totalGrossPrice": "1e2"}, "totalGrossPrice: must be a number"),
        (
            {"createdDate": "2026-04-12T09:12:44"},
            "createdDate: must be a date and time with offset (ISO 8601)",
        ),
        ({"color": "blue"}, "color: unknown field"),
        ({"items": ""}, "items: must hold at least one"),
        ({"kind": "shoeSize"}, "contact.matchKeyType: must be one of"),
        ({"totalGrossPrice": "90.00"}, "the lines give 100.0, totalGrossPrice is 90.0"),
    ],
)
def test_a_bad_transaction_is_left_out_alone(take, api, engage, fields, reason):
    outcome = take(transaction("r-1", **fields))
    assert outcome["taken"] == 0
    (line,) = outcome["lines"]
    assert line.startswith("record 1 skipped: receipt r-1: ")
    assert reason in line
    assert "r-1" not in _history(api)
    assert "r-1" not in engage.receipts
    assert engage.store.get("store", "9002") is None


def test_others_in_the_file_are_taken(take, api):
    outcome = take(transaction("r-1", key="+46700000999"), transaction("r-2"))
    assert (outcome["taken"], outcome["skipped"]) == (1, 1)
    assert set(_history(api)) == {"r-2"}


def test_a_known_receipt_is_ignored_whichever_way_it_came(take, api, engage):
    match = {"matchKey": MAJA_ID, "matchKeyType": "contactId"}
    api.post("/api/v3/receipts", json=receipt("r-api", contact=match))
    outcome = take(transaction("r-api"), transaction("r-1"), transaction("r-1"))
    assert outcome["lines"] == [
        "record 1 skipped: receipt r-api: it came before, ignored",
        "record 3 skipped: receipt r-1: it came before, ignored",
    ]
    engage.advance(2)
    take(transaction("r-1"))
    facts = api.get("/facts").json()["receipts"]
    assert facts["r-api"] == {"posted": 2, "ways": {"api": 1, "file": 1}, "state": "imported", "inHistory": 1}
    assert facts["r-1"] == {"posted": 3, "ways": {"file": 3}, "state": "imported", "inHistory": 1}


def test_a_receipt_that_was_dropped_may_come_again(take, api, engage):
    take(transaction("r-1", store="9002"))
    assert engage.received["r-1"]["state"] == "dropped"
    assert take(transaction("r-1"))["taken"] == 1
    assert set(_history(api)) == {"r-1"}


def test_the_first_match_key_type_holds_for_the_whole_file(take, api):
    """The second is looked for as a phone number, and not found, although its e-mail address is somebody's."""
    outcome = take(transaction("r-1"), transaction("r-2", key=seeds.ANNA_EMAIL, kind="email"))
    assert outcome["lines"] == [
        "record 2: matchKeyType email is read as mobilePhone, the first of this file",
        "record 2 skipped: receipt r-2: no contact has this mobilePhone",
    ]
    assert "r-2" not in _history(api, seeds.ANNA_ID)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("contactId", MAJA_ID.upper()),
        ("memberNumber", "5000113"),
        ("externalId", "WEB-700113"),
        ("MobilePhone", "+46700000113"),
    ],
)
def test_every_kind_of_key_is_matched(take, api, kind, key):
    assert take(transaction("r-1", kind=kind, key=key))["taken"] == 1
    assert set(_history(api)) == {"r-1"}


def test_a_blocked_article_is_refused_as_by_the_api(take, engage):
    refused = transaction("r-1").replace("<articleNumber>LAMP<", "<articleNumber>REFUSE<")
    assert "is blocked in this Engage" in take(refused)["lines"][0]
    engage.configure(refuse_article=False)
    assert take(refused)["taken"] == 1


def test_a_used_promotion_is_only_matched(take, engage, coupon):
    used = f"<usedPromotion>{elements(couponId=coupon)}</usedPromotion>"
    assert take(transaction("r-1", usedPromotions=used))["taken"] == 1
    assert engage.store.get("assignment", coupon)["item"]["redeemed"] is False
    assert engage.redemptions == []


def test_wrong_elements_are_named(take):
    odd = transaction("r-1").replace("<item>", "<line>").replace("</item>", "</line>")
    assert "items[0].line: unknown field" in take(odd, "<receipt/>")["lines"][0]
    assert take("<receipt/>")["lines"] == ["record 1 skipped: <receipt> is no transaction"]


def test_lines_are_counted_not_transactions(take):
    line = elements(
        type="ADJUSTMENT", quantity="1", grossPaidPrice="0", taxAmount="0", taxPercent="0",
        sku="S", articleNumber="A", articleName="N",
    )  # fmt: skip
    many = transaction("r-1", price="0").replace("</items>", f"<item>{line}</item>" * 20_000 + "</items>")
    outcome = take(many)
    assert outcome["taken"] == 1
    assert outcome["lines"] == ["20001 lines of transactions: more than 20000 are slow and may time out"]
