"""What only a real socket can show: drops, hangs, keep-alive, many clients at once."""

import http.client
import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import httpx
import pytest

from engage_portal.sandbox import seeds
from engage_portal.sandbox.app import create_app
from engage_portal.sandbox.server import running
from tests.sandbox.payloads import HEADERS, receipt

COUNT = "/api/v2/contacts/count"
RECEIPTS = "/api/v3/receipts"


def _until(condition, seconds=60.0):
    end = monotonic() + seconds
    tick = threading.Event()
    while not condition():
        assert monotonic() < end, "it did not happen in time"
        tick.wait(0.005)


def test_one_connection_serves_many_requests(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", COUNT, headers=HEADERS)
    assert connection.getresponse().read() == b"5"
    socket = connection.sock
    connection.request("GET", COUNT, headers=HEADERS)
    assert connection.getresponse().read() == b"5"
    assert connection.sock is socket
    connection.close()


def test_down_closes_the_connection_without_an_answer(wire, engage):
    engage.faults.set("down")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        wire.post(RECEIPTS, json=receipt())
    engage.faults.clear()
    assert wire.post(RECEIPTS, json=receipt()).status_code == 202
    assert engage.posted("till-1") == 1


def test_a_lost_answer_takes_effect_on_the_wire_too(wire, engage):
    engage.faults.set("lost_answer", endpoint="POST /api/v3/receipts", times=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        wire.post(RECEIPTS, json=receipt())
    assert engage.posted("till-1") == 1


def test_a_hanging_request_ends_when_its_client_leaves(wire, engage):
    engage.faults.set("hang")
    with pytest.raises(httpx.ReadTimeout):
        wire.post(RECEIPTS, json=receipt(), timeout=0.2)
    _until(lambda: len(engage.requests) == 1)
    assert engage.requests[0].status == 0
    assert engage.received == {}


def test_a_hanging_request_goes_on_when_released(wire, engage):
    engage.faults.set("hang", times=1)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(wire.get, COUNT)
        _until(lambda: not engage.faults.active)  # it struck, and it was the last time
        assert not hanging.done()
        engage.faults.clear()
        assert hanging.result(timeout=30).json() == 5


def test_a_hanging_request_does_not_hold_up_others(wire, engage, server):
    engage.faults.set("hang", endpoint="GET /api/v3/stores")
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(httpx.get, f"{server.url}/api/v3/stores", headers=HEADERS)
        assert wire.get(COUNT).status_code == 200
        assert wire.get("/").status_code == 200
        wire.delete("/faults", headers={"Content-Type": "application/json"})
        assert hanging.result(timeout=30).status_code == 200


def test_slow_really_waits(wire, engage):
    engage.faults.set("slow", delay_ms=60)
    start = monotonic()
    assert wire.get(COUNT).status_code == 200
    assert monotonic() - start >= 0.06


def test_a_body_in_chunks_is_read(wire):
    def parts():
        yield b'{"email": "er'
        yield b'ik@example.com"}'

    assert wire.post("/api/v3/contacts", content=parts()).status_code == 201


def test_head_has_no_body(wire):
    answer = wire.head("/healthz")
    assert (answer.status_code, answer.content) == (200, b"")


def test_fifty_clients_at_once_are_served():
    app = create_app(rate_limit=100_000)

    def work(number):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        for count in range(10):
            connection.request(
                "GET", f"/api/v3/contacts/{seeds.ANNA_ID}", headers={**HEADERS, "n": str(count)}
            )
            answer = connection.getresponse()
            assert answer.status == 200
            answer.read()
        connection.close()
        return number

    with running(app) as server, ThreadPoolExecutor(50) as pool:
        assert sorted(pool.map(work, range(50))) == list(range(50))
    assert len(app.engage.requests) == 500


def test_racing_creations_of_one_key_make_one_contact(server, engage):
    def create(_):
        return httpx.post(
            f"{server.url}/api/v3/contacts", headers=HEADERS, json={"email": "erik@example.com"}
        )

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(create, range(8)))
    assert statuses == [201] + [409] * 7
