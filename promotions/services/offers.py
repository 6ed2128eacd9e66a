"""Our copy of a contact's offers, kept as Engage lists them."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from contacts.models import Contact
from contacts.snapshots import Want, read_through
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Read
from engage_portal.core.ids import parse_guid
from engage_portal.engage import PromotionAssignment
from engage_portal.engage.wire import encode
from promotions.models import Assignment, AssignmentSnapshot, Redemption, Withdrawal
from promotions.selectors.offers import offers_known_at

_WRITTEN = ("contact", "promotion_id", "redeemed", "valid_from", "expires_on", "raw", "position", "as_of")


def offers_current(*, contact: Contact, deadline: Deadline) -> Read[None]:
    """Make our copy of a contact's offers fresh where that is needed and possible; then read it with the selectors.

    Raises NotFound where Engage no longer has the contact; never another EngageError.
    """
    return read_through(contact=contact, want=offers_want(contact), deadline=deadline)


def offers_asked(*, contact: Contact, deadline: Deadline) -> None:
    """Bring our copy up to date however young it is, where Engage answers in time; else it stays as it is.

    Raises NotFound where Engage no longer has the contact; never another EngageError.
    """
    read_through(contact=contact, want=offers_want_since(contact, None), deadline=deadline)


def offers_want(contact: Contact) -> Want:
    """A contact's offers, for `read_through` and `read_together`."""
    fetched_at = AssignmentSnapshot.objects.filter(contact=contact).values_list("fetched_at", flat=True)
    return offers_want_since(contact, fetched_at.first())


def offers_want_since(contact: Contact, fetched_at: datetime | None) -> Want:
    """The same where it is known already when Engage listed them."""
    asked_at = clock.now()
    return Want(
        fetched_at,
        lambda client, engage_id: client.list_promotion_assignments(engage_id),
        lambda assignments: offers_store(contact=contact, assignments=assignments, as_of=asked_at),
        None if fetched_at else offers_known_at(contact.pk),
    )


@transaction.atomic
def offers_store(*, contact: Contact, assignments: list[PromotionAssignment], as_of: datetime) -> datetime:
    """Keep Engage's list, the answer to a question that left at `as_of`.

    What was redeemed here stays so (`Redemption` says why), and what an export that was made later said stays.
    """
    Contact.objects.select_for_update().get(pk=contact.pk)
    # What has no id cannot be redeemed; what is listed twice is one.
    listed = {guid: entry for entry in assignments if (guid := parse_guid(entry.id))}
    mine = Assignment.objects.filter(contact=contact)
    for later in (mine, Withdrawal.objects.filter(pk__in=listed)):
        for guid in later.filter(as_of__gt=as_of).values_list("pk", flat=True):
            listed.pop(guid, None)
    # What stays listed is written over, never made anew: who marks a use meanwhile waits for this very row.
    mine.exclude(as_of__gt=as_of).exclude(pk__in=listed).delete()
    Withdrawal.objects.filter(pk__in=listed).delete()
    _write(contact, listed, as_of)
    fetched_at = clock.now()
    AssignmentSnapshot.objects.update_or_create(
        contact=contact, defaults={"fetched_at": fetched_at, "as_of": as_of}
    )
    return fetched_at


def _write(contact: Contact, listed: Mapping[UUID, PromotionAssignment], as_of: datetime) -> None:
    used = set(Redemption.objects.filter(assignment_id__in=listed).values_list("assignment_id", flat=True))
    Assignment.objects.bulk_create(
        [
            Assignment(
                pk=guid,
                contact=contact,
                promotion_id=parse_guid(entry.promotion_id or ""),
                redeemed=entry.redeemed or guid in used,
                valid_from=entry.valid_from,
                expires_on=entry.expires_on,
                raw=encode(entry.raw).decode(),
                position=position,
                as_of=as_of,
            )
            for position, (guid, entry) in enumerate(listed.items())
        ],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=_WRITTEN,
    )
