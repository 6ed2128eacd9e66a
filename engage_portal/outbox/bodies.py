"""Items, pauses, outages and the line to Engage as JSON: the API and `manage.py outbox --json` print the same."""

from datetime import datetime
from typing import Any

from engage_portal.outbox.line.breaker import LineStatus
from engage_portal.outbox.models import Item, Outage, Pause
from engage_portal.outbox.selectors import Entry, ItemDetail


def item_body(item: Item) -> dict[str, Any]:
    """An item."""
    return {
        "id": item.pk,
        "kind": item.kind,
        "state": item.state,
        "channel": item.channel,
        "store": item.store,
        "reference": item.reference,
        "reasonCode": item.reason_code,
        "reason": item.reason,
        "tries": item.tries,
        "createdAt": iso(item.created_at),
        "notBefore": iso(item.not_before),
        "finishedAt": iso(item.finished_at),
    }


def detail_body(detail: ItemDetail, *, next_step: str) -> dict[str, Any]:
    """An item with what it waits for and its story."""
    return {
        **item_body(detail.item),
        "waitsFor": detail.waits_for.pk if detail.waits_for else None,
        "nextStep": next_step,
        "timeline": [entry_body(entry) for entry in detail.timeline],
    }


def entry_body(entry: Entry) -> dict[str, Any]:
    """One line of an item's story."""
    return {
        "at": iso(entry.at),
        "title": entry.title,
        "detail": entry.detail,
        "via": entry.via,
        "durationMs": entry.duration_ms,
    }


def pause_body(pause: Pause) -> dict[str, Any]:
    """A pause; an empty kind or store means all of them."""
    return {
        "id": pause.pk,
        "kind": pause.kind,
        "store": pause.store,
        "reason": pause.reason,
        "startedBy": pause.started_by,
        "startedAt": iso(pause.started_at),
    }


def line_body(line: LineStatus) -> dict[str, Any]:
    """The line to Engage."""
    return {
        "isUp": line.is_up,
        "downSince": iso(line.down_since),
        "lastAnswerAt": iso(line.last_answer_at),
        "lastError": line.last_error,
        "nextTryAt": iso(line.next_try_at),
    }


def outage_body(outage: Outage) -> dict[str, Any]:
    """An outage; `kept` is null until it was counted."""
    return {
        "id": outage.pk,
        "cause": outage.cause,
        "error": outage.error,
        "lastAnswerAt": iso(outage.last_answer_at),
        "beganAt": iso(outage.began_at),
        "openedAt": iso(outage.opened_at),
        "endedAt": iso(outage.ended_at),
        "returns": outage.returns,
        "kept": outage.kept,
        "emptiedAt": iso(outage.emptied_at),
    }


def iso(moment: datetime | None) -> str | None:
    """A time on the wire."""
    return moment.isoformat() if moment else None
