import pytest

from engage_portal.sandbox import seeds

VOUCHERS = "/api/v3/reward-vouchers"
POINTS = "/api/v3/point-transactions"
MOVEMENT = {
    "accountId": seeds.ACCOUNT_ID,
    "transactionId": "0b5e9a50-6a0d-4e1b-8c11-0f5d3c7a9b20",
    "transactionType": "Addition",
    "amount": 500,
    "description": "Survey",
    "source": "Portal",
}


def _balance(api):
    return api.get(f"/api/v3/point-accounts/{seeds.ACCOUNT_ID}").json()["balance"]


def _vouchers(api, which=""):
    page = api.get(f"{VOUCHERS}{which}", params={"contactId": seeds.ANNA_ID}).json()
    return {entry["id"] for entry in page["items"]}


def test_accounts_are_a_plain_array(api):
    accounts = api.get("/api/v3/point-accounts", params={"contactId": seeds.ANNA_ID}).json()
    assert [account["id"] for account in accounts] == [seeds.ACCOUNT_ID]
    assert accounts[0]["pendingPoints"] == 250
    assert api.get("/api/v3/point-accounts/none").status_code == 404


def test_transactions_are_paged_and_filtered(api):
    by_account = api.get(POINTS, params={"accountId": seeds.ACCOUNT_ID, "count": 5}).json()
    by_contact = api.get(POINTS, params={"contactId": seeds.ANNA_ID, "definitionId": 1, "count": 5}).json()
    assert by_account == by_contact
    assert (by_account["count"], by_account["totalCount"]) == (5, 14)
    pending = api.get(POINTS, params={"contactId": seeds.ANNA_ID, "filter": "Pending"}).json()
    active = api.get(POINTS, params={"contactId": seeds.ANNA_ID, "filter": "Active"}).json()
    assert (pending["totalCount"], active["totalCount"]) == (1, 13)


def test_the_balance_is_the_sum_of_what_is_active(api):
    active = api.get(POINTS, params={"contactId": seeds.ANNA_ID, "filter": "Active"}).json()["items"]
    assert _balance(api) == sum(point["amount"] for point in active)


def test_points_are_added_once_per_transaction_id(api):
    before = _balance(api)
    assert [api.post(POINTS, json=MOVEMENT).status_code for _ in range(2)] == [202, 202]
    assert _balance(api) == before + 500


def test_a_deduction_takes_points(api):
    before = _balance(api)
    api.post(POINTS, json={**MOVEMENT, "transactionType": "Deduction"})
    assert _balance(api) == before - 500


def test_an_incomplete_transaction_is_400(api):
    assert api.post(POINTS, json={**MOVEMENT, "source": ""}).status_code == 400
    assert api.post(POINTS, json={**MOVEMENT, "amount": "many"}).status_code == 400
    assert api.post(POINTS, json={**MOVEMENT, "transactionId": "x"}).status_code == 400


def test_three_lists_of_vouchers(api):
    assert _vouchers(api) == {seeds.VOUCHER_ID, seeds.VOUCHER_USED_ID, seeds.VOUCHER_EXPIRED_ID}
    assert _vouchers(api, "/available") == {seeds.VOUCHER_ID}
    assert _vouchers(api, "/redeemed") == {seeds.VOUCHER_USED_ID}


def test_a_voucher_is_redeemed_once(api, engage):
    url = f"{VOUCHERS}/{seeds.VOUCHER_ID}/redeem"
    assert api.post(url).status_code == 200
    assert api.post(url).json()["errorCode"] == "RewardVoucherAlreadyRedeemed"
    assert _vouchers(api, "/available") == set()
    assert [(one["kind"], one["contactId"]) for one in engage.redemptions] == [("voucher", seeds.ANNA_ID)]


def test_a_voucher_comes_back_three_times(api):
    url = f"{VOUCHERS}/{seeds.VOUCHER_ID}"
    assert api.post(f"{url}/reactivate").json()["errorCode"] == "RewardVoucherAlreadyActivated"
    for _ in range(3):
        assert api.post(f"{url}/redeem").status_code == 200
        assert api.post(f"{url}/reactivate").status_code == 200
    api.post(f"{url}/redeem")
    assert api.post(f"{url}/reactivate").json()["errorCode"] == "ReactivationLimitExceeded"


@pytest.mark.parametrize(
    ("voucher_id", "expected"),
    [
        ("x", (400, "InvalidRewardVoucherId")),
        ("00000000-0000-4000-8000-000000000000", (404, "RewardVoucherNotFound")),
        (seeds.VOUCHER_EXPIRED_ID, (409, "RewardVoucherExpired")),
    ],
)
def test_a_voucher_that_cannot_be_used_has_a_code(api, voucher_id, expected):
    answer = api.post(f"{VOUCHERS}/{voucher_id}/redeem")
    assert (answer.status_code, answer.json()["errorCode"]) == expected
