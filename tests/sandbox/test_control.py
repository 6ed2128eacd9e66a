import pytest

from engage_portal.sandbox import seeds
from tests.sandbox.payloads import receipt

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_health_needs_no_key(api):
    answer = api.get("/healthz", headers={"apikey": ""})
    assert answer.json() == {"status": "ok"}


def test_faults_are_set_read_and_cleared_as_json(api):
    wanted = {"mode": "500", "endpoint": "POST /api/v3/receipts", "probability": 0.5, "times": 3}
    shown = api.post("/faults", json=wanted).json()
    assert shown["mode"] == "500"
    assert wanted.items() <= shown["faults"][0].items()
    assert api.get("/faults").json() == shown
    assert api.delete("/faults").json() == {"mode": "up", "faults": []}


def test_mode_up_clears_too(api):
    api.post("/faults", json={"mode": "down"})
    assert api.post("/faults", json={"mode": "up"}).json()["mode"] == "up"


def test_names_of_placeholders_do_not_matter(api):
    wanted = {"mode": "500", "endpoint": "get /api/v3/contacts/{id}"}
    shown = api.post("/faults", json=wanted).json()
    assert shown["faults"][0]["endpoint"] == "GET /api/v3/contacts/{contactId}"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"mode": "broken"},
        {"mode": "500", "endpoint": "GET /nowhere"},
        {"mode": "500", "probability": "often"},
        {"mode": "500", "times": -1},
    ],
)
def test_a_wrong_fault_is_400_with_a_reason(api, engage, body):
    answer = api.post("/faults", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert engage.faults.active == ()


def test_a_form_leads_back_to_the_page(api, engage):
    data = {
        "mode": "slow",
        "endpoint": "*",
        "probability": "1",
        "times": "",
        "delay_ms": "250",
        "retry_after": "",
    }
    answer = api.post("/faults", data=data, headers=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (engage.faults.active[0].mode, engage.faults.active[0].delay_ms) == ("slow", 250)


def test_a_wrong_form_says_why_on_the_page(api):
    answer = api.post("/faults", data={"mode": "500", "times": "0"}, headers=FORM)
    assert answer.status_code == 400
    assert 'role="alert">times must be at least 1' in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example.com"},
        {"Origin": "null"},
        {"Origin": "http://engage.example.com:81"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_sites_page_cannot_break_engage(api, engage, headers):
    for method, path in (("POST", "/faults"), ("DELETE", "/faults"), ("POST", "/reset")):
        assert api.request(method, path, json={"mode": "down"}, headers=headers).status_code == 403
    assert engage.faults.active == ()


def test_our_own_page_can(api, engage):
    headers = {**FORM, "Origin": "http://engage.example.com", "Sec-Fetch-Site": "same-origin"}
    assert api.post("/faults", data={"mode": "down"}, headers=headers).status_code == 303
    assert engage.faults.mode == "down"


def test_the_page_lets_browsers_send_their_origin(api):
    """With `no-referrer` a browser sends our own forms with `Origin: null`, and they would be refused."""
    assert api.get("/").headers["referrer-policy"] == "same-origin"


def test_the_state_is_a_summary(api, engage):
    api.post("/api/v3/receipts", json=receipt("till-1"))
    api.post("/api/v3/receipts", json=receipt("till-1"))
    api.post("/api/v3/contacts", json={"email": "erik@example.com", "externalId": "P-1"})
    engage.faults.set("slow")
    state = api.get("/state").json()
    assert (state["mode"], state["faults"][0]["endpoint"]) == ("slow", "*")
    assert state["counts"]["receipts_waiting"] == 1
    shown = state["receipts"][0]
    assert (shown["uniqueReceiptId"], shown["posted"], shown["imported"], shown["order"]) == (
        "till-1",
        2,
        False,
        1,
    )
    assert state["contacts"][-1]["externalId"] == "P-1"
    assert state["contacts"][-1]["keys"]["email"] == "erik@example.com"
    assert state["redemptions"] == []


def test_the_clock_can_be_moved_on(api, engage):
    api.post("/api/v3/receipts", json=receipt("till-1"))
    assert api.post("/advance", json={"seconds": 2}).status_code == 200
    assert list(engage.receipts) == ["till-1"]
    assert api.post("/advance", json={"seconds": -1}).status_code == 400
    assert api.post("/advance", json={}).status_code == 400


def test_a_reset_brings_the_beginning_back(api, engage):
    api.delete(f"/api/v3/contacts/{seeds.ANNA_ID}")
    api.post("/api/v3/receipts", json=receipt("till-1"))
    api.post("/settings", json={"import_delay": 900})
    engage.faults.set("down", endpoint="POST /api/v3/receipts")
    engage.advance(10_000)
    assert api.post("/reset").status_code == 200
    assert set(engage.contacts) == {
        *(seeds.ANNA_ID, seeds.BENGT_ID, seeds.CECILIA_ID, seeds.DANA_MEMBER_ID, seeds.DANA_CONTACT_ID)
    }
    assert (engage.received, engage.log, list(engage.requests)) == ({}, [], [])
    assert (engage.faults.mode, engage.settings.import_delay) == ("up", 2.0)
    assert (
        len(api.get("/api/v3/contacts/transactions", params={"contactId": seeds.ANNA_ID}).json()["items"])
        == 11
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"import_delay": 0.5, "custom_keys": ["externalId"], "being_created": True}, 200),
        ({"import_delay": -1}, 400),
        ({"refuse_article": "perhaps"}, 400),
        ({"colour": "red"}, 400),
    ],
)
def test_settings_are_checked(api, body, status):
    answer = api.post("/settings", json=body)
    assert answer.status_code == status
    if status == 200:
        assert body.items() <= answer.json().items()


def test_nothing_else_is_served(api):
    assert api.get("/etc/passwd").status_code == 404
    assert api.post("/").status_code == 404
