"""What cannot be written in bulk: changes that wait, people who come back, ids that move, people who are forgotten.

Each works on one locked contact, with the same rules as everything else that comes from Engage (`contacts/merging.py`).
Nothing here queues anything for Engage. The caller holds the transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from contacts.importing.rows import MEMBER
from contacts.importing.values import news
from contacts.merging import merge, refresh_keys
from contacts.models import Contact, ContactEvent, Happened
from contacts.services import contact_gone
from contacts.snapshots import is_being_deleted
from engage_portal.outbox.services import move_stream


def merge_into(pk: str, theirs: Mapping[str, Any], *, as_of: datetime) -> bool:
    """Put what Engage says into somebody with waiting changes, or who was deleted. False where it is nothing new."""
    contact = _locked(UUID(pk))
    if is_being_deleted(contact):
        return False
    said = news(theirs, contact.snapshot, is_whole=contact.fetched_at is not None)
    if not said and contact.deleted_at is None and contact.contact_type == MEMBER:
        return False
    contact.contact_type = MEMBER
    _merged(contact, said, as_of)
    return True


def move_key(
    holder_pk: str, *, to: str, known_as: str | None, theirs: Mapping[str, Any], as_of: datetime
) -> None:
    """The holder of a key is known in Engage by another contactId now: deleted and created anew, or merged there.

    One local contact is kept. Where somebody else here has that id already, that one is kept and the holder points to
    it, as in `contacts/handlers/linking.py`.
    """
    holder = _locked(UUID(holder_pk))
    before = holder.engage_contact_id
    contact = holder
    if known_as is None:
        holder.engage_contact_id = UUID(to)
    else:
        contact = _locked(UUID(known_as))
        contact.changes = {**holder.changes, **contact.changes}
        _becomes(holder, contact)
    event = ContactEvent(
        contact=contact, what=Happened.KEY_MOVED, actor="Engage", detail=f"{before} → {UUID(to)}"
    )
    _merged(contact, news(theirs, contact.snapshot, is_whole=contact.fetched_at is not None), as_of)
    event.save()


def _becomes(old: Contact, contact: Contact) -> None:
    """The old row is this contact from now on; its id in Engage means nobody any more."""
    stream = old.stream
    Contact.objects.filter(same_as=old).update(same_as=contact)
    old.same_as, old.engage_contact_id = contact, None
    old.snapshot, old.changes, old.fetched_at = {}, {}, None
    refresh_keys(old)
    old.save()
    move_stream(of=stream, to=contact.stream)


def forget(pk: str, engage_id: str, *, as_of: datetime) -> None:
    """Engage deleted somebody: nothing personal stays. What Engage said later than the export still counts later."""
    contact_gone(engage_contact_id=UUID(engage_id))
    Contact.objects.filter(pk=UUID(pk)).update(as_of=as_of)


def _locked(pk: UUID) -> Contact:
    contact = Contact.objects.select_for_update().get(pk=pk)
    if contact.same_as_id is not None:
        contact = Contact.objects.select_for_update().get(pk=contact.same_as_id)
    return contact


def _merged(contact: Contact, said: Mapping[str, Any], as_of: datetime) -> None:
    events = merge(contact, said, as_of=as_of, is_whole=False)
    contact.save()
    ContactEvent.objects.bulk_create(events)
