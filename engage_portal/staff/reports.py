"""What came of an import, ready for the template."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contacts.models import ExportFile

_TONES = {
    ExportFile.State.WAITING: "wait",
    ExportFile.State.RUNNING: "info",
    ExportFile.State.DONE: "good",
    ExportFile.State.REJECTED: "bad",
    ExportFile.State.PASSED: "info",
}
_OUTCOMES = ("new", "changed", "unchanged", "deleted", "skipped")


@dataclass(frozen=True, slots=True)
class Row:
    """One file."""

    file: ExportFile
    tone: str
    counts: list[tuple[str, int]]
    """Outcome → how many, without those that are none."""
    reasons: list[tuple[str, int]]
    """The most frequent first."""
    alarms: list[str]
    missing: int
    """How many of the copy are not in a file that lists everybody."""

    @property
    def is_running(self) -> bool:
        """Whether it is being read, with a number to count up to."""
        return self.file.state == ExportFile.State.RUNNING and self.file.total > 0


def row_of(file: ExportFile) -> Row:
    """A file with its report; a report that is not finished may lack anything."""
    report: Mapping[str, Any] = file.report
    reasons: Mapping[str, int] = report.get("reasons") or {}
    missing = report.get("missing") or {}
    return Row(
        file=file,
        tone=_TONES[ExportFile.State(file.state)],
        counts=[(name, int(report[name])) for name in _OUTCOMES if report.get(name)],
        reasons=sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0])),
        alarms=[str(alarm) for alarm in report.get("alarms") or ()],
        missing=int(missing.get("count") or 0),
    )
