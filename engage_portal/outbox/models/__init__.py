"""The ledger's tables. Nothing personal is in them: an item points at its subject, texts are masked."""

from engage_portal.outbox.models.items import Item
from engage_portal.outbox.models.journal import Attempt, Event, Outcome
from engage_portal.outbox.models.line import EngageLine
from engage_portal.outbox.models.outages import Outage
from engage_portal.outbox.models.pauses import Pause
from engage_portal.outbox.models.processes import CacheEntry, Heartbeat, Tally

__all__ = [
    "Attempt",
    "CacheEntry",
    "EngageLine",
    "Event",
    "Heartbeat",
    "Item",
    "Outage",
    "Outcome",
    "Pause",
    "Tally",
]
