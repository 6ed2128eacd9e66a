"""The two-way rules: how what Engage says and what was changed here become one contact.

A change made here wins for its fields until Engage has it; after that Engage wins. Nothing here queues anything, so
what Engage sends back of our own changes never goes out again, and two systems cannot answer each other for ever.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import make_aware

from contacts.flat import differs, is_permission
from contacts.keys import longest, normalised
from contacts.models import KEY_FIELDS, Contact, ContactEvent, Happened


def is_news(contact: Contact, as_of: datetime) -> bool:
    """Whether what Engage said at that moment is at least as new as what we know."""
    return contact.as_of is None or as_of >= contact.as_of


def merge(
    contact: Contact, theirs: Mapping[str, Any], *, as_of: datetime, is_whole: bool
) -> list[ContactEvent]:
    """Put what Engage says into a loaded contact; the caller saves it, and the events.

    `theirs` is flat. `is_whole`: what is not in it, Engage does not have; otherwise it is left alone. Older than what
    we know: nothing happens. May run twice.
    """
    if not is_news(contact, as_of):
        return []
    events = [*_restored(contact), *_clashes(contact, theirs, is_whole=is_whole)]
    contact.snapshot = dict(theirs) if is_whole else {**contact.snapshot, **theirs}
    contact.as_of = as_of
    if is_whole:
        contact.fetched_at = as_of
    refresh_keys(contact)
    return events


def _restored(contact: Contact) -> list[ContactEvent]:
    """Deleted in Engage may be restored there for seven days [Engage's help: contacts that were deleted]."""
    if contact.deleted_at is None:
        return []
    contact.deleted_at = None
    return [ContactEvent(contact=contact, what=Happened.RESTORED, actor="Engage")]


def _clashes(contact: Contact, theirs: Mapping[str, Any], *, is_whole: bool) -> list[ContactEvent]:
    """What was changed in Engage while another change of the same field waits here."""
    events = []
    for name, ours in list(contact.changes.items()):
        if not is_known(contact, name) or (name not in theirs and not is_whole):
            continue
        there = theirs.get(name)
        if not differs(name, there, contact.snapshot.get(name)) or not differs(name, ours, there):
            continue
        what = Happened.CONFLICT
        if is_overruled(contact, name, ours, there):
            what = Happened.OVERRULED
            del contact.changes[name]
        events.append(
            ContactEvent(contact=contact, what=what, actor="Engage", field=name, old=ours, new=there)
        )
    return events


def is_known(contact: Contact, name: str) -> bool:
    """Whether our copy tells what Engage had for a field, and be it nothing."""
    return contact.is_whole or name in contact.snapshot


def is_overruled(contact: Contact, name: str, ours: Any, there: Any) -> bool:
    """Whether a yes that waits here must give way to a no that Engage got later.

    Engage dates a consent, not a preference: one that turned to no since we last looked counts as later. Where we never
    looked nobody can tell, and the person's own word counts.
    """
    if not is_permission(name) or said(ours) is not True or said(there) is not False:
        return False
    if answer_date(ours) is not None and answer_date(there) is not None:
        return is_later(there, ours)
    return is_known(contact, name) and said(contact.snapshot.get(name)) is not False


def is_later(one: Any, other: Any) -> bool:
    """Whether one consent was certainly answered after another."""
    at, other_at = answer_date(one), answer_date(other)
    return at is not None and other_at is not None and at > other_at


def answer_date(value: Any) -> datetime | None:
    """When a consent was answered, as it says itself: local time where it names no offset. None for a preference."""
    return moment(value.get("date"), is_local=True) if isinstance(value, Mapping) else None


def said(value: Any) -> bool | None:
    """The yes or no in a preference or a consent; None where nobody ever answered."""
    answer = value.get("value") if isinstance(value, Mapping) else value
    return answer if isinstance(answer, bool) else None


def moment(text: Any, *, is_local: bool = False) -> datetime | None:
    """A point in time from ISO text; None for anything else, and without an offset unless that means local time."""
    try:
        found = parse_datetime(text) if isinstance(text, str) else None
        if found is not None and found.tzinfo is None and is_local:
            found = make_aware(found)
        if found is None or found.tzinfo is None:
            return None
        found.astimezone(UTC)  # the databases keep UTC, where the first day and the last one may lie outside
    except (ValueError, OverflowError):
        return None
    return found


def refresh_keys(contact: Contact) -> None:
    """Bring the key columns in line with the data; the caller saves the contact.

    Of somebody of whom we know only a part what is not in that part stays.
    """
    data = {**contact.snapshot, **contact.changes}
    for name, column in KEY_FIELDS.items():
        if contact.is_whole or name in data:
            setattr(contact, column, key_for_column(column, str(data.get(name) or "")))


def key_for_column(column: str, value: str) -> str:
    """A key as its column keeps it. One that is too long can only come from Engage: nobody is found by it here."""
    value = normalised(column, value)
    return value if len(value) <= longest(column) else ""
