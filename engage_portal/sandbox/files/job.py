"""The import and export jobs: on an interval, and at once when asked."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from engage_portal.sandbox.files import (
    contact_export,
    contact_import,
    promotion_export,
    redemption_import,
    transaction_import,
)
from engage_portal.sandbox.files import report as reports
from engage_portal.sandbox.files.folders import CONTACTS, REDEMPTIONS, TRANSACTIONS, Folders
from engage_portal.sandbox.files.reading import MajorError
from engage_portal.sandbox.files.report import Report
from engage_portal.sandbox.state import Engage, utc

_LOOK = 0.5
# Nobody says in which order Engage's jobs run. Transactions first is the worst for a sender that did not wait until
# its contacts were picked up, so that is how they run here.
_IMPORTERS: dict[str, Callable[[Engage, Path, Report], None]] = {
    TRANSACTIONS: transaction_import.apply,
    CONTACTS: contact_import.apply,
    REDEMPTIONS: redemption_import.apply,
}


def run_due(engage: Engage) -> None:
    """Run both jobs if their time has come. The first run is one interval after the first look."""
    if engage.folders is None:
        return
    last = engage.store.get("meta", "file_job")
    is_due = last and engage.now() >= utc(last["ranAt"]) + timedelta(seconds=engage.settings.file_interval)
    if last is None or is_due:
        engage.store.put("meta", "file_job", {"ranAt": engage.now().isoformat()})
    if not is_due:
        return
    try:
        if engage.settings.imports_run:
            run_imports(engage)
        run_exports(engage)
    except OSError as error:
        engage.note("error", f"The folders cannot be used: {error.strerror}")


def run_imports(engage: Engage) -> None:
    """Import and delete every file that waits. Raises ValueError where this sandbox has no folder."""
    folders = folders_of(engage)
    with engage.lock:
        for kind in _IMPORTERS:
            for path in folders.waiting(kind):
                _import(engage, kind, path)


def run_exports(engage: Engage) -> list[str]:
    """Write what changed since the last time; answers the files' names. Raises ValueError where there is no folder."""
    folders = folders_of(engage)
    with engage.lock:
        try:
            return [*contact_export.write(engage, folders), *promotion_export.write(engage, folders)]
        except OSError as error:
            engage.note("error", f"Export not written, the next run tries again: {error.strerror}")
            return []
        finally:
            engage.store.commit()


def folders_of(engage: Engage) -> Folders:
    """The folders. Raises ValueError where this sandbox has none."""
    if engage.folders is None:
        raise ValueError("this sandbox has no import folder; start it with --files DIR")
    return engage.folders


def _import(engage: Engage, kind: str, path: Path) -> None:
    """Import one file, all of it or nothing, and delete it. Killed in between it is imported again: nothing doubles."""
    engage.store.commit()
    report = Report()
    try:
        _IMPORTERS[kind](engage, path, report)
    except MajorError as reason:
        engage.store.rollback()
        report = Report(failed=str(reason))
    except OSError as error:
        engage.store.rollback()
        engage.note("error", f"File {path.name} cannot be read and stays: {error.strerror}")
        return
    except BaseException:
        engage.store.rollback()
        raise
    reports.keep(engage, kind, path.name, report)
    engage.store.commit()
    path.unlink(missing_ok=True)


class Ticker:
    """Lets the jobs run although nobody asks the sandbox for anything."""

    def __init__(self, engage: Engage) -> None:
        self._engage = engage
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-files", daemon=True)

    def start(self) -> None:
        """Begin to look whether something is due."""
        self._thread.start()

    def close(self) -> None:
        """Stop, after a run that is under way."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(_LOOK):
            self._engage.settle()
