"""Comparing the copy with Engage, by the names of fields: values are never told."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

from contacts.flat import differs, from_engage
from contacts.following import noting
from contacts.following.fetching import Fetched, fetch, was_not_asked
from contacts.following.keeping import is_gone
from contacts.models import KEY_FIELDS, Contact
from engage_portal.engage import Contact as EngageContact

_TYPE = "contactType"


@dataclass
class Compared:
    """What a comparison found."""

    alike: int = 0
    differing: int = 0
    missing: int = 0
    """Engage has no such contact."""
    failed: int = 0
    not_asked: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    """Flat name → in how many contacts it differs."""
    wrong: list[UUID] = field(default_factory=list)
    """Engage's ids of those that differ or are missing, until they are noted."""

    @property
    def has_drifted(self) -> bool:
        """Whether anything differs."""
        return bool(self.differing or self.missing)


def compare(
    ids: Iterator[UUID],
    *,
    repairs: bool,
    is_over: Callable[[], bool],
    seen: Callable[[Compared], None],
) -> Compared:
    """Fetch contacts by Engage's ids and compare each with the copy; with `repairs`, those that differ are noted.

    Only reads. What is changed here and waits for Engage is no difference: the copy keeps it apart.
    """
    found = Compared()

    def take(count: int) -> Sequence[UUID]:
        return list(islice(ids, count))

    for some in fetch(take, is_over=is_over):
        for each in some:
            _compare_one(each, found)
        if repairs and found.wrong:
            noting.note(found.wrong, reason=noting.STAFF)
        found.wrong.clear()
        seen(found)
    return found


def _compare_one(fetched: Fetched, found: Compared) -> None:
    if was_not_asked(fetched):
        found.not_asked += 1
    elif fetched.answer is not None:
        _compare_with(fetched, fetched.answer, found)
    elif is_gone(fetched.error):
        found.missing += 1
        found.wrong.append(fetched.engage_id)
    else:
        found.failed += 1


def _compare_with(fetched: Fetched, answer: EngageContact, found: Compared) -> None:
    # Read only now: what was kept while Engage was asked is newer than its answer.
    contact = Contact.objects.filter(engage_contact_id=fetched.engage_id, deleted_at__isnull=True).first()
    if contact is None or (contact.as_of is not None and contact.as_of >= fetched.asked_at):
        found.alike += 1
        return
    names = different(contact, answer)
    if names:
        found.differing += 1
        found.fields.update(names)
        found.wrong.append(fetched.engage_id)
    else:
        found.alike += 1


def different(contact: Contact, answer: EngageContact) -> set[str]:
    """The flat names in which a copy differs from Engage; of a part of the data only what is kept is compared."""
    there, here = from_engage(answer), contact.snapshot
    keys = {name for name, column in KEY_FIELDS.items() if getattr(contact, column)} - set(contact.changes)
    names = {*here, *there} if contact.fetched_at is not None else set(here)
    found = {name for name in names if differs(name, there.get(name), here.get(name))}
    # Somebody known by a key alone has no data yet; the key can still belong to somebody else by now.
    found |= {
        name for name in keys - names if differs(name, there.get(name), getattr(contact, KEY_FIELDS[name]))
    }
    if answer.contact_type and answer.contact_type.casefold() != contact.contact_type.casefold():
        found.add(_TYPE)
    return found
