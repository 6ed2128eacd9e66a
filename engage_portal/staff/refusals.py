"""What Engage complained about, sorted by field: the reason of an item, as the queue keeps it."""

import re
from collections.abc import Iterable

from contacts.labels import FIELDS
from engage_portal.outbox.models import Item

_FIRST_WORD = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\b\s*:?\s*(.*)", re.DOTALL)


def by_field(items: Iterable[Item], names: Iterable[str]) -> dict[str, list[str]]:
    """Field → what is wrong with it, of items that need attention; under "" what names none of the fields.

    A reason is `field: complaint; field: complaint` (`outbox/delivery/verdicts.py`), in Engage's own words.
    """
    known = {name.lower(): name for name in (*FIELDS, *names)}
    found: dict[str, list[str]] = {}
    for item in items:
        if item.needs_attention:
            for part in item.reason.split("; "):
                name, complaint = _split(part, known)
                found.setdefault(name, []).append(complaint)
    return {name: list(dict.fromkeys(said)) for name, said in found.items()}


def _split(part: str, known: dict[str, str]) -> tuple[str, str]:
    match = _FIRST_WORD.fullmatch(part)
    name = known.get(match[1].lower(), "") if match else ""
    return (name, match[2].strip() or part) if match and name else ("", part.strip())
