import pytest

from engage_portal.sandbox import seeds

BULK = "/api/v3/contacts/bulk"


def test_a_batch_is_queued_and_applied_later(api, engage):
    rows = [{"email": "a@example.com", "firstName": "A"}, {"email": "b@example.com"}]
    answer = api.post(BULK, params={"contactType": "Contact"}, json=rows)
    assert answer.status_code == 202
    batch_id = answer.json()
    assert api.get(f"{BULK}/status", params={"batchId": batch_id}).json()["status"] == "Queued"
    assert api.get("/api/v3/contacts/id", params={"email": "a@example.com"}).status_code == 404
    engage.advance(2)
    assert api.get("/api/v3/contacts/id", params={"email": "a@example.com"}).status_code == 200
    status = api.get("/api/v2/contacts/bulk/status", params={"batchId": batch_id}).json()
    assert status == {"batchId": batch_id, "status": "Completed"}


def test_bad_rows_vanish_into_the_log(api, engage):
    rows = [
        {"email": "a@example.com"},
        {"email": seeds.ANNA_EMAIL},
        {"email": "no"},
        {"firstName": "Nobody"},
        "no contact",
    ]
    assert api.post(BULK, json=rows).status_code == 202
    before = len(engage.contacts)
    engage.advance(2)
    assert len(engage.contacts) == before + 1
    texts = [line["text"] for line in engage.log if line["level"] == "error"]
    assert [row for row in range(5) for text in texts if f"row {row}:" in text] == [1, 2, 3, 4]
    assert texts[-1].endswith("1 applied, 4 refused")


def test_an_update_finds_its_contact_by_key(api, engage):
    rows = [
        {"email": "anna@EXAMPLE.com", "city": "Newtown"},
        {"memberNumber": seeds.ANNA_MEMBER_NUMBER, "street": ""},
        {"email": "nobody@example.com", "city": "Newtown"},
        {"email": seeds.ANNA_EMAIL, "mobilePhone": "+46701740605"},
    ]
    assert api.patch(BULK, json=rows).status_code == 202
    engage.advance(2)
    anna = api.get(f"/api/v3/contacts/{seeds.ANNA_ID}").json()["attributes"]
    assert (anna["city"], anna["street"], anna["mobilePhone"]) == ("Newtown", None, seeds.ANNA_PHONE)
    assert engage.log[-1]["text"].endswith("2 applied, 2 refused")


def test_the_delay_can_be_set(api, engage):
    engage.configure(bulk_delay=0)
    api.post(BULK, json=[{"email": "a@example.com"}])
    assert api.get("/api/v3/contacts/id", params={"email": "a@example.com"}).status_code == 200


@pytest.mark.parametrize("body", [{}, [], {"email": "a@example.com"}, None])
def test_anything_but_a_filled_array_is_400(api, body):
    assert api.post(BULK, json=body).status_code == 400


def test_four_thousand_is_the_most(api):
    rows = [{"externalId": str(number)} for number in range(4001)]
    assert api.post(BULK, json=rows).status_code == 400
    assert api.post(BULK, json=rows[:4000]).status_code == 202


def test_an_unknown_type_is_400_and_an_unknown_batch_404(api):
    answer = api.post(BULK, params={"contactType": "King"}, json=[{"email": "a@example.com"}])
    assert answer.json()["errorCode"] == "InvalidContactType"
    assert api.get(f"{BULK}/status", params={"batchId": "x"}).status_code == 404


def test_avoiding_the_export_allows_only_keys_and_custom_fields(api, engage):
    query = {"avoidTriggeringExport": "true"}
    api.patch(BULK, params=query, json=[{"email": seeds.ANNA_EMAIL, "city": "Newtown"}])
    api.patch(BULK, params=query, json=[{"email": seeds.ANNA_EMAIL, "shoeSize": 41}])
    engage.advance(2)
    anna = api.get(f"/api/v3/contacts/{seeds.ANNA_ID}").json()["attributes"]
    assert (anna["city"], anna["shoeSize"]) == ("Stockholm", 41)
    assert any("avoidTriggeringExport" in line["text"] for line in engage.log)
