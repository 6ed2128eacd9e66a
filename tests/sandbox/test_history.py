import pytest

from engage_portal.sandbox import seeds

HISTORY = "/api/v3/contacts/transactions"


def test_anna_has_a_year_of_purchases_and_two_returns(api):
    page = api.get(HISTORY, params={"contactId": seeds.ANNA_ID}).json()
    returns = [entry for entry in page["items"] if entry["netPriceSum"] < 0]
    assert (page["totalCount"], page["offset"], page["count"], len(returns)) == (11, 0, 11, 2)
    assert {entry["storeName"] for entry in page["items"]} == {"Stockholm Drottninggatan", "Web shop"}
    assert all(entry["lineItems"] and entry["externalId"] for entry in page["items"])
    dates = [entry["createdDate"] for entry in page["items"]]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize(
    "url", [f"{HISTORY}?contactId={seeds.ANNA_ID}", f"/api/v2/contacts/{seeds.ANNA_ID}/transactions"]
)
def test_it_is_paged(api, url):
    first = api.get(url, params={"contactId": seeds.ANNA_ID, "offset": 0, "count": 4}).json()
    last = api.get(url, params={"contactId": seeds.ANNA_ID, "offset": 8, "count": 4}).json()
    beyond = api.get(url, params={"contactId": seeds.ANNA_ID, "offset": 99}).json()
    assert (first["count"], last["count"], beyond["count"]) == (4, 3, 0)
    assert {page["totalCount"] for page in (first, last, beyond)} == {11}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"contactId": "x"}, 400),
        ({"contactId": "00000000-0000-4000-8000-000000000000"}, 404),
        ({"contactId": seeds.ANNA_ID, "offset": "-1"}, 400),
        ({"contactId": seeds.ANNA_ID, "count": "0"}, 400),
    ],
)
def test_a_wrong_question_is_refused(api, query, status):
    assert api.get(HISTORY, params=query).status_code == status
