"""Where and when it was measured."""

import contextlib
import os
import platform
import sqlite3
import subprocess
from pathlib import Path

import psutil
import psycopg
import redis

from engage_portal.core import clock
from tests.bench.running import POSTGRES, REDIS
from tests.flows.running import ROOT


def facts(*, is_quick: bool) -> dict[str, str]:
    """The machine, the versions, the day, the commit."""
    memory = psutil.virtual_memory().total / 2**30
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return {
        "Date": f"{clock.now():%Y-%m-%d %H:%M} UTC",
        "Commit": _commit(),
        "Machine": f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}",
        "Python": platform.python_version(),
        "Databases": ", ".join(_versions()),
        "Load before the run": f"{busy} (1, 5, 15 minutes)",
        "Run": "quick, with fewer items and rounds than `make bench`" if is_quick else "full",
    }


def _commit() -> str:
    commit = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/benchmarks.*")
    return f"{commit} with uncommitted changes" if changed else commit


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or ("unknown" if done.returncode else "")


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _versions() -> list[str]:
    found = [f"SQLite {sqlite3.sqlite_version}"]
    with contextlib.suppress(psycopg.Error), psycopg.connect(POSTGRES, connect_timeout=3) as connection:
        row = connection.execute("SHOW server_version").fetchone()
        found.append(f"PostgreSQL {str(row[0]).split()[0]}" if row else "PostgreSQL")
    with contextlib.suppress(redis.RedisError):
        found.append(f"Redis {redis.Redis.from_url(REDIS, socket_connect_timeout=3).info()['redis_version']}")
    return found
