"""Where a reader stands in a contact's history, so that a sale made meanwhile gives them nothing twice.

An `offset` counts from the newest sale: one more sale between two pages, and the second begins with the end of the
first. So it is remembered for a while what a reader was given last before an offset, and they get what follows that.
"""

from dataclasses import dataclass

from django.core.cache import cache

from contacts.models import Contact

_REMEMBERED_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Given:
    """A transaction that somebody was given, and its rank at that time."""

    transaction_id: str
    rank: int


def last_given(reader: str, contact: Contact, offset: int) -> Given | None:
    """The transaction after which a reader's page begins; None where they did not read up to it lately."""
    found = cache.get(_key(reader, contact, offset)) if reader and offset else None
    return Given(*found) if found else None


def note_given(reader: str, contact: Contact, offset: int, given: Given) -> None:
    """A reader was given this transaction as the last one before an offset."""
    if reader:
        cache.set(_key(reader, contact, offset), (given.transaction_id, given.rank), _REMEMBERED_SECONDS)


def _key(reader: str, contact: Contact, offset: int) -> str:
    return f"history:{reader}:{contact.pk}:{offset}"
