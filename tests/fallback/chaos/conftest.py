"""A portal with files of all three kinds, an Engage that imports them, and processes that may be killed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.fallback.chaos.day import Day, prepared
from tests.flows.running import ROOT

_GIVEN = ("SFTP_URL", "DROPBOX_FOLDER", "SPOOL_FOLDER", "SPOOL_MAX_RECORDS", "ENGAGE_FILE_PROFILE")
Tenders = Callable[..., list[int]]


@pytest.fixture
def day(engage: Any, settings: Any, tmp_path: Path) -> Iterator[Day]:
    """An Engage that has been away for hours, whose import folders are a plain folder."""
    with prepared(engage, settings, tmp_path) as made:
        settings.SFTP_URL, settings.DROPBOX_FOLDER = "", str(made.root)
        made.goes_away()
        yield made


@pytest.fixture(scope="module")
def parent(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The process whose forks tend, on this test's database."""
    log = tmp_path_factory.mktemp("tenders") / "log"
    with (
        log.open("w") as told,
        subprocess.Popen(
            [sys.executable, "-m", "tests.fallback.chaos.tend_once"],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": _database()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", log.read_text()
        yield process, log


@pytest.fixture
def tenders(parent: Any, settings: Any) -> Tenders:
    """Has processes tend at the same time, each of which dies at its place; how they ended."""
    process, log = parent

    def run(*places: str) -> list[int]:
        asked = {"places": places, "given": {name: getattr(settings, name) for name in _GIVEN}}
        process.stdin.write(f"{json.dumps(asked)}\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        ends: list[int] = json.loads(answer)
        if 1 in ends:
            raise AssertionError(log.read_text())
        return ends

    return run


def _database() -> str:
    """Where the tests' own database is."""
    known: dict[str, Any] = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    password = f":{known['PASSWORD']}" if known["PASSWORD"] else ""
    return f"postgres://{known['USER']}{password}@{known['HOST']}:{known['PORT']}/{known['NAME']}"
