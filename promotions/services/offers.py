"""What can be done with promotions: bring a contact's offers up to date, redeem one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from contacts.models import Contact
from contacts.snapshots import Want, read_through
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Read
from engage_portal.core.ids import parse_guid
from engage_portal.engage import Conflict, PromotionAssignment, Rejected
from engage_portal.engage.wire import decode, encode
from engage_portal.outbox.delivery.live import Delivered, deliver_now
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import enqueue
from promotions.kinds import REDEEM
from promotions.models import Assignment, AssignmentSnapshot, Redemption, Withdrawal
from promotions.selectors.offers import offers_known_at

CHANNELS = ("POS", "ECOM", "OTHER")
ALREADY_REDEEMED = "PromotionAlreadyRedeemed"
_WRITTEN = ("contact", "promotion_id", "redeemed", "valid_from", "expires_on", "raw", "position", "as_of")


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A redemption, and whether Engage has it already (else it is queued)."""

    redemption: Redemption
    is_live: bool


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


def assignment_redeem(
    *, assignment_id: UUID, channel: str, store: str, actor: str, deadline: Deadline
) -> Redeemed:
    """Use a promotion once: the row written here is the lock, from the moment it is accepted.

    Raises Conflict where it is used already, Rejected and NotFound as Engage does; then nothing is kept.
    """
    if channel not in CHANNELS:
        raise Rejected(
            f"redemptionChannel must be one of {', '.join(CHANNELS)}.",
            status=400,
            error_code="NotAValidRedemptionChannel",
        )
    assignment = Assignment.objects.select_related("contact").filter(pk=assignment_id).first()
    if assignment and assignment.redeemed:
        raise _already_redeemed()
    if assignment and not breaker.is_closed():
        _refuse_from_copy(assignment, channel)
    redemption, item = _accept(assignment_id, assignment, channel=channel, store=store, actor=actor)
    outcome = deliver_now(item, deadline=deadline)
    return Redeemed(redemption, is_live=isinstance(outcome, Delivered))


def _refuse_from_copy(assignment: Assignment, channel: str) -> None:
    """While Engage is away our copy says what it would say: better at the till than to staff, days later."""
    ways = {way.type for way in PromotionAssignment.read(decode(assignment.raw.encode())).redemption_channels}
    if ways and channel not in ways:
        raise Conflict(
            "The promotion is not valid for this redemption channel.",
            status=409,
            error_code="PromotionNotValidForRedemptionChannel",
        )
    if assignment.expires_on is not None and assignment.expires_on <= clock.now():
        raise Conflict("The promotion is over.", status=409, error_code="PromotionExpired")


def _accept(
    assignment_id: UUID, assignment: Assignment | None, *, channel: str, store: str, actor: str
) -> tuple[Redemption, Item]:
    try:
        with transaction.atomic():
            redemption = Redemption.objects.create(
                assignment_id=assignment_id,
                contact=assignment.contact if assignment else None,
                channel=channel,
                store=store,
                api_key_name=actor,
            )
            Assignment.objects.filter(pk=assignment_id).update(redeemed=True)
            # A stream of its own: nothing that waits for this contact changes who may use the offer.
            item = enqueue(
                kind=REDEEM,
                subject_id=redemption.pk,
                stream=f"assignment:{assignment_id}",
                reference=str(assignment_id),
                store=store,
                actor=actor,
            )
    except IntegrityError:
        raise _already_redeemed() from None
    return redemption, item


def _already_redeemed() -> Conflict:
    return Conflict("The promotion is already redeemed.", status=409, error_code=ALREADY_REDEEMED)
