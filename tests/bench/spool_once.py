"""The files of a long outage in one process: claimed, then written and checked."""

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from engage_portal.core.clock import Deadline
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool.starting import start
from engage_portal.fallback.spool.writing import write_next
from tests.bench.peak import peak_memory


def claim_and_write(folder: str) -> dict[str, Any]:
    """Everything that waits. Queries are counted while it claims."""
    settings.SPOOL_FOLDER, queries = str(Path(folder) / "spool"), [0]

    def count(execute: Any, *arguments: Any) -> Any:
        queries[0] += 1
        return execute(*arguments)

    began = time.perf_counter()
    with connection.execute_wrapper(count):
        claimed = start(by="bench", end=Deadline.after(3600)).items
    claiming = time.perf_counter() - began
    while write_next() is not None:
        continue
    seconds = time.perf_counter() - began
    if problems := SpoolFile.objects.exclude(state=SpoolFile.State.READY).count():
        raise SystemExit(f"{problems} files are not ready")
    return {
        "claimed": claimed,
        "claiming": claiming,
        "writing": seconds - claiming,
        "queries": queries[0],
        "files": SpoolFile.objects.count(),
        "peak": peak_memory(),
    }
