"""Runs commands of `manage.py` in this process, and `outbox` in one of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    out: str
    err: str
    code: int

    @property
    def document(self) -> Any:
        """The JSON document that is all of stdout."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """The cells of each line."""
        return [line.split("\t") for line in self.out.splitlines()]


class Keyboard(StringIO):
    """Somebody who sits at a terminal and types."""

    def isatty(self) -> bool:
        return True


def said_by(command: str, *arguments: object) -> Said:
    """Run a command of `manage.py` in this process."""
    out, err = StringIO(), StringIO()
    try:
        call_command(command, *map(str, arguments), stdout=out, stderr=err)
    except CommandError as error:
        return Said(out.getvalue(), f"{err.getvalue()}{error}", error.returncode)
    return Said(out.getvalue(), err.getvalue(), 0)


def outbox(*arguments: object) -> Said:
    """Run a subcommand in this process."""
    return said_by("outbox", *arguments)


def environment(database: Path, engage_url: str) -> dict[str, str]:
    """What a deployment would set."""
    kept = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "PYTHONPATH": str(ROOT),
        "DEBUG": "true",
        "SECRET_KEY": "processes-" + "k" * 50,
        "DATABASE_URL": f"sqlite:///{database}",
        "ENGAGE_BASE_URL": engage_url,
        "ENGAGE_API_KEY": "tests",
        "ENGAGE_READ_TIMEOUT": "5",
        "TERM": "xterm",
    }


def command(*arguments: str) -> list[str]:
    """The command line of a subcommand."""
    return [sys.executable, str(ROOT / "manage.py"), "outbox", *arguments]


def process(database: Path, engage_url: str, *arguments: str, typed: str = "") -> Said:
    """Run a subcommand as a process whose stdin is a pipe."""
    done = subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=environment(database, engage_url),
        input=typed,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return Said(done.stdout, done.stderr, done.returncode)
