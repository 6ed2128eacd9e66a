"""Starting the project's own programs with an environment of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOUND = {
    "SECRET_KEY": "k" * 60,
    "ENGAGE_BASE_URL": "https://acme.voyado.com",
    "ENGAGE_API_KEY": "some-key",
    "ALLOWED_HOSTS": "portal.example.com",
}


def environment(home: Path, **changes: str | None) -> dict[str, str]:
    """A sound production environment with some variables changed; None takes one away."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    given: dict[str, str | None] = {**SOUND, "DATABASE_URL": f"sqlite:///{home}/db.sqlite3", **changes}
    return {**kept, **{name: value for name, value in given.items() if value is not None}}


def run(
    arguments: list[str], home: Path, *, cwd: Path = ROOT, **changes: str | None
) -> subprocess.CompletedProcess[str]:
    """Run our Python with some arguments and wait for its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment(home, **changes),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
