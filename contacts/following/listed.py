"""What to do about contacts that a list of changes, or a webhook, names."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from contacts.following import noting
from contacts.following.keeping import copy_forget, keeps_everybody
from contacts.models import Contact
from engage_portal.core.ids import EngageContactId, parse_guid

_FORGOTTEN_AT_ONCE = 200


def take_changed(ids: Iterable[EngageContactId], *, end: datetime) -> int:
    """Note who changed before a moment; returns how many. May run twice.

    Whose whole data was fetched after it needs no call: so what we sent to Engage ourselves costs no more than one GET,
    however often it is listed. Below preparation level 3 only people who are here already count.
    """
    noted = 0
    for some in noting.batches(_guids(ids)):
        known = Contact.objects.filter(engage_contact_id__in=some)
        fetched = dict(known.values_list("engage_contact_id", "fetched_at"))
        wanted = [
            each for each in some if not _is_later(fetched.get(each), end) and _is_ours(each in fetched)
        ]
        noted += noting.note(wanted, reason=noting.CHANGES)
    return noted


def take_deleted(
    ids: Iterable[EngageContactId], *, end: datetime, reason: str = noting.CHANGES
) -> tuple[int, int]:
    """Forget who was deleted before a moment; returns how many, and how many are fetched to make sure. May run twice.

    So many at a time that a task ends in time; the others are only fetched, and forgotten when Engage says that they
    are gone. Engage can restore a contact under its id for seven days [Engage's help: contacts that were deleted]: whom
    we know from after the deletion stays, and is fetched; whom we forget is fetched too, so that somebody who was
    restored meanwhile comes back.
    """
    forgotten = noted = 0
    for some in noting.batches(_guids(ids)):
        here = Contact.objects.filter(deleted_at__isnull=True, engage_contact_id__in=some).only(
            "engage_contact_id", "as_of"
        )
        known = {each.engage_contact_id: each.as_of for each in here if each.engage_contact_id}
        for each, as_of in known.items():
            if forgotten < _FORGOTTEN_AT_ONCE and not _is_later(as_of, end):
                forgotten += copy_forget(each)
        noted += noting.note(known, reason=reason, goes_first=reason == noting.WEBHOOK)
    return forgotten, noted


def take_news(engage_id: UUID) -> bool:
    """Note a contact that just changed; False where it is nobody of ours. It goes before what waits already."""
    if not _is_ours(Contact.objects.filter(engage_contact_id=engage_id).exists()):
        return False
    noting.note([engage_id], reason=noting.WEBHOOK, goes_first=True)
    return True


def _is_ours(is_known: bool) -> bool:  # noqa: FBT001 - one word, one meaning
    return is_known or keeps_everybody()


def _is_later(moment: datetime | None, end: datetime) -> bool:
    return moment is not None and moment >= end


def _guids(ids: Iterable[EngageContactId]) -> Iterator[UUID]:
    """What is no id is left out."""
    return (guid for each in ids if (guid := parse_guid(each)))
