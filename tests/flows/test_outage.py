"""The tour of the README, on real processes: up, down, up again."""

from pathlib import Path

import httpx
import pytest

from tests.flows.running import PATIENCE, portal_running, until

pytestmark = pytest.mark.processes

_ANNA = "430d3329-7eef-45c0-87f9-ae9300a0dace"
_FRIDA = {"firstName": "Frida", "lastName": "Falk", "email": "frida.falk@example.com", "countryCode": "SE"}


def test_an_outage_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    with portal_running(tmp_path, "web", "worker") as portal:
        assert portal.sell("before").status_code == 202
        until(lambda: portal.posted()["before"] == 1, what="the first receipt to arrive")

        portal.fault("down")
        for number in range(10):
            assert portal.sell(f"during-{number}").status_code == 202
        assert portal.sell("refused", article="REFUSE").status_code == 202
        frida = portal.call("POST", "/api/v3/contacts", params={"storeExternalId": "101"}, json=_FRIDA)
        assert frida.status_code == 202
        contact = {"matchKey": frida.json()["id"], "matchKeyType": "contactId"}
        assert portal.sell("frida-1", contact=contact).status_code == 202
        status = until(
            lambda: _down(portal.call("GET", "/api/portal/v1/status").json()), what="the outage to be noticed"
        )
        assert status["outbox"]["waiting"] >= 12
        assert status["engage"]["downSince"]

        portal.fault("up")
        until(portal.settled, what="the queue to drain")

        posted = portal.posted()
        assert set(posted.values()) == {1}
        assert set(posted) == {"before", "frida-1", *(f"during-{number}" for number in range(10))}
        order = [entry["uniqueReceiptId"] for entry in portal.received()["receipts"]]
        assert [name for name in order if name.startswith("during")] == [
            f"during-{number}" for number in range(10)
        ]
        # A receipt may simply be repeated: Engage drops an id that it knows. Nothing else may.
        assert {entry["kind"] for entry in portal.received()["unchecked_repeats"]} <= {"receipt.post"}
        (kept,) = [
            entry for entry in portal.received()["contacts"] if "frida.falk@example.com" in str(entry["keys"])
        ]
        read = portal.call("GET", f"/api/v3/contacts/{frida.json()['id']}")
        assert (read.status_code, read.json()["id"]) == (200, kept["id"])
        _retry_the_refused_one(portal)
        _nothing_personal(portal)


def _down(status: dict) -> dict:
    return status if not status["engage"]["isUp"] else {}


def _retry_the_refused_one(portal) -> None:
    (item,) = portal.call("GET", "/api/portal/v1/outbox", params={"state": "attention"}).json()["items"]
    assert "REFUSE" in item["reason"]
    httpx.post(
        f"{portal.engage_url}/settings", json={"refuse_article": False}, timeout=PATIENCE
    ).raise_for_status()
    assert portal.call("POST", f"/api/portal/v1/outbox/{item['id']}/retry").status_code == 202
    until(lambda: portal.posted()["refused"] == 1, what="the refused receipt to arrive")
    until(portal.settled, what="the queue to drain")
    story = portal.call("GET", f"/api/portal/v1/outbox/{item['id']}").json()["timeline"]
    tries = [entry for entry in story if entry["title"].startswith("POST /api/v3/receipts")]
    assert any("422" in entry["detail"] for entry in tries)
    assert any(entry["title"] == "Sent again by hand by till-101-1" for entry in story)
    assert tries[-1]["title"].endswith("done")


def _nothing_personal(portal) -> None:
    """What was typed by people stands in no log and in no table of the queue or of django-q."""
    words = ["frida.falk", "Falk", "anna@example.com", "6735654321", "Arkberg"]
    dump = portal.manage(
        "dumpdata", "outbox.item", "outbox.attempt", "outbox.event", "django_q", "outbox.engageline"
    )
    for word in words:
        assert word not in portal.logs()
        assert word not in dump


def test_an_engage_that_hangs_keeps_nobody_waiting(tmp_path: Path) -> None:
    patience = 45.0  # seconds that a call to Engage may take; nobody who waits takes part in that
    with portal_running(
        tmp_path, "web", PORTAL_TIME_BUDGET="0.6", ENGAGE_READ_TIMEOUT=str(patience)
    ) as portal:
        anna = f"/api/v3/contacts/{_ANNA}"
        until(lambda: portal.call("GET", anna).status_code == 200, what="Engage to be reached")
        portal.fault("hang")
        answers = [
            portal.call("GET", "/api/v3/contacts/id", params={"email": "nobody.known@example.com"}),
            portal.call("POST", "/api/v3/contacts", json={"firstName": "Gun", "email": "gun@example.com"}),
            portal.sell("hanging-1"),
        ]
        assert [answer.status_code for answer in answers] == [503, 202, 202]
        assert max(answer.elapsed.total_seconds() for answer in answers) < patience / 3
        portal.fault("up")


def test_an_answer_that_is_lost_creates_nobody_twice(tmp_path: Path) -> None:
    with portal_running(tmp_path, "web", "worker") as portal:
        portal.fault("lost_answer", endpoint="POST /api/v3/contacts", times=1)
        created = portal.call(
            "POST", "/api/v3/contacts", json={"firstName": "Hedda", "email": "hedda@example.com"}
        )
        assert created.status_code == 202
        until(portal.settled, what="the doubt to be settled")
        assert portal.states() == {"delivered": 1}
        born = [entry for entry in portal.received()["contacts"] if "hedda@example.com" in str(entry["keys"])]
        assert len(born) == 1
        assert portal.call("GET", f"/api/v3/contacts/{created.json()['id']}").json()["id"] == born[0]["id"]
