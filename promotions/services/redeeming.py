"""Using a promotion once, and taking that back while it has not left. The row of a use is the lock."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction

from contacts.models import Contact
from engage_portal.core.clock import Deadline
from engage_portal.core.till_time import till_time
from engage_portal.engage import Conflict, Money, NotFound, Rejected
from engage_portal.outbox.control import cancel
from engage_portal.outbox.delivery.live import Delivered, deliver_now
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import enqueue, supersede
from engage_portal.outbox.states import OPEN, State
from promotions.kinds import REDEEM
from promotions.models import Assignment, Redemption
from promotions.selectors.offers import entry_of, ways_of
from promotions.selectors.states import UseState, use_state
from promotions.services.amounts import kept_amount
from promotions.services.offers import offers_asked
from promotions.services.repeating import refuse_again
from promotions.services.trust import trust_give_back, trust_take, trust_take_late
from promotions.words import already_redeemed_words

CHANNELS = ("POS", "ECOM", "OTHER")
ALREADY_REDEEMED = "PromotionAlreadyRedeemed"
_NOT_FOUND = "PromotionNotFound"


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A redemption, its item, and whether Engage has it already (else it is queued)."""

    redemption: Redemption
    item: Item
    is_live: bool


def assignment_redeem(
    *, assignment_id: UUID, channel: str, store: str, actor: str, deadline: Deadline, request_key: str = ""
) -> Redeemed:
    """Use a promotion once: the row written here is the lock, from the moment it is accepted.

    A request that its caller repeats under the same `request_key` is the same use, whoever died over the first one.

    Raises Conflict where it is used already, with when and where if we know, and where Engage is away and the store
    does not give it on trust; Rejected and NotFound as Engage does, also for a template's id. Nothing is kept then.
    """
    if channel not in CHANNELS:
        raise Rejected(
            f"redemptionChannel must be one of {', '.join(CHANNELS)}.",
            status=400,
            error_code="NotAValidRedemptionChannel",
        )
    repeated = _repeated(assignment_id, actor, request_key) if request_key else None
    if repeated is not None:
        return _brought_further(*repeated, actor=actor, deadline=deadline)
    assignment = _known(assignment_id)
    if assignment is None:
        _refuse_a_template(assignment_id)
    else:
        assignment = _usable(assignment, channel, deadline)
    is_away = not breaker.is_closed()
    redemption, item = _accept(
        assignment_id,
        assignment,
        channel=channel,
        store=store,
        actor=actor,
        request_key=request_key,
        on_trust=is_away,
    )
    is_live = _is_delivered(item, assignment_id, deadline)
    if not (is_live or is_away):
        trust_take_late(redemption, assignment, item, actor=actor)
    return Redeemed(redemption, item, is_live=is_live)


def _repeated(assignment_id: UUID, actor: str, request_key: str) -> tuple[Redemption, Item] | None:
    mine = Redemption.objects.filter(assignment_id=assignment_id, api_key_name=actor, request_key=request_key)
    redemption = mine.first()
    if redemption is None:
        return None
    item = Item.objects.filter(kind=REDEEM, subject_id=redemption.pk).exclude(state=State.CANCELLED).first()
    if item is None:  # given up by staff, or long forgotten
        return None
    return redemption, item


def _brought_further(redemption: Redemption, item: Item, *, actor: str, deadline: Deadline) -> Redeemed:
    """What the first call would have done: it may have died before Engage was asked, or the store's rule."""
    if item.state not in OPEN:
        return Redeemed(redemption, item, is_live=item.state == State.DELIVERED)
    is_live = _is_delivered(item, redemption.assignment_id, deadline)
    if not is_live:
        item.refresh_from_db()
        refuse_again(item)
        trust_take_late(redemption, _known(redemption.assignment_id), item, actor=actor)
    return Redeemed(redemption, item, is_live=is_live)


def _is_delivered(item: Item, assignment_id: UUID, deadline: Deadline) -> bool:
    """Try at once; a refusal of Engage's is told with what we know."""
    try:
        return isinstance(deliver_now(item, deadline=deadline), Delivered)
    except Conflict as refused:
        if refused.error_code == ALREADY_REDEEMED:
            raise _already_redeemed(assignment_id) from refused
        raise
    except NotFound as refused:
        if refused.error_code == _NOT_FOUND:
            raise _no_assignment("Engage knows no assignment with this id.") from refused
        raise


def _refuse_a_template(template_id: UUID) -> None:
    """A template's id belongs to everybody. Where our copy knows one right to it only, that is what was meant."""
    rows = list(Assignment.objects.select_related("contact__same_as").filter(promotion_id=template_id)[:2])
    if not rows:
        return
    problem = "This is a promotionId, which everybody shares."
    if len(rows) == 1:
        problem += f" Contact {rows[0].contact.public_id} has it as assignment {rows[0].pk}."
    raise _no_assignment(problem)


def _no_assignment(problem: str) -> NotFound:
    advice = "Redeem with the id of an entry of the contact's list, never with its promotionId."
    return NotFound(f"{problem} {advice}", status=404, error_code=_NOT_FOUND)


def _known(assignment_id: UUID) -> Assignment | None:
    return Assignment.objects.select_related("contact__same_as").filter(pk=assignment_id).first()


def _usable(assignment: Assignment, channel: str, deadline: Deadline) -> Assignment:
    """The offer, where it can be used by what our copy says; where not, Engage is asked for its list before we refuse.

    Raises Conflict as Engage would: better at the till than to staff, days later.
    """
    try:
        _refuse_from_copy(assignment, channel)
    except Conflict:
        if Redemption.objects.filter(assignment_id=assignment.pk).exists():
            raise  # used here, whatever Engage lists
        with suppress(NotFound):
            offers_asked(contact=assignment.contact, deadline=deadline)
        current = _known(assignment.pk)
        if current is None:
            raise
        _refuse_from_copy(current, channel)
        return current
    return assignment


def _refuse_from_copy(assignment: Assignment, channel: str) -> None:
    if assignment.redeemed:
        raise _already_redeemed(assignment.pk)
    ways = ways_of(entry_of(assignment))
    if ways and channel not in ways:
        raise Conflict(
            "The promotion is not valid for this redemption channel.",
            error_code="PromotionNotValidForRedemptionChannel",
        )
    state = use_state(assignment, redeemed=False)
    if state is UseState.EXPIRED:
        raise Conflict("The promotion is over.", error_code="PromotionExpired")
    if state is UseState.NOT_YET_VALID and assignment.valid_from is not None:
        raise Conflict(
            f"The promotion cannot be used before {till_time(assignment.valid_from)}.",
            error_code="PromotionNotYetValid",
        )


def _accept(
    assignment_id: UUID,
    assignment: Assignment | None,
    *,
    channel: str,
    store: str,
    actor: str,
    request_key: str,
    on_trust: bool,
) -> tuple[Redemption, Item]:
    try:
        with transaction.atomic():
            if assignment is not None:
                # Contacts first, as whoever keeps a list of offers takes them: else the two could wait for each other.
                Contact.objects.select_for_update().filter(pk=assignment.contact_id).first()
            redemption = Redemption.objects.create(
                assignment_id=assignment_id,
                contact=assignment.contact if assignment else None,
                channel=channel,
                store=store,
                api_key_name=actor,
                request_key=request_key,
                **kept_amount(_worth(assignment, channel)),
            )
            Assignment.objects.filter(pk=assignment_id).update(redeemed=True)
            item = enqueue(
                kind=REDEEM,
                subject_id=redemption.pk,
                stream=_stream(assignment_id),
                reference=str(assignment_id),
                store=store,
                actor=actor,
            )
            if on_trust:
                trust_take(redemption, assignment)
    except IntegrityError:
        raise _already_redeemed(assignment_id) from None
    return redemption, item


def _worth(assignment: Assignment | None, channel: str) -> Money | None:
    """What it takes off in a channel, where our copy knows and it is an amount."""
    way = ways_of(entry_of(assignment)).get(channel) if assignment else None
    return way.value if way is not None and isinstance(way.value, Money) else None


@transaction.atomic
def redemption_release(*, assignment_id: UUID, store: str, actor: str) -> None:
    """Make an offer usable again whose sale was cancelled, before Engage heard of its use.

    `store` limits it to what that store redeemed. Raises NotFound where it did not, and Conflict where Engage has the
    use or may have it: there is no way to take a redemption back there [developer.voyado.com/docs/loyalty/promotions].
    """
    # Items before uses, as whoever records an outcome takes them: else the two could wait for each other.
    mine = Item.objects.open().filter(kind=REDEEM, stream=_stream(assignment_id))
    item = mine.select_for_update().order_by("pk").first()
    redemption = Redemption.objects.select_for_update().filter(assignment_id=assignment_id).first()
    if redemption is None or (store and redemption.store != store):
        raise NotFound("It was not redeemed here.", status=404, error_code="PromotionNotRedeemed")
    if item is None:
        raise Conflict(
            f"Engage has it as used, since {till_time(redemption.accepted_at)}, and cannot make a promotion usable "
            "again. Customer service can assign the customer another one.",
            error_code="PromotionRedeemedInEngage",
        )
    if item.needs_attention and not may_be_used(item):  # refused by Engage: there is no use to take back
        cancel(items=mine.filter(pk=item.pk), by=actor, reason="The sale was cancelled.")
        trust_give_back(redemption)
        return
    reason = f"Taken back by {actor} before it was sent: the sale was cancelled."
    if may_be_used(item) or not supersede(item=item, reason=reason):
        raise Conflict(
            "Engage may have heard of it already. Ask again later: by then it is known.",
            error_code="RedemptionOnItsWay",
        )
    redemption_forget(redemption)
    trust_give_back(redemption)


def may_be_used(item: Item) -> bool:
    """Whether Engage may have the use of an open item: an answer was lost, or it said that there is one."""
    return item.was_in_doubt or item.reason_code == ALREADY_REDEEMED


def redemption_forget(redemption: Redemption) -> None:
    """There was no use: the lock goes, and our copy says again what Engage said."""
    Redemption.objects.filter(pk=redemption.pk).delete()
    row = Assignment.objects.filter(pk=redemption.assignment_id).first()
    if row is not None:
        Assignment.objects.filter(pk=row.pk).update(redeemed=entry_of(row).redeemed)


def _stream(assignment_id: UUID) -> str:
    """Of its own: nothing that waits for this contact changes who may use the offer."""
    return f"assignment:{assignment_id}"


def _already_redeemed(assignment_id: UUID) -> Conflict:
    """The refusal, with when and where it was used as far as we know."""
    used = Redemption.objects.filter(assignment_id=assignment_id).first()
    if used is not None:
        words = already_redeemed_words("promotion", used.accepted_at, used.store)
    else:
        row = Assignment.objects.filter(pk=assignment_id, redeemed=True).first()
        words = already_redeemed_words("promotion", entry_of(row).redeemed_on if row else None)
    return Conflict(words, error_code=ALREADY_REDEEMED)
