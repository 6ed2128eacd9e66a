"""One piece of a file, put into the copy: the plain cases in memory and in bulk, the odd ones one by one.

The caller's transaction holds all of it, with the file's new position.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from contacts.importing import odd, rows, writing
from contacts.importing.reporting import Report
from contacts.importing.rows import MEMBER, Row
from contacts.importing.values import CONTACT_ID, Plan, guid, key_of, keys_of, news
from contacts.models import KEY_FIELDS
from engage_portal.engage.xml import Record, Section

_LONGEST_STORE, _LONGEST_SOURCE = 100, 60
_WAITS = "somebody who signed up here waits to be linked"


@dataclass(slots=True)
class Entry:
    """One record, taken apart."""

    is_deletion: bool
    source: str
    engage_id: str
    key: str
    """The tenant's key, normalised; empty where the record has none."""
    theirs: dict[str, Any]


Survives = Callable[[int, str, str], bool]
"""Tells whether the export has, after a position, a person of this id who lives on under another key than this one."""


class Piece:
    """Some records of a file that shows Engage as it was at `as_of`."""

    def __init__(
        self, records: Sequence[Record], *, plan: Plan, as_of: datetime, position: int, survives: Survives
    ) -> None:
        """Needs no database, so that a thread can do it while the piece before this one is written."""
        self.position = position
        """How many records of the file are dealt with once this piece is."""
        self.report = Report()
        self._plan, self._as_of, self._survives = plan, as_of, survives
        self._key_column = rows.key_column()
        self._key_name = next(name for name, column in KEY_FIELDS.items() if column == self._key_column)
        self._by_id: dict[str, Row] = {}
        self._by_key: dict[str, Row] = {}
        self._touched: dict[str, Row] = {}
        self._all = [entry for record in records if (entry := self._entry(record))]
        self._unusable = self.report

    # ── Before the transaction ──

    def look(self) -> None:
        """Load what the records are about and drop what is known already. Needs no transaction; may run again."""
        self.report, self._entries, self._touched = (
            replace(self._unusable, reasons={**self._unusable.reasons}),
            self._all,
            {},
        )
        self._load(self._entries, is_locked=False)
        often = _repeated(entry.engage_id for entry in self._entries)
        # Whoever is meant by a key alone may be somebody whom another record means by the id.
        if all(entry.engage_id for entry in self._entries):
            self._entries = [
                entry for entry in self._entries if entry.engage_id in often or not self._is_known(entry)
            ]

    def _entry(self, record: Record) -> Entry | None:
        fields = record.fields
        theirs, invalid = self._plan.flat(fields)
        if invalid:
            self.report.because("a field has an invalid value", invalid)
        written = fields.get(CONTACT_ID, "")
        engage_id = guid(written) if written else ""
        key = key_of(self._key_column, fields.get(self._key_name))
        if written and not engage_id:
            self._skip("contactId is no GUID")
            return None
        if not engage_id and not key:
            self._skip("no contactId and no key")
            return None
        return Entry(record.section is Section.DELETED, record.source, engage_id, key, theirs)

    def _skip(self, reason: str) -> None:
        self.report.skipped += 1
        self.report.because(reason)

    def _load(self, entries: Sequence[Entry], *, is_locked: bool) -> None:
        self._by_id = rows.with_ids({entry.engage_id for entry in entries} - {""}, is_locked=is_locked)
        wanted = {entry.key for entry in entries if self._needs_key(entry)}
        self._by_key = rows.with_keys(wanted, is_locked=is_locked)
        for key, row in self._by_key.items():
            self._by_key[key] = self._by_id.setdefault(row.engage_id, row) if row.engage_id else row

    def _needs_key(self, entry: Entry) -> bool:
        """Whether it matters who has the entry's key now."""
        if not entry.engage_id:
            return True
        row = self._by_id.get(entry.engage_id)
        return not entry.is_deletion and (row is None or row.keys[self._key_column] != entry.key)

    def _is_known(self, entry: Entry) -> bool:
        """Count and drop an entry that changes nothing, whatever the others do."""
        row = self._row(entry)
        if entry.is_deletion:
            return self._is_gone(row)
        if row is None or row.is_deleted or row.is_alias or row.contact_type != MEMBER:
            return False
        if self._is_older(row):
            self._nothing("older than the copy")
            return True
        has_moved = bool(entry.key) and row.keys[self._key_column] != entry.key
        if has_moved or news(entry.theirs, row.snapshot, is_whole=row.is_whole):
            return False
        self._nothing("")
        return True

    def _is_gone(self, row: Row | None) -> bool:
        if row is not None and row.engage_id and not row.is_deleted:
            return False
        self._nothing("" if row is not None and row.is_deleted else "deleted, and nobody here")
        return True

    def _row(self, entry: Entry) -> Row | None:
        return self._by_id.get(entry.engage_id) if entry.engage_id else self._by_key.get(entry.key)

    def _is_older(self, row: Row) -> bool:
        return row.as_of is not None and row.as_of > self._as_of

    def _nothing(self, reason: str) -> None:
        self.report.unchanged += 1
        if reason:
            self.report.because(reason)

    # ── In the transaction ──

    def write(self, *, ids_may_be_taken: bool = False) -> None:
        """Put in what is left, in document order. Raises IntegrityError where somebody else was faster."""
        if self._by_id or self._by_key:
            self._load(self._entries, is_locked=True)
        ids = {entry.engage_id for entry in self._entries} - {""}
        taken = rows.taken_ids(ids) if ids_may_be_taken else ()
        for entry in self._entries:
            if entry.is_deletion:
                self._delete(entry)
            else:
                self._put(entry, taken)
        self._flush()

    def _put(self, entry: Entry, taken: Collection[str]) -> None:
        row = self._row(entry)
        holder = self._by_key.get(entry.key) if entry.key else None
        if holder is not None and holder is not row and entry.engage_id and self._moves(entry, row, holder):
            return
        if row is None:
            self._create(entry, taken)
        elif self._is_older(row):
            self._nothing("older than the copy")
        elif not row.engage_id:
            self._nothing(_WAITS)
        elif row.is_plain:
            self._change(entry, row)
        else:
            self._carefully(entry, row)

    def _create(self, entry: Entry, taken: Collection[str]) -> None:
        if not entry.engage_id:
            self._skip("no contactId, and nobody here has the key")
            return
        theirs = entry.theirs
        row = Row(
            pk=uuid4().hex if entry.engage_id in taken else entry.engage_id,
            engage_id=entry.engage_id,
            contact_type=MEMBER,
            keys=keys_of(theirs),
            snapshot=theirs,
            as_of=self._as_of,
            source=entry.source[:_LONGEST_SOURCE],
            created_in_store=theirs.get("createdInStore", "")[:_LONGEST_STORE],
            is_new=True,
        )
        self.report.new += 1
        self._remember(row)

    def _change(self, entry: Entry, row: Row) -> None:
        theirs = news(entry.theirs, row.snapshot, is_whole=row.is_whole)
        if (
            not theirs
            and row.contact_type == MEMBER
            and (not entry.key or row.keys[self._key_column] == entry.key)
        ):
            self._nothing("")
            return
        before = row.keys[self._key_column]
        row.contact_type = MEMBER
        row.snapshot = {**row.snapshot, **theirs}
        row.keys |= {
            column: key_of(column, entry.theirs[name])
            for name, column in KEY_FIELDS.items()
            if name in entry.theirs
        }
        row.as_of = self._as_of
        if before != row.keys[self._key_column] and self._by_key.get(before) is row:
            del self._by_key[before]
        self.report.changed += 1
        self._remember(row)

    def _remember(self, row: Row) -> None:
        self._touched[row.pk] = row
        self._by_id[row.engage_id] = row
        if key := row.keys[self._key_column]:
            self._by_key[key] = row

    def _flush(self) -> None:
        """Write what was decided so far: what comes next reads the database."""
        touched = self._touched.values()
        writing.insert([row for row in touched if row.is_new])
        writing.update([row for row in touched if not row.is_new])
        for row in touched:
            row.is_new = False
        self._touched = {}

    # ── One by one ──

    def _carefully(self, entry: Entry, row: Row) -> None:
        self._flush()
        if odd.merge_into(row.pk, entry.theirs, as_of=self._as_of):
            self.report.changed += 1
        else:
            self._nothing("")
        self._reload(entry)

    def _moves(self, entry: Entry, row: Row | None, holder: Row) -> bool:
        """Whether the key's holder is the entry's person under another id, and was made so."""
        if self._is_older(holder) or (row is not None and self._is_older(row)):
            return False
        if not holder.engage_id:
            self.report.because(_WAITS)
            return False
        if self._lives_on(holder, entry) or self._survives(self.position, holder.engage_id, entry.key):
            return False
        self._flush()
        odd.move_key(
            holder.pk,
            to=entry.engage_id,
            known_as=row.pk if row else None,
            theirs=entry.theirs,
            as_of=self._as_of,
        )
        self.report.changed += 1
        self.report.because("the key belongs to another contactId now")
        self._by_id.pop(holder.engage_id, None)
        self._reload(entry)
        return True

    def _lives_on(self, holder: Row, entry: Entry) -> bool:
        """Whether this piece itself has, after the entry, a record of the holder without this key."""
        after = self._entries[self._entries.index(entry) + 1 :]
        return any(
            other.engage_id == holder.engage_id
            and not other.is_deletion
            and other.key != entry.key  # another one, or none any more
            for other in after
        )

    def _delete(self, entry: Entry) -> None:
        row = self._row(entry)
        if self._is_gone(row) or row is None:
            return
        if self._is_older(row):
            self._nothing("older than the copy")
            return
        self._flush()
        odd.forget(row.pk, row.engage_id, as_of=self._as_of)
        self.report.deleted += 1
        for key in [key for key, other in self._by_key.items() if other is row]:
            del self._by_key[key]
        self._by_id |= rows.with_ids({row.engage_id}, is_locked=True)

    def _reload(self, entry: Entry) -> None:
        """The row as the database has it now."""
        found = rows.with_ids({entry.engage_id}, is_locked=True) if entry.engage_id else {}
        self._by_id |= found
        self._by_key |= rows.with_keys({entry.key}, is_locked=True)
        for row in found.values():
            if self._by_key.get(entry.key) is not None and self._by_key[entry.key].pk == row.pk:
                self._by_key[entry.key] = row


def _repeated(ids: Any) -> set[str]:
    seen: set[str] = set()
    often: set[str] = set()
    for each in ids:
        (often if each in seen else seen).add(each)
    return often - {""}
