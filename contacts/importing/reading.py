"""Reading files: a first pass that checks and counts, a second one that puts the records into the copy, in pieces.

The position advances in the transaction of the piece, so whatever ends a reader, the next one goes on where it was.
Whatever is wrong with a file is found in the first pass, which changes nothing.
"""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
from django.db import IntegrityError, OperationalError, connection, transaction

from contacts.importing import turns
from contacts.importing.intake import check_level, discard
from contacts.importing.readers import Piece, Reader, readers
from contacts.importing.reporting import Report
from contacts.importing.turns import Lease, LostLeaseError
from contacts.models import ExportFile
from engage_portal.core import clock
from engage_portal.engage.xml import UnreadableExportError

_TRIES = 4
_LOG_PAGES = 20_000
"""Of 4 KiB."""

log = structlog.get_logger(__name__)
Seen = Callable[[ExportFile], None]


def read_next(*, is_over: Callable[[], bool] = lambda: False, seen: Seen | None = None) -> ExportFile | None:
    """Read the file whose turn it is, until it is done or rejected, or `is_over` says so after a piece.

    Returns the file as it is then; None where of each kind no file waits, another process reads, or a rejected one is
    in the way. `seen` is called with the file after each piece. Raises ImportRefusedError below level 3. May run at
    the same time as another: of each kind one of them reads.
    """
    check_level()
    for reader in readers():
        reading = reader()
        lease = turns.claim(reader.kind)
        if lease is not None:
            return _read(reading, lease, is_over, seen or (lambda _file: None))
    return None


def _read(reader: Reader, lease: Lease, is_over: Callable[[], bool], seen: Seen) -> ExportFile:
    file = lease.file
    with suppress(LostLeaseError):
        try:
            _Run(reader, lease, seen).go(is_over)
        except UnreadableExportError as error:
            _reject(lease, str(error))
        except FileNotFoundError:
            _reject(lease, "The file is gone.")
    file.refresh_from_db()
    return file


def _reject(lease: Lease, problem: str) -> None:
    """Change nothing, and let those after it wait: their order matters."""
    lease.end(state=ExportFile.State.REJECTED, problem=problem[:300], report={}, total=0, position=0)
    log.error("export rejected", kind=lease.file.kind, file=str(lease.file.pk), problem=problem)


class _Run:
    """One reader with one file."""

    def __init__(self, reader: Reader, lease: Lease, seen: Seen) -> None:
        self._reader, self._lease, self._file, self._seen = reader, lease, lease.file, seen

    def go(self, is_over: Callable[[], bool]) -> None:
        """Read on. Raises UnreadableExportError, LostLeaseError and OSError."""
        if not self._file.report:
            self._check()
        if self._put_in(is_over):
            self._finish()
        else:
            self._lease.end()

    def _check(self) -> None:
        """The first pass."""
        said = clock.now()

        def alive(_total: int) -> None:
            nonlocal said
            if clock.now() - said > turns.LEASE / 4:
                self._lease.renew()
                said = clock.now()
            self._seen(self._file)

        with Path(self._file.path).open("rb") as stream:
            found = self._reader.survey(stream, seen=alive)
        if found.digest != self._file.digest:
            raise UnreadableExportError("The file was changed after it was taken in.")
        report = Report()
        for sentence in self._reader.alarms(self._file, found):
            report.alarm(sentence)
            log.warning("export", kind=self._file.kind, file=str(self._file.pk), alarm=sentence)
        self._file.total = found.total
        self._file.report = report.document()
        self._lease.renew(total=found.total, report=self._file.report)
        self._seen(self._file)

    def _put_in(self, is_over: Callable[[], bool]) -> bool:
        """The second pass; True where it came to the end."""
        with Path(self._file.path).open("rb") as stream, _unswept(), _rare_checkpoints():
            for piece in _ahead(self._reader.pieces(self._file, stream)):
                self._put(piece)
                gc.collect(0)
                self._seen(self._file)
                if is_over():
                    break
        return self._file.position >= self._file.total

    def _put(self, piece: Piece) -> None:
        """One piece, again where somebody else wrote the same contacts at the same moment."""
        for tries in range(1, _TRIES + 1):
            try:
                return self._put_once(piece, is_again=tries > 1)
            except (IntegrityError, OperationalError):  # the latter is a deadlock, which PostgreSQL ends
                if tries == _TRIES:
                    raise
        return None

    def _put_once(self, piece: Piece, *, is_again: bool) -> None:
        piece.look()
        with transaction.atomic():
            _trust_the_position()
            piece.write(ids_may_be_taken=is_again)
            report = Report.of(self._file.report)
            report.add(piece.report)
            document = report.document()
            self._lease.renew(position=piece.position, report=document)
        self._file.position, self._file.report = piece.position, document

    def _finish(self) -> None:
        report = Report.of(self._file.report)
        self._lease.renew()
        done_with = self._reader.finish(self._file, report)
        self._file.report = report.document()
        self._lease.end(
            state=ExportFile.State.DONE, finished_at=clock.now(), problem="", report=self._file.report
        )
        log.info("export read", kind=self._file.kind, file=str(self._file.pk), total=self._file.total)
        for file in done_with:
            discard(file)


def _ahead(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The same pieces. The next one is made in a thread of its own while PostgreSQL writes this one.

    SQLite works in this process and asks for the interpreter's lock after each row: a second thread would slow it down.
    """
    if connection.vendor == "sqlite":
        yield from pieces
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="export") as making:
        following = making.submit(next, pieces, None)
        while (piece := following.result()) is not None:
            following = making.submit(next, pieces, None)
            yield piece


@contextmanager
def _unswept() -> Iterator[None]:
    """Without the garbage collector, which would look through each piece's thousands of objects ten times."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _rare_checkpoints() -> Iterator[None]:
    """On SQLite a piece touches more pages than its log may grow by: it would be written back after each."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_autocheckpoint")
        (before,) = cursor.fetchone()
        cursor.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA wal_autocheckpoint = {int(before)}")


def _trust_the_position() -> None:
    """A lost commit is done again from the position that was lost with it: no need to wait for the disk each time."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")
