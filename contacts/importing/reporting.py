"""What came of a file: numbers, reasons and alarms. Nothing personal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_MOST_ALARMS = 50


@dataclass(slots=True)
class Report:
    """What `ExportFile.report` holds. The five outcomes together are the records that were dealt with."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    skipped: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Why records were skipped, or changed nothing, or only in part → how many."""
    alarms: list[str] = field(default_factory=list)
    """Sentences that somebody should read."""
    missing: dict[str, Any] | None = None
    """Of a complete export: `count` of those who are not in it, and `ids` of ours of the first of them."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Report":
        """From what is stored."""
        return cls(**document)

    def document(self) -> dict[str, Any]:
        """To be stored."""
        return {
            "new": self.new,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "deleted": self.deleted,
            "skipped": self.skipped,
            "reasons": dict(self.reasons),
            "alarms": list(self.alarms),
            "missing": self.missing,
        }

    def add(self, other: "Report") -> None:
        """Add the numbers of another piece of the same file."""
        self.new += other.new
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.deleted += other.deleted
        self.skipped += other.skipped
        for reason, number in other.reasons.items():
            self.because(reason, number)

    def because(self, reason: str, number: int = 1) -> None:
        """Count a reason."""
        self.reasons[reason] = self.reasons.get(reason, 0) + number

    def alarm(self, sentence: str) -> None:
        """Say something once."""
        if sentence not in self.alarms and len(self.alarms) < _MOST_ALARMS:
            self.alarms.append(sentence)
