import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.processes
def test_it_needs_neither_django_nor_our_client():
    """It must start in a blink, and must not copy the client's mistakes."""
    program = (
        "import sys; import engage_portal.sandbox.__main__;"
        "print([name for name in sys.modules if name.startswith(('django', 'httpx', 'lxml', 'msgspec', 'paramiko', 'engage_portal.'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = done.stdout.strip("[]\n").replace("'", "").split(", ")
    allowed = ("engage_portal.core", "engage_portal.sandbox")
    assert [name for name in loaded if not name.startswith(allowed)] == []
