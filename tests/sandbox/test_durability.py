"""The sandbox as a process: what it accepted survives any end; it stops at once when told to."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic

import httpx
import pytest

from engage_portal.sandbox import seeds
from engage_portal.sandbox.app import create_app
from engage_portal.sandbox.store import StateFileError
from tests.sandbox.payloads import HEADERS, client_for, receipt

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "engage_portal.sandbox", "--port", "0"]


@pytest.fixture
def start(tmp_path):
    """Starts sandboxes on one state file; answers the process and a client."""
    begun = []

    def begin(*more):
        command = [*COMMAND, "--state", str(tmp_path / "engage.db"), *more]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        url = process.stdout.readline().split()[3]
        client = httpx.Client(base_url=url, headers=HEADERS, timeout=30)
        begun.append((process, client))
        return process, client

    yield begin
    for process, client in begun:
        client.close()
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.processes
def test_everything_accepted_survives_a_kill(start):
    process, client = start()
    made = client.post("/api/v3/contacts", json={"email": "erik@example.com"}).json()
    for number in range(20):
        assert client.post("/api/v3/receipts", json=receipt(f"till-{number}")).status_code == 202
    client.post("/api/v3/receipts", json=receipt("till-3"))
    redeem = f"/api/v3/promotion-assignments/{seeds.ANNA_PERCENT_ID}/redeem"
    client.post(redeem, json={"redemptionChannel": "ECOM"})
    client.post("/settings", json={"refuse_article": False})
    client.post("/faults", json={"mode": "429", "endpoint": "POST /api/v3/stores", "times": 3})
    before = client.get("/state").json()
    process.send_signal(signal.SIGKILL)
    process.wait()

    _, client = start()
    after = client.get("/state").json()
    for name in ("contacts", "redemptions", "faults", "mode"):
        assert after[name] == before[name]
    assert [(one["uniqueReceiptId"], one["posted"]) for one in after["receipts"]] == [
        (one["uniqueReceiptId"], one["posted"]) for one in before["receipts"]
    ]
    assert after["settings"]["refuse_article"] is False
    assert client.get(f"/api/v3/contacts/{made['id']}").status_code == 200
    client.post("/advance", json={"seconds": 2})
    assert all(one["imported"] for one in client.get("/state").json()["receipts"])


@pytest.mark.processes
def test_files_are_imported_by_a_process_that_nobody_asks(start, tmp_path):
    _, client = start("--files", str(tmp_path / "ftp"), "--file-interval", "0", "--key-field", "memberNumber")
    folder = tmp_path / "ftp" / "integration" / "contactImport"
    content = (
        '<contacts xmlns="http://eClub.Schemas.ImportContact"><new><member><memberNumber>77</memberNumber>'
        "</member></new></contacts>"
    )
    unfinished = folder / "20260412093015_1_contacts.xml.part"
    unfinished.write_text(content)
    path = unfinished.rename(unfinished.with_suffix(""))
    end = monotonic() + 60
    while path.exists() and monotonic() < end:
        client.get("/healthz")
    assert client.get("/facts").json()["contacts"]["keys"]["memberNumber"]["77"] == 1


@pytest.mark.processes
def test_folders_that_cannot_be_made_stop_the_start(tmp_path):
    (tmp_path / "ftp").write_text("a file")
    done = subprocess.run(
        [*COMMAND, "--files", str(tmp_path / "ftp")],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The sandbox cannot start: ")


@pytest.mark.processes
def test_a_kill_in_mid_traffic_loses_nothing_that_was_answered(start):
    process, client = start("--rate-limit", "100000")
    answered = 0
    try:
        for number in range(1000):
            if number == 150:
                os.kill(process.pid, signal.SIGKILL)
            client.post("/api/v3/receipts", json=receipt(f"till-{number}"))
            answered += 1
    except httpx.TransportError:
        process.wait()
    assert answered >= 150
    _, client = start()
    kept = {one["uniqueReceiptId"] for one in client.get("/state").json()["receipts"]}
    assert {f"till-{number}" for number in range(answered)} <= kept


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_even_with_a_hanging_client(start, number):
    process, client = start()
    client.post("/faults", json={"mode": "hang"})
    with pytest.raises(httpx.ReadTimeout):
        client.get("/api/v3/stores", timeout=0.1)
    process.send_signal(number)
    assert process.wait(timeout=60) == 0


@pytest.mark.processes
def test_it_says_what_it_can_do():
    done = subprocess.run(
        [*COMMAND[:3], "--help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    for word in ("--state", "--latency", "Engage down", "POST /faults", "lost_answer", "apikey"):
        assert word in done.stdout


@pytest.mark.processes
def test_a_port_in_use_is_said_in_words(start):
    _, client = start()
    port = str(client.base_url.port)
    command = [sys.executable, "-m", "engage_portal.sandbox", "--port", port]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "cannot start" in done.stderr


def test_a_restart_in_one_process_keeps_the_clock_and_does_not_seed_again(tmp_path):
    app = create_app(state_path=tmp_path / "engage.db")
    app.engage.advance(3600)
    with client_for(app) as api:
        api.delete(f"/api/v3/contacts/{seeds.ANNA_ID}")
    ahead = app.engage.now()
    app.close()
    again = create_app(state_path=tmp_path / "engage.db")
    assert seeds.ANNA_ID not in again.engage.contacts
    assert again.engage.now() >= ahead
    again.close()


def test_two_sandboxes_do_not_share_a_file(tmp_path, monkeypatch):
    app = create_app(state_path=tmp_path / "engage.db")
    monkeypatch.setattr("engage_portal.sandbox.store.BUSY_SECONDS", 0.05)
    with pytest.raises(StateFileError, match="another sandbox"):
        create_app(state_path=tmp_path / "engage.db")
    app.close()
