"""The whole portal as real processes: sandbox, the Procfile's web and worker, a database of its own."""

import contextlib
import os
import secrets
import shlex
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import psycopg
from django.conf import settings
from django.core.cache import cache

from tests.conftest import make_receipt

ROOT = Path(__file__).resolve().parent.parent.parent
_dice = secrets.SystemRandom()  # other test processes begin each test with the same seed of `random`
PATIENCE = 180
"""Seconds, against what hangs: on a busy machine a process may take half a minute to begin."""


def until(condition: Callable[[], Any], *, seconds: float = PATIENCE, what: str = "") -> Any:
    """Wait for a condition; its value, or a failure that says what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            if value := condition():
                return value
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain for {what or condition}")


def free_port() -> int:
    """A port that nobody listens on at this moment, and that the system gives to nobody who asks for any."""
    while True:
        port = _dice.randrange(20_000, 32_000)  # below those that connections get, on Linux and elsewhere
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Portal:
    """Everything running, with what tests ask of it."""

    home: Path
    database_url: str
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    engage_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    key: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What every process is configured with."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("COV_")},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DJANGO_SETTINGS_MODULE": "engage_portal.settings",
            "DEBUG": "true",
            "SECRET_KEY": "f" * 60,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": _redis(),
            "ENGAGE_BASE_URL": f"http://127.0.0.1:{self.engage_port}",
            "ENGAGE_API_KEY": "flows",
            "ENGAGE_RATE": "190",
            "ENGAGE_READ_TIMEOUT": "2",
            "ENGAGE_PROBE_SECONDS": "1",
            "OUTBOX_WAITS": "1,1,2,3",
            "EMAIL_URL": "demo:",
            "PORT": str(self.port),
            **self.settings,
            "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{self.port} {self.settings.get('GUNICORN_CMD_ARGS', '')}",
        }

    def start(self, name: str) -> None:
        """Start `engage`, `web` or `worker` and wait until it answers, the worker excepted.

        Of `worker` there may be several: `worker-1`, `worker-2` and so on.
        """
        lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
        lines["engage"] = (
            f"{sys.executable} -m engage_portal.sandbox --port {self.engage_port} --rate-limit 100000 "
            f"--import-delay 0 --state {self.home / 'engage.sqlite3'}"
        )
        with (self.home / f"{name}.log").open("a") as log:
            self.processes[name] = subprocess.Popen(
                shlex.split(lines[name.partition("-")[0]]),
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        health = {"web": f"{self.url}/healthz", "engage": f"{self.engage_url}/healthz"}.get(name)
        if health:
            until(lambda: httpx.get(health).status_code == 200, what=f"{name} to answer")

    def manage(self, *arguments: str) -> str:
        """Run a management command; its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def url(self) -> str:
        """The portal's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def engage_url(self) -> str:
        """The sandbox's address."""
        return f"http://127.0.0.1:{self.engage_port}"

    def call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """A till's call."""
        headers = {"apikey": self.key, **arguments.pop("headers", {})}
        return httpx.request(method, f"{self.url}{path}", headers=headers, timeout=PATIENCE, **arguments)

    def sell(self, unique_receipt_id: str, **members: Any) -> httpx.Response:
        """Post one receipt."""
        return self.call("POST", "/api/v3/receipts", json=make_receipt(unique_receipt_id, **members))

    def fault(self, mode: str, **more: Any) -> None:
        """Break the sandbox, or mend it with `up`."""
        httpx.post(
            f"{self.engage_url}/faults", json={"mode": mode, **more}, timeout=PATIENCE
        ).raise_for_status()

    def received(self) -> dict[str, Any]:
        """What the sandbox says it has."""
        state: dict[str, Any] = httpx.get(f"{self.engage_url}/state", timeout=PATIENCE).json()
        return state

    def posted(self) -> Counter[str]:
        """How often each receipt was taken by Engage."""
        return Counter({entry["uniqueReceiptId"]: entry["posted"] for entry in self.received()["receipts"]})

    def states(self) -> Counter[str]:
        """How many queue items stand in each state."""
        found: Counter[str] = Counter()
        for state in ("pending", "sending", "in_doubt", "attention", "accepted", "delivered"):
            answer = self.call("GET", "/api/portal/v1/outbox", params={"state": state, "count": 1}).json()
            found[state] = answer["totalCount"]
        return +found

    def settled(self) -> bool:
        """Whether nothing is on its way any more."""
        return not {"pending", "sending", "in_doubt"} & set(self.states())

    def kill(self, name: str) -> None:
        """SIGKILL a process with everything it started, wherever that runs and whenever it began."""
        process = self.processes.pop(name)
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        sessions = set(map(_session_of, family)) - {0}
        while family:
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
            process.wait()
            family = [each for each in psutil.process_iter() if _session_of(each) in sessions]

    def kill_alone(self, name: str) -> list[psutil.Process]:
        """SIGKILL a process and nothing that it started; what is left of those."""
        process = self.processes.pop(name)
        orphans = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        return orphans

    def group_of(self, name: str) -> list[psutil.Process]:
        """The group of a `worker` supervisor: its leader first. Empty between two groups."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for leader in psutil.Process(self.processes[name].pid).children():
                return [leader, *leader.children(recursive=True)]
        return []

    def execute(self, sql: str) -> None:
        """Change the database behind the portal's back."""
        path = self.database_url.removeprefix("sqlite:///")
        if path != self.database_url:
            with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection, connection:
                connection.execute(sql)
            return
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(sql)

    def logs(self) -> str:
        """Everything that any process logged."""
        return "".join(path.read_text() for path in self.home.glob("*.log") if path.name != "engage.log")

    def stop(self) -> None:
        """End all processes."""
        for name in list(self.processes):
            self.kill(name)


def _session_of(process: psutil.Process) -> int:
    """The session that a process belongs to; 0 where it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        return 0 if process.status() == psutil.STATUS_ZOMBIE else os.getsid(process.pid)
    return 0


@contextlib.contextmanager
def portal_running(home: Path, *names: str, store: str = "101", **changed: str) -> Iterator[Portal]:
    """The portal with an empty database and a till's key of a store, or of every one; removed at the end."""
    home.mkdir(parents=True, exist_ok=True)
    if settings.REDIS_URL:
        cache.clear()  # what an earlier portal left in its queue
    with _database(home) as database_url:
        portal = Portal(home, database_url, changed)
        try:
            portal.start("engage")
            portal.manage("migrate", "--verbosity", "0")
            portal.key = portal.manage(
                "api_key", "create", "--name", f"till-{store}-1", "--store", store
            ).strip()
            for name in names:
                portal.start(name)
            yield portal
        finally:
            portal.stop()


def _redis() -> str:
    """The Redis database of this test process: other tests run at the same time, and clear theirs."""
    return str(settings.CACHES["default"]["LOCATION"]) if settings.REDIS_URL else ""


@contextlib.contextmanager
def _database(home: Path) -> Iterator[str]:
    """A database of the same kind as the tests' own."""
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        yield f"sqlite:///{home / 'portal.sqlite3'}"
        return
    server = os.environ["DATABASE_URL"]
    name = f"flow_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
