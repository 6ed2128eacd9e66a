"""The transactions import: what the API's receipts meet, and unknown stores ignored (files.md §5.2)."""

from pathlib import Path

from engage_portal.sandbox import receipts
from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.files import transaction_xml
from engage_portal.sandbox.files.reading import MOST, records
from engage_portal.sandbox.files.report import Report
from engage_portal.sandbox.receipt_rules import errors_in
from engage_portal.sandbox.state import Engage


def apply(engage: Engage, path: Path, report: Report) -> None:
    """Import a transactions file; what came before is ignored. Raises MajorError, and then all has to be undone."""
    lines, kind = 0, ""
    for found in records(path, transaction_xml.LAYOUT):
        name = transaction_xml.LAYOUT.name(found.element)
        if name != transaction_xml.RECORD:
            report.skip(found.number, f"<{name}> is no transaction")
            continue
        body = transaction_xml.receipt(found.element)
        lines += len(body.get("items") or ())
        kind = kind or _match_kind(body)
        reasons = _taken(engage, _matched_by(kind, body, found.number, report))
        if reasons:
            report.skip(found.number, f"{_name(body)}{'; '.join(reasons)}")
        else:
            report.taken += 1
    if lines > MOST:
        report.say(f"{lines} lines of transactions: more than {MOST} are slow and may time out")


def _taken(engage: Engage, body: Record) -> list[str]:
    """Import one; answers why not."""
    errors = errors_in(body, refuse_article=engage.settings.refuse_article)
    return errors or receipts.take_from_file(engage, body)


def _match_kind(body: Record) -> str:
    contact = body.get("contact")
    return str(contact.get("matchKeyType") or "") if isinstance(contact, dict) else ""


def _matched_by(kind: str, body: Record, number: int, report: Report) -> Record:
    """The receipt as the importer reads it: the file's first key type holds for all of it [A10, A19; inferred]."""
    own = _match_kind(body)
    if not own or own.lower() == kind.lower():
        return body
    report.say(f"record {number}: matchKeyType {own} is read as {kind}, the first of this file")
    return {**body, "contact": {**body["contact"], "matchKeyType": kind}}


def _name(body: Record) -> str:
    unique = body.get("uniqueReceiptId")
    return f"receipt {unique}: " if unique and isinstance(unique, str) else ""
