"""`make demo` as a stranger uses it: start, look around, Ctrl-C, start again."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from engage_portal.sandbox import seeds
from tests.conftest import make_receipt
from tests.flows.running import PATIENCE, ROOT, free_port, until

pytestmark = pytest.mark.processes


@contextlib.contextmanager
def demo(
    home: Path, port: int, engage_port: int, *arguments: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The running demo and what it printed so far; stopped with Ctrl-C's signal."""
    printed = home.parent / "printed.txt"
    environment = {
        "PORT": str(port),
        "SANDBOX_PORT": str(engage_port),
        "DEMO_HOME": str(home),
        "PYTHONUNBUFFERED": "1",
    }
    with printed.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "engage_portal.sandbox.demo", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment, "DJANGO_SETTINGS_MODULE": "engage_portal.settings"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(
            lambda: "is running" in printed.read_text() or process.poll() is not None,
            what="the demo",
        )
        assert process.poll() is None, printed.read_text()
        yield process, printed.read_text()
    finally:
        family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0
        _, alive = psutil.wait_procs(family, timeout=PATIENCE)
        assert not alive, f"still running: {alive}"


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client that waits for a process that has just begun."""
    with httpx.Client(timeout=PATIENCE) as client:
        yield client


def test_the_demo_starts_stops_and_keeps_its_data(tmp_path: Path, http: httpx.Client) -> None:
    home, port, engage_port = tmp_path / "demo", free_port(), free_port()
    portal = f"http://127.0.0.1:{port}"
    with demo(home, port, engage_port) as (_, printed):
        key = re.findall(r"KEY=(\S+)", printed)[0]
        sold = http.post(
            f"{portal}/api/v3/receipts", headers={"apikey": key}, json=make_receipt("stranger-1")
        )
        assert sold.status_code == 202
        until(
            lambda: "stranger-1" in http.get(f"http://127.0.0.1:{engage_port}/state").text,
            what="the sale to arrive",
        )
        assert http.get(f"{portal}/").status_code == 302

        def city() -> str:
            answer = http.get(f"{portal}/api/v3/contacts/{seeds.ANNA_ID}", headers={"apikey": key})
            return str(answer.json()["attributes"]["city"])

        # A copy that is young enough is shown without asking Engage: only the webhook can tell of the change.
        assert city() == "Stockholm"
        changed = {"contact": "anna@example.com", "attribute": "city", "value": "Lund"}
        assert http.post(f"http://127.0.0.1:{engage_port}/contacts", json=changed).status_code == 200
        until(lambda: city() == "Lund", what="the change to reach the copy")
    with demo(home, port, engage_port) as (_, printed):
        assert f"KEY={key}" in printed
        assert "stranger-1" in http.get(f"http://127.0.0.1:{engage_port}/state").text
    with demo(home, port, engage_port, "--reset") as (_, printed):
        assert f"KEY={key}" not in printed
        assert "stranger-1" not in http.get(f"http://127.0.0.1:{engage_port}/state").text


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "engage_portal.sandbox.demo"],
            cwd=ROOT,
            env={**os.environ, "PORT": str(port), "DEMO_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.strip() == f"Port {port} is in use. Choose another: make demo PORT={port + 1}"
