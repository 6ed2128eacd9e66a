"""The part of the page that keeps itself fresh: counters, receipts, contacts, redemptions, log."""

from html import escape
from itertools import islice

from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.files import page as files_page
from engage_portal.sandbox.page_parts import clock_time, section, table
from engage_portal.sandbox.state import Engage, utc

_SHOWN = 15
_COUNTERS = {
    "receipts_received": "receipts received",
    "receipts_waiting": "in the import queue",
    "receipts_imported": "imported",
    "receipts_repeated": "repeats ignored",
    "contacts": "contacts",
    "redemptions": "redemptions",
    "requests": "API requests",
    "unchecked_repeats": "sent again unchecked",
}
_STATES = {
    "waiting": "in the import queue",
    "dropped": "not imported, see the log",
    "swallowed": "accepted, never processed",
}


def activity(engage: Engage) -> str:
    """All lists, newest first."""
    return "".join(
        (
            _counters(engage),
            files_page.lists(engage),
            section("Latest receipts", _receipts(engage)),
            section("Latest contacts", _contacts(engage)),
            section("Redemptions", _redemptions(engage)),
            section("Integration log", _log(engage)),
        )
    )


def _counters(engage: Engage) -> str:
    counts = engage.counts()
    cells = "".join(
        f"<div><dt>{words}</dt><dd>{counts[name]:,}</dd></div>".replace(",", " ")
        for name, words in _COUNTERS.items()
    )
    return f'<section aria-label="Counters"><dl class="counters">{cells}</dl></section>'


def _receipts(engage: Engage) -> str:
    newest = sorted(engage.received.values(), key=lambda record: record["order"], reverse=True)[:_SHOWN]
    if not newest:
        return '<p class="empty">No receipt has come in yet.</p>'
    heads = ("Receipt", "Store", "Contact", "Total", "Received", "Imported", "Posted")
    return table(heads, [_receipt_row(record) for record in newest])


def _receipt_row(record: Record) -> tuple[str, ...]:
    state = record["state"]
    imported = clock_time(utc(record["importedAt"])) if state == "imported" else _STATES[state]
    times = record["posted"]
    by_file = ", by file" if "file" in record.get("ways", ()) else ""
    match = record["body"]["contact"]
    is_id = match["matchKeyType"].lower() == "contactid"
    contact = record["contactId"] or (match["matchKey"] if is_id else f"by {match['matchKeyType']}")
    return (
        f"<code>{escape(record['uniqueReceiptId'])}</code>",
        escape(record["storeExternalId"]),
        f"<code>{escape(contact)}</code>",
        f'<span class="number">{record["total"]:.2f} {escape(record["currency"])}</span>',
        clock_time(utc(record["receivedAt"])),
        f'<span class="{state}">{imported}</span>',
        f'<span class="number">{"once" if times == 1 else f"{times} times"}{by_file}</span>',
    )


def _contacts(engage: Engage) -> str:
    contacts = engage.contacts.values()
    newest = list(islice((one for one in reversed(contacts) if not one.get("seeded")), _SHOWN))
    if not newest:
        seeded = len(contacts)
        return f'<p class="empty">No contact has been created yet. The {seeded} here are invented ones.</p>'
    heads = ("Name", "Type", "Contact id", "External id", "Created")
    return table(heads, [_contact_row(contact) for contact in newest])


def _contact_row(contact: Record) -> tuple[str, ...]:
    attributes = contact["attributes"]
    name = " ".join(str(attributes.get(part) or "") for part in ("firstName", "lastName")).strip()
    return (
        escape(name or "no name"),
        escape(contact["contactType"]),
        f"<code>{contact['id']}</code>",
        f"<code>{escape(str(attributes.get('externalId') or '–'))}</code>",
        clock_time(utc(contact["createdAt"])),
    )


def _redemptions(engage: Engage) -> str:
    newest = engage.redemptions[::-1][:_SHOWN]
    if not newest:
        return '<p class="empty">Nothing has been redeemed yet.</p>'
    rows = [
        (
            escape(one["name"]),
            escape(one["kind"]),
            escape(one["channel"] or "–"),
            f"<code>{escape(one['contactId'])}</code>",
            clock_time(utc(one["at"])),
        )
        for one in newest
    ]
    return table(("What", "Kind", "Channel", "Contact", "Redeemed"), rows)


def _log(engage: Engage) -> str:
    newest = engage.log[::-1][:_SHOWN]
    if not newest:
        return '<p class="empty">The log is empty: nothing was refused or dropped.</p>'
    rows = "".join(
        f'<li class="{one["level"]}">{clock_time(utc(one["at"]))} <b>{one["level"]}</b> '
        f"{escape(one['text'])}</li>"
        for one in newest
    )
    return f'<ol class="log">{rows}</ol>'
