"""The folders of a tenant's FTP account on this machine's disk [A3, A6; the others inferred, files.md §1.2]."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

CONTACTS, TRANSACTIONS, REDEMPTIONS = "contacts", "transactions", "redemptions"
IMPORTS = {
    CONTACTS: "integration/contactImport",
    TRANSACTIONS: "integration/transactionImport",
    REDEMPTIONS: "integration/redeemedPromotionImport",
}
MEMBERS, PROMOTIONS = "members", "promotions"
EXPORTS = {MEMBERS: "integration/customerExport", PROMOTIONS: "integration/promotionExport"}
_ENDING = ".xml"


class Folders:
    """The folder tree below one root. Making it may be repeated."""

    def __init__(self, root: Path) -> None:
        """Make the folders that are missing. Raises OSError where that is not possible."""
        self.root = root.resolve()
        for folder in (*IMPORTS.values(), *EXPORTS.values()):
            (self.root / folder).mkdir(parents=True, exist_ok=True)

    def waiting(self, kind: str) -> list[Path]:
        """What the import job would take from a folder, by name; other endings are still being uploaded."""
        return _files(self.root / IMPORTS[kind])

    def unfinished(self, kind: str) -> list[Path]:
        """What lies in an import folder and is ignored for its name."""
        found = (self.root / IMPORTS[kind]).iterdir()
        return sorted(one for one in found if one.is_file() and not _is_xml(one))

    def exports(self) -> list[Path]:
        """Every export, the newest first."""
        found = [one for folder in EXPORTS.values() for one in _files(self.root / folder)]
        return sorted(found, key=lambda one: one.name, reverse=True)

    def write(self, kind: str, name: str, content: Callable[[TextIO], None]) -> None:
        """Write an export so that a reader sees all of it or nothing. Raises OSError; then nothing is left."""
        target = self.root / EXPORTS[kind] / name
        unfinished = target.with_name(f"{name}.part")
        try:
            with unfinished.open("w", encoding="utf-8", newline="") as out:
                content(out)
                out.flush()
                os.fsync(out.fileno())
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)

    def empty(self) -> None:
        """Throw away every import and export file."""
        for folder in (*IMPORTS.values(), *EXPORTS.values()):
            for one in _files(self.root / folder):
                one.unlink(missing_ok=True)


def _files(folder: Path) -> list[Path]:
    """The XML files of a folder by name; a folder that somebody deleted is made again."""
    folder.mkdir(parents=True, exist_ok=True)
    return sorted(one for one in folder.iterdir() if one.is_file() and _is_xml(one))


def _is_xml(path: Path) -> bool:
    return path.name.lower().endswith(_ENDING)
