"""What happens in the process that imports: ours, or the bare one. Answers seconds, peak memory and what was found."""

import time
from pathlib import Path
from typing import Any

from django.db import connection

from contacts.importing import Report, read_next, take_file
from contacts.models import Contact, ExportFile
from tests.bench import bare_import
from tests.bench.peak import peak_memory


def ours(path: str) -> dict[str, Any]:
    """The portal's own import of a file, from taking it in to the end."""
    before = _writes()
    began = time.perf_counter()
    file = take_file(Path(path), by="bench", origin=ExportFile.Origin.COMMAND)
    while read_next() is not None:
        pass
    seconds = time.perf_counter() - began
    file.refresh_from_db()
    if file.state != ExportFile.State.DONE:
        raise SystemExit(f"{file.state}: {file.problem}")
    report = Report.of(file.report)
    return {
        "seconds": seconds,
        "peak": peak_memory(),
        "new": report.new,
        "unchanged": report.unchanged,
        "total": file.total,
        "rows_written": _writes() - before,
    }


def bare(path: str) -> dict[str, Any]:
    """The least that could be done."""
    connection.ensure_connection()
    began = time.perf_counter()
    count = bare_import.run(Path(path))
    return {"seconds": time.perf_counter() - began, "peak": peak_memory(), "total": count}


def empty() -> int:
    """Forget all contacts and files."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("TRUNCATE contacts_contact, contacts_exportfile CASCADE")
        else:
            ExportFile.objects.all().delete()
            cursor.execute("DELETE FROM contacts_contact")
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Contact.objects.count()


def _writes() -> int:
    """Rows of contacts that were ever written, as PostgreSQL counts them; SQLite does not count."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE relname = 'contacts_contact'"
        )
        return int(cursor.fetchone()[0])
