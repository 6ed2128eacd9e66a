"""The sandbox tells changes of contacts as Svix would, and checks nothing of it with its own code."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from standardwebhooks import Webhook

from engage_portal.sandbox import seeds
from engage_portal.sandbox import webhooks as module
from engage_portal.sandbox.app import create_app
from tests.flows.running import until

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four b").decode()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Receiver:
    """Somebody who takes webhooks, and answers what it is told to."""

    def __init__(self) -> None:
        self.events: list[dict] = []
        self.ids: list[str] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                names = {f"webhook-{n}": self.headers[f"svix-{n}"] for n in ("id", "timestamp", "signature")}
                receiver.events.append(Webhook(SECRET).verify(body, names))
                receiver.ids.append(self.headers["svix-id"])
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def kinds(self) -> list[str]:
        return [event["eventType"] for event in self.events]


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def told(engage, receiver):
    """The sandbox knows whom to tell."""
    engage.configure(webhook_url=receiver.url, webhook_secret=SECRET)
    return receiver


def test_creations_changes_and_deletions_are_told_in_order(api, told):
    made = api.post("/api/v3/contacts", json={"email": "erik@example.com"}).json()["id"]
    api.patch(f"/api/v3/contacts/{made}", json={"city": "Lund"})
    api.delete(f"/api/v3/contacts/{made}")
    until(lambda: len(told.events) == 3, what="the events")
    assert told.kinds() == ["contact.created", "contact.updated", "contact.deleted"]
    assert {event["payload"]["contactId"] for event in told.events} == {made}
    assert len(set(told.ids)) == 3
    assert "erik" not in json.dumps(told.events)


def test_preferences_and_consents_have_events_of_their_own(api, told):
    body = {"preferences": {"acceptsSms": True}, "consents": [{"id": "memberConsent", "value": False}]}
    api.patch(f"/api/v3/contacts/{seeds.ANNA_ID}", json=body)
    until(lambda: len(told.events) == 3, what="the events")
    assert set(told.kinds()) == {
        "contact.updated",
        "contact.acceptsSms.changed",
        "contact.consent.changed",
    }


def test_what_is_refused_is_sent_again_under_its_id(api, told, engage):
    told.answers = [500, 500]
    api.patch(f"/api/v3/contacts/{seeds.ANNA_ID}", json={"city": "Lund"})
    until(lambda: len(told.events) == 3, what="the third try")
    assert len(set(told.ids)) == 1
    until(lambda: not engage.store.all("event"), what="the event to be done with")


def test_what_nobody_takes_is_given_up_with_a_line_in_the_log(api, engage, monkeypatch):
    monkeypatch.setattr(module, "WAITS", (0.0, 0.01))
    engage.configure(webhook_url="http://127.0.0.1:9/nobody", webhook_secret=SECRET)
    api.patch(f"/api/v3/contacts/{seeds.ANNA_ID}", json={"city": "Lund"})
    until(lambda: any("given up" in line["text"] for line in engage.log), what="the log")
    assert not engage.store.all("event")


def test_what_was_undone_is_not_told(api, told, engage):
    assert api.patch(f"/api/v3/contacts/{seeds.ANNA_ID}", json={"gender": "?"}).status_code == 422
    engage.faults.set("not_processed", times=1)
    api.patch(f"/api/v3/contacts/{seeds.ANNA_ID}", json={"city": "Malmö"})
    api.patch(f"/api/v3/contacts/{seeds.BENGT_ID}", json={"city": "Malmö"})
    until(lambda: told.events, what="an event")
    assert [event["payload"]["contactId"] for event in told.events] == [seeds.BENGT_ID]


def test_events_survive_a_stop(tmp_path, receiver):
    first = create_app(state_path=tmp_path / "state")
    first.engage.configure(webhook_url="http://127.0.0.1:9/nobody", webhook_secret=SECRET)
    with first.engage.lock:
        module.note_event(first.engage, "contact.updated", seeds.ANNA_ID)
        first.engage.configure(webhook_url=receiver.url)
    first.close()
    count = len(receiver.events)
    second = create_app(state_path=tmp_path / "state")
    try:
        until(lambda: len(receiver.events) > 0, what="the event")
        assert count in (0, 1)
    finally:
        second.close()


def test_the_secret_is_never_shown(api, told):
    assert SECRET not in api.get("/state").text
    assert api.get("/state").json()["settings"]["webhook_secret"] == "(set)"
    assert SECRET not in api.post("/settings", json={"import_delay": 1}).text


class TestAChangeInEngage:
    def test_is_made_by_http(self, api, engage):
        body = {"contact": "anna@example.com", "attribute": "city", "value": "Lund"}
        assert api.post("/contacts", json=body).json()["attributes"]["city"] == "Lund"
        assert engage.contacts[seeds.ANNA_ID]["attributes"]["city"] == "Lund"

    def test_is_made_by_the_pages_form(self, api, engage):
        data = {"contact": seeds.ANNA_ID, "attribute": "preferences.acceptsSms", "value": "yes"}
        assert api.post("/contacts", data=data, headers=FORM).status_code == 303
        assert engage.contacts[seeds.ANNA_ID]["preferences"]["acceptsSms"] is True

    def test_may_be_a_consent_or_a_deletion(self, api, engage):
        body = {"contact": seeds.ANNA_ID, "attribute": "consents.memberConsent", "value": False}
        (consent,) = [
            each
            for each in api.post("/contacts", json=body).json()["consents"]
            if each["id"] == "memberConsent"
        ]
        assert consent["value"] is False
        api.post("/contacts", json={"contact": seeds.ANNA_ID, "delete": True})
        assert seeds.ANNA_ID not in engage.contacts

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"contact": "nobody@example.com", "attribute": "city", "value": "x"},
            {"contact": "anna@example.com"},
            {"contact": "anna@example.com", "attribute": "shoeSizes", "value": "x"},
            {"contact": "anna@example.com", "attribute": "email", "value": "no address"},
            {"contact": "anna@example.com", "attribute": "preferences.acceptsFax", "value": "yes"},
            {"contact": "anna@example.com", "attribute": "consents.unknown", "value": "yes"},
        ],
    )
    def test_that_makes_no_sense_changes_nothing(self, api, engage, body):
        before = dict(engage.contacts)
        answer = api.post("/contacts", json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]
        assert engage.contacts == before


@pytest.mark.parametrize("status", [403, 404])
def test_the_list_of_changes_may_be_switched_off(api, engage, status):
    engage.configure(changes_status=status)
    query = {"changeType": "Created", "fromDate": "2026-01-01 00:00:00.000"}
    assert api.get("/api/v3/contacts/changes", params=query).status_code == status
