import pytest

from engage_portal.sandbox import seeds
from tests.sandbox.payloads import receipt


@pytest.fixture
def facts(api):
    return lambda: api.get("/facts").json()


def test_a_receipt_is_counted_by_posts_and_in_the_history(api, engage, facts):
    assert facts()["receipts"].get("till-1") is None
    for _ in range(3):
        api.post("/api/v3/receipts", json=receipt("till-1"))
    waiting = {"posted": 3, "ways": {"api": 3}, "state": "waiting", "inHistory": 0}
    assert facts()["receipts"]["till-1"] == waiting
    engage.advance(2)
    assert facts()["receipts"]["till-1"] == {**waiting, "state": "imported", "inHistory": 1}


def test_a_receipt_of_the_seeds_was_never_posted(facts):
    old = facts()["receipts"][f"seed-{seeds.STORE_WEB}-W-55120"]
    assert old == {"posted": 0, "ways": {}, "state": None, "inHistory": 1}


def test_contacts_are_counted_by_key(api, facts):
    before = facts()["contacts"]
    assert before["keys"]["email"][seeds.DANA_EMAIL] == 2
    api.post("/api/v3/contacts", json={"email": "Erik@Example.com"})
    after = facts()["contacts"]
    assert after["count"] == before["count"] + 1
    assert after["keys"]["email"]["erik@example.com"] == 1


def test_redemptions_are_counted(api, facts):
    assert facts()["redemptions"] == {}
    for _ in range(2):
        use = f"/api/v3/promotion-assignments/{seeds.ANNA_PERCENT_ID}/redeem"
        api.post(use, json={"redemptionChannel": "POS"})
    api.post(f"/api/v3/reward-vouchers/{seeds.VOUCHER_ID}/redeem")
    assert facts()["redemptions"] == {
        seeds.ANNA_PERCENT_ID: {"kind": "promotion", "times": 1, "ways": ["api"]},
        seeds.VOUCHER_ID: {"kind": "voucher", "times": 1, "ways": ["api"]},
    }
