"""The claim's query plan."""

import re

from django.db import connection, transaction

from engage_portal.core import clock
from engage_portal.outbox import streams
from engage_portal.outbox.delivery import claims, passes
from engage_portal.outbox.registry import handler_for
from receipts.services import POST

_FULL_SCAN = re.compile(r"Seq Scan|\bSCAN\b")
_INDEXES = ("outbox_item_due", "outbox_item_holds")


def claim_plan() -> str:
    """How the database finds what a claim takes."""
    candidates = claims.due(clock.now()).filter(priority=handler_for(POST).priority)
    found = claims._locked(candidates.order_by("not_before", "pk"))
    limit = passes._CLAIMED_AT_ONCE * 2
    with transaction.atomic():
        rows = found.values_list("pk", "kind", "store", streams.held_back())[:limit]
        options = {"analyze": True} if connection.vendor == "postgresql" else {}
        return str(rows.explain(**options))


def check(plan: str) -> None:
    """Raise unless a plan uses both indexes and reads no table from end to end."""
    missing = [name for name in _INDEXES if name not in plan]
    if missing or _FULL_SCAN.search(plan):
        raise RuntimeError(f"the claim's plan is a bad one (missing: {missing}):\n{plan}")
