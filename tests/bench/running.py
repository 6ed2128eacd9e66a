"""Processes and databases of a measurement. Whatever happens, they are gone afterwards."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import psycopg
import redis

from tests.flows.running import ROOT, free_port, until
from tests.gate import POSTGRES

REDIS = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/10")
LATENCY_MS = 50
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
_NEVER = "864000"
_LONGEST = 120.0


@dataclass(frozen=True)
class Store:
    """A database of the portal's, with the environment of the processes that use it."""

    kind: str
    environment: Mapping[str, str]


@contextlib.contextmanager
def process(
    command: list[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process for as long as the block lasts; it ends with everything that it started."""
    with log.open("ab") as output:
        started = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=dict(environment),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield started
    finally:
        _end(started)


def _end(started: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [*psutil.Process(started.pid).children(recursive=True), psutil.Process(started.pid)]
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
    started.wait()


def inside(store: Store, *arguments: str, **more: str) -> Any:
    """Run a command of `inside.py` in a process of its own, on a database; what it answers."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.inside", *arguments],
        cwd=ROOT,
        env={**store.environment, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip()[-1500:]}")
    return json.loads(done.stdout.splitlines()[-1])


class Engage:
    """The sandbox in a process of its own."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def reset(self) -> None:
        """Forget what came."""
        httpx.post(f"{self.url}/reset", timeout=60).raise_for_status()

    def fault(self, mode: str) -> None:
        """Go away, hang, or come back with `up`."""
        httpx.post(f"{self.url}/faults", json={"mode": mode}, timeout=60).raise_for_status()

    def arrivals(self) -> list[float]:
        """When each receipt came, in order. Raises where one came twice."""
        receipts = httpx.get(f"{self.url}/state", timeout=60).json()["receipts"]
        if twice := [entry["uniqueReceiptId"] for entry in receipts if entry["posted"] != 1]:
            raise RuntimeError(f"{len(twice)} receipts came more than once, the first is {twice[0]}")
        return sorted(datetime.fromisoformat(entry["receivedAt"]).timestamp() for entry in receipts)


@contextlib.contextmanager
def engage_running(home: Path, *, latency_ms: int = LATENCY_MS) -> Iterator[Engage]:
    """A stand-in Engage that answers after a while and never says "too fast"."""
    port = free_port()
    command = ["-m", "engage_portal.sandbox", "--port", str(port), "--no-seed", "--rate-limit", "1000000"]
    command += ["--latency", str(latency_ms), "--import-delay", _NEVER]
    with process(command, os.environ, home / "engage.log"):
        engage = Engage(port)
        until(lambda: httpx.get(f"{engage.url}/healthz").status_code == 200, what="the sandbox")
        yield engage


@contextlib.contextmanager
def store(kind: str, home: Path, engage_url: str, **settings: str) -> Iterator[Store]:
    """A migrated, empty database of one kind; removed at the end."""
    with _database(kind, home) as database_url:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("COV_")},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            "DEBUG": "false",
            "SECRET_KEY": "b" * 60,
            "ALLOWED_HOSTS": "127.0.0.1",
            "DATABASE_URL": database_url,
            "REDIS_URL": REDIS if kind == POSTGRESQL else "",
            "ENGAGE_BASE_URL": engage_url,
            "ENGAGE_API_KEY": "bench",
            "EMAIL_URL": "console:",
            **settings,
        }
        made = Store(kind, environment)
        _migrate(made)
        yield made


def _migrate(made: Store) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--run-syncdb"],
        cwd=ROOT,
        env=dict(made.environment),
        check=True,
    )


@contextlib.contextmanager
def _database(kind: str, home: Path) -> Iterator[str]:
    name = f"bench_{uuid4().hex[:12]}"
    if kind == SQLITE:
        folder = home / name
        folder.mkdir()
        try:
            yield f"sqlite:///{folder / 'portal.sqlite3'}"
        finally:
            shutil.rmtree(folder)
        return
    forget_redis()
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{POSTGRES.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            forget_redis()


def forget_redis() -> None:
    """Empty the Redis database that is ours alone."""
    redis.Redis.from_url(REDIS).flushdb()


def kinds() -> list[str]:
    """SQLite, and PostgreSQL with Redis where they answer."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
        redis.Redis.from_url(REDIS, socket_connect_timeout=3).ping()
    except (psycopg.Error, redis.RedisError):
        return [SQLITE]
    return [SQLITE, POSTGRESQL]


def rate(arrivals: list[float]) -> float:
    """Items a second, from the first arrival to the last."""
    return (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])


def wait_for(count: int, engage: Engage, worker: subprocess.Popen[bytes], log: Path) -> None:
    """Until so many receipts came from a worker. Raises with its last words where that ended, or takes too long."""
    end = time.monotonic() + _LONGEST
    while (seen := len(engage.arrivals())) < count:
        if worker.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"only {seen} of {count} came: {log.read_text()[-1000:]}")
        time.sleep(1)
