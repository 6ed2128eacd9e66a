"""The slow parts of `make test`, side by side: `python -m tests.gate processes mypy migrations embedded scale-out`.

Each part prints its output when it is done. The scale-out set runs where PostgreSQL and Redis answer, and says loudly
where they do not. The last line counts what passed.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")

# What does not touch database or cache in a way of its own is proved once, on the embedded set.
_PROVED_ONCE = (
    "tests/accounts",
    "tests/api/test_addresses.py",
    "tests/api/test_keys.py",
    "tests/browser",
    "tests/contacts/test_bodies.py",
    "tests/core",
    "tests/engage",
    "tests/engage_xml",
    "tests/fallback/test_*",
    "tests/outbox/test_states.py",
    "tests/outbox/test_verdicts.py",
    "tests/outbox/test_words.py",
    "tests/outbox/test_worker_processes.py",
    "tests/outbox_commands/test_processes.py",
    "tests/pages",
    "tests/receipts/test_refusals.py",
    "tests/sandbox",
    "tests/settings_checks",
    "tests/staff",
    "tests/flows/test_chaos.py",  # on PostgreSQL with four workers: `make soak`
    "tests/flows/test_demo.py",
    "tests/flows/test_kills.py",
)
_SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.settings"}


class Part(NamedTuple):
    """A command with what its environment adds."""

    command: list[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Result:
    """How a part ended."""

    name: str
    status: int
    seconds: float
    output: str


def embedded() -> Part:
    """All tests but those of processes, on SQLite and the database cache, with coverage."""
    cover = ["--cov", "--cov-report=term:skip-covered"]
    return _pytest("-n", "2", *cover, "-m", "not processes", "tests", **_sqlite("embedded"))


def processes() -> Part:
    """What starts, kills and restarts the real processes: one at a time, because they mostly wait."""
    return _pytest("-m", "processes", "tests", **_sqlite("processes"))


def scale_out() -> Part:
    """What touches database or cache in a way of its own, on PostgreSQL and Redis."""
    ignored = [f"--ignore-glob={path}" for path in _PROVED_ONCE]
    return _pytest("-n", "2", *ignored, "tests", DATABASE_URL=POSTGRES, REDIS_URL=REDIS)


def _pytest(*arguments: str, **environment: str) -> Part:
    return Part([sys.executable, "-m", "pytest", "-q", *arguments], environment)


def _sqlite(name: str) -> dict[str, str]:
    home = ROOT / "var" / "test"
    home.mkdir(parents=True, exist_ok=True)
    return {"DATABASE_URL": f"sqlite:///{home / name}.sqlite3", "REDIS_URL": ""}


PARTS = {
    "mypy": lambda: Part([sys.executable, "-m", "mypy", "."], _SETTINGS),
    "migrations": lambda: Part(
        [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"], _SETTINGS
    ),
    "embedded": embedded,
    "processes": processes,
    "scale-out": scale_out,
}


def run(name: str) -> Result:
    """Run one part to its end."""
    part = PARTS[name]()
    began = time.monotonic()
    done = subprocess.run(
        part.command,
        cwd=ROOT,
        env={**os.environ, **part.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Result(name, done.returncode, time.monotonic() - began, done.stdout)


def why_no_scale_out() -> str:
    """Why the second set cannot run here; empty where it can."""
    import psycopg
    import redis

    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
        redis.Redis.from_url(REDIS, socket_connect_timeout=3).ping()
    except (psycopg.Error, redis.RedisError) as error:
        return str(error).strip().splitlines()[0]
    return ""


def main(names: list[str]) -> int:
    """Run the named parts three at a time; 0 where all of them passed."""
    skipped = why_no_scale_out() if "scale-out" in names else ""
    if skipped:
        names = [name for name in names if name != "scale-out"]
    with ThreadPoolExecutor(3) as pool:
        results = []
        for result in pool.map(run, names):
            word = "passed" if result.status == 0 else "FAILED"
            print(f"\n━━ {result.name} {word} in {result.seconds:.0f} s\n{result.output}", flush=True)
            results.append(result)
    if skipped:
        print(f"\n!!!! SKIPPED: the scale-out set (PostgreSQL and Redis): {skipped}", flush=True)
    failed = [result.name for result in results if result.status]
    print(f"\n{len(results) - len(failed)} passed, {len(failed)} failed, {1 if skipped else 0} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
