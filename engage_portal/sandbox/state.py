"""The stand-in Engage itself: its records, its clock, its settings, and what tests want to ask it."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engage_portal.core import clock
from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.contact_rules import CONTACT_TYPES, KEY_ATTRIBUTES, normalised_key
from engage_portal.sandbox.faults import Faults
from engage_portal.sandbox.files.folders import Folders
from engage_portal.sandbox.store import Store
from engage_portal.sandbox.watch import UncheckedRepeat, Watch

KEPT_LOG = 1000
KEPT_REQUESTS = 20_000


def _tenant_zone() -> tzinfo:
    """The tenant's local time: api.md §3 has local times with an offset."""
    try:
        return ZoneInfo("Europe/Stockholm")
    except ZoneInfoNotFoundError:  # a container without zone data
        return timezone(timedelta(hours=1))


TENANT_ZONE = _tenant_zone()


class SeenRequest(NamedTuple):
    """One request for the API and its answer; status 0 = none. Never a query: it holds personal data."""

    method: str
    path: str
    key: str
    status: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Settings:
    """How this tenant behaves where Engage's documents leave it open, or where a demo wants a choice."""

    import_delay: float = 2.0
    """Seconds from a receipt's 202 to its import (Engage: 15 minutes by default, api.md §10.1)."""
    bulk_delay: float = 2.0
    """Seconds from a batch id to the batch being applied (api.md §7.1)."""
    refuse_article: bool = True
    """Whether a receipt with an article REFUSE is refused with 422."""
    patch_status: int = 200
    """200 with the contact or 202 without a body: both mean success (api.md §6.7)."""
    being_created: bool = False
    """Answer every creation with 409 ContactWithKeyIsBeingCreated (api.md §18, fake server 4)."""
    member_requires: tuple[str, ...] = ()
    """Attributes a contact needs before updateContactType makes it a Member (api.md §6.8)."""
    custom_keys: tuple[str, ...] = ("memberNumber", "externalId")
    """What `customKey` looks at (api.md §6.4: whichever the tenant configured)."""
    changes_limit: int = 250_000
    """Above so many ids contacts/changes answers 400 (api.md §7.3)."""
    changes_status: int = 200
    """200, or the 403 or 404 of a tenant for which contacts/changes is not switched on (api.md §7.3, §16)."""
    webhook_url: str = ""
    """Where changes of contacts are told, signed as Svix does; empty: nowhere (api.md §14)."""
    webhook_secret: str = ""
    """Svix's signing secret, whsec_…; never shown."""
    latency_ms: int = 0
    """Delay before every API answer."""
    file_interval: float = 20.0
    """Seconds between two runs of the import and export jobs (Engage: hourly by default, files.md §1.3)."""
    imports_run: bool = True
    """Whether the import job runs by itself; while it does not, files stay where they are."""
    key_field: str = "externalId"
    """The tenant's key: what contacts in files are known by, and `contactKey` in exports (files.md §2.6, §3.3)."""
    minimum_age: int = 0
    """Younger people are left out of contacts imports (files.md §3.4); 0: the tenant has no such rule."""

    def __post_init__(self) -> None:
        """Refuse a key that is none. Raises ValueError."""
        if self.key_field not in KEY_ATTRIBUTES:
            raise ValueError(f"key_field must be one of {', '.join(KEY_ATTRIBUTES)}")


class Engage:
    """State of the stand-in. All of it is guarded by `lock`, which the app holds around each request."""

    def __init__(self, state_path: Path | None = None, settings: Settings | None = None) -> None:
        self.lock = threading.RLock()
        self.store = Store(state_path)
        self._defaults = settings or Settings()
        self.store.index("contact", "key", _contact_keys)
        for kind in ("transaction", "assignment", "voucher", "account"):
            self.store.index(kind, "contact", lambda record: (record["contactId"],))
        self.store.index("point", "account", lambda record: (record["accountId"],))
        self.store.index("received", "state", lambda record: (record["state"],))
        self.store.index("batch", "state", lambda record: (record["status"],))
        self.faults = Faults(self.store, self.now, self.lock)
        self.watch = Watch(self.store)
        self.requests: deque[SeenRequest] = deque(maxlen=KEPT_REQUESTS)
        self.due_work: list[Callable[[Engage], None]] = []
        self.on_reset: Callable[[], None] | None = None
        self.on_event: Callable[[], None] | None = None
        self.seeder: Callable[[Engage], None] | None = None
        self.folders: Folders | None = None

    # --- time ---

    def now(self) -> datetime:
        """The sandbox's time: the real one plus whatever `advance` added."""
        ahead = self.store.get("meta", "clock")
        return clock.now() + timedelta(seconds=ahead["ahead"] if ahead else 0.0)

    def local_iso(self, moment: datetime | None = None) -> str:
        """A moment as Engage writes it: tenant-local with offset (api.md §3)."""
        return (moment or self.now()).astimezone(TENANT_ZONE).isoformat(timespec="milliseconds")

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock, so that delayed imports and batches fall due."""
        with self.lock:
            ahead = self.store.get("meta", "clock")
            self.store.put("meta", "clock", {"ahead": (ahead["ahead"] if ahead else 0.0) + seconds})
            self.store.commit()
        self.settle()

    # --- settings ---

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        changed = self.store.get("meta", "settings") or {}
        return replace(self._defaults, **{name: _frozen(value) for name, value in changed.items()})

    def configure(self, **changes: Any) -> None:
        """Change settings by name; kept in the state file. Raises TypeError for a name that is none."""
        replace(self._defaults, **changes)
        with self.lock:
            self.store.put("meta", "settings", {**(self.store.get("meta", "settings") or {}), **changes})
            self.store.commit()

    # --- what tests and the page ask ---

    @property
    def contacts(self) -> dict[str, Record]:
        """Contacts by id: contactType, attributes, preferences, consents, approved, createdAt, updatedAt."""
        return self._current("contact")

    @property
    def received(self) -> dict[str, Record]:
        """Every receipt answered with 2xx, by uniqueReceiptId, in order: posted, state, body, contactId.

        `state` is waiting, imported, dropped (see the log) or swallowed (fault `not_processed`).
        """
        return self._current("received")

    @property
    def receipts(self) -> dict[str, Record]:
        """The receipts that reached the history, by uniqueReceiptId, in the order they first came."""
        return {key: record for key, record in self.received.items() if record["state"] == "imported"}

    def posted(self, unique_receipt_id: str) -> int:
        """How often a receipt was taken in (answered, or meant to be answered, with 2xx)."""
        record = self.store.get("received", unique_receipt_id)
        return int(record["posted"]) if record else 0

    @property
    def redemptions(self) -> list[Record]:
        """What was redeemed through the API, in order: kind, id, contactId, channel, name, at."""
        return list(self._current("redemption").values())

    @property
    def log(self) -> list[Record]:
        """The integration log, oldest first: at, level (info, warning, error), text."""
        return list(self._current("log").values())

    @property
    def unchecked_repeats(self) -> list[UncheckedRepeat]:
        """POSTs that came again without a look in between (see `watch`)."""
        with self.lock:
            return self.watch.repeats

    def count_requests(self, method: str, path: str) -> int:
        """How many requests came for a method and exact path, answered or not."""
        return sum(seen.method == method and seen.path == path for seen in list(self.requests))

    # --- for the modules of this package ---

    def note(self, level: str, text: str) -> None:
        """Write a line into the integration log; the oldest ones go."""
        number = self.next_number("log")
        self.store.put("log", str(number), {"at": self.now().isoformat(), "level": level, "text": text})
        if number > KEPT_LOG:
            self.store.remove("log", str(number - KEPT_LOG))

    def next_number(self, counter: str, start: int = 1) -> int:
        """The next number of a sequence."""
        record = self.store.get("counter", counter)
        number = int(record["next"]) if record else start
        self.store.put("counter", counter, {"next": number + 1})
        return number

    def new_id(self) -> str:
        """A fresh GUID."""
        return str(uuid4())

    def with_key(self, attribute: str, value: str, types: Iterable[str] = CONTACT_TYPES) -> list[Record]:
        """The approved contacts of some types that hold a key."""
        names = [_key_name(contact_type, attribute, value) for contact_type in types]
        return [contact for name in names for contact in self.store.find("contact", "key", name)]

    def _current(self, kind: str) -> dict[str, Record]:
        with self.lock:
            self.settle()
            return dict(self.store.all(kind))

    def settle(self) -> None:
        """Let what is due happen: receipts are imported, batches applied. Runs before anything is read."""
        with self.lock:
            for work in self.due_work:
                work(self)
            self.store.commit()

    def reset(self) -> None:
        """Start afresh: data, log, faults, settings, added time, seen and counted requests go, the seeds come back."""
        with self.lock:
            self.store.clear()
            self.store.commit()
            self.faults.reset()
            self.requests.clear()
            if self.folders:
                self.folders.empty()
            if self.on_reset:
                self.on_reset()
            self.seed()

    def seed(self) -> None:
        """Fill in the invented people, where this stand-in has any."""
        with self.lock:
            if self.seeder:
                self.seeder(self)
            self.store.put("meta", "seeded", {"at": self.now().isoformat()})
            self.store.commit()

    def summary(self) -> Record:
        """What `GET /state` answers."""
        with self.lock:
            self.settle()
            return {
                "mode": self.faults.mode,
                "faults": [asdict(fault) for fault in self.faults.active],
                "settings": shown(self.settings),
                "now": self.now().isoformat(),
                "counts": self.counts(),
                "receipts": [_receipt_summary(record) for record in self.received.values()],
                "contacts": [_contact_summary(record) for record in self.contacts.values()],
                "redemptions": self.redemptions,
                "unchecked_repeats": [asdict(repeat) for repeat in self.unchecked_repeats],
            }

    def counts(self) -> dict[str, int]:
        """The counters of the page."""
        return {
            "requests": len(self.requests),
            "contacts": len(self.store.all("contact")),
            "receipts_received": len(self.store.all("received")),
            "receipts_waiting": len(self.store.find("received", "state", "waiting")),
            "receipts_imported": len(self.store.find("received", "state", "imported")),
            "receipts_repeated": sum(record["posted"] - 1 for record in self.store.all("received").values()),
            "redemptions": len(self.store.all("redemption")),
            # A receipt may simply be repeated: its id protects it. Anything else should be looked up first.
            "unchecked_repeats": sum(one.kind != "receipt.post" for one in self.unchecked_repeats),
            "log": len(self.store.all("log")),
        }


def shown(settings: Settings) -> Record:
    """Settings for people and programs; a secret only as whether there is one."""
    return {**asdict(settings), "webhook_secret": "(set)" if settings.webhook_secret else ""}


def utc(text: str) -> datetime:
    """A stored moment."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _key_name(contact_type: str, attribute: str, value: str) -> str:
    return f"{contact_type}|{attribute}|{normalised_key(attribute, value)}"


def _contact_keys(contact: Record) -> list[str]:
    if not contact["approved"]:
        return []
    attributes = contact["attributes"]
    held = [(key, str(attributes[key])) for key in KEY_ATTRIBUTES if attributes.get(key)]
    return [_key_name(contact["contactType"], key, value) for key, value in held]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _receipt_summary(record: Record) -> Record:
    names = (
        "uniqueReceiptId",
        "order",
        "posted",
        "state",
        "storeExternalId",
        "total",
        "currency",
        "contactId",
    )
    return {
        **{name: record[name] for name in names},
        "imported": record["state"] == "imported",
        "receivedAt": record["receivedAt"],
        "importedAt": record["importedAt"],
    }


def _contact_summary(contact: Record) -> Record:
    attributes = contact["attributes"]
    return {
        "id": contact["id"],
        "contactType": contact["contactType"],
        "externalId": attributes.get("externalId"),
        "keys": {key: attributes[key] for key in KEY_ATTRIBUTES if attributes.get(key)},
        "createdAt": contact["createdAt"],
    }
