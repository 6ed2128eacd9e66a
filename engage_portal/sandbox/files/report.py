"""What became of a file: the integration log, which people see in Engage and nobody outside [A4, A5]."""

from dataclasses import asdict, dataclass, field

from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.state import Engage

KEPT_LINES = 200
KEPT_FILES = 500


@dataclass
class Report:
    """Counts and reasons of one file. Reasons name records and fields by number and name, never a value of a person."""

    taken: int = 0
    skipped: int = 0
    dropped: int = 0
    failed: str = ""
    lines: list[str] = field(default_factory=list)
    unwritten: int = 0

    def skip(self, number: int, reason: str) -> None:
        """A record was left out."""
        self.skipped += 1
        self.say(f"record {number} skipped: {reason}")

    def drop(self, number: int, reason: str) -> None:
        """A field of a record was left out."""
        self.dropped += 1
        self.say(f"record {number}, field dropped: {reason}")

    def say(self, line: str) -> None:
        """A line of the log; after the first few hundred they are only counted."""
        if len(self.lines) < KEPT_LINES:
            self.lines.append(line)
        else:
            self.unwritten += 1

    @property
    def words(self) -> str:
        """The outcome in one line."""
        if self.failed:
            return f"the whole file was skipped: {self.failed}"
        parts = [f"{self.taken} taken"]
        if self.skipped:
            parts.append(f"{self.skipped} skipped")
        if self.dropped:
            parts.append("1 field dropped" if self.dropped == 1 else f"{self.dropped} fields dropped")
        return ", ".join(parts)


def keep(engage: Engage, kind: str, name: str, report: Report) -> None:
    """Write a file's outcome into the integration log; the oldest ones go."""
    number = engage.next_number("file")
    record: Record = {
        **asdict(report),
        "words": report.words,
        "at": engage.now().isoformat(),
        "kind": kind,
        "name": name,
    }
    engage.store.put("file", str(number), record)
    engage.store.remove("file", str(number - KEPT_FILES))
    is_clean = not (report.failed or report.skipped or report.dropped)
    engage.note("info" if is_clean else "error", f"File {name}: {report.words}")


def log(engage: Engage) -> list[Record]:
    """What became of each file, oldest first: name, kind, at, words, and the report's own."""
    return list(engage.store.all("file").values())
