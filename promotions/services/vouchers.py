"""Using a voucher and taking a use back. The row of a use is the lock, from the moment it is accepted."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage import Conflict
from engage_portal.outbox.control import cancel
from engage_portal.outbox.delivery.live import Delivered, deliver_now
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import enqueue, supersede
from engage_portal.outbox.states import State
from promotions.kinds import VOUCHER_REACTIVATE, VOUCHER_REDEEM
from promotions.models import Voucher, VoucherUse
from promotions.selectors.states import UseState, use_state
from promotions.selectors.vouchers import standings
from promotions.services.voucher_copy import vouchers_current

ALREADY_REDEEMED = "RewardVoucherAlreadyRedeemed"
ALREADY_ACTIVATED = "RewardVoucherAlreadyActivated"


@dataclass(frozen=True, slots=True)
class Used:
    """A use of a voucher, and whether Engage has it already (else it is queued)."""

    use: VoucherUse
    is_live: bool


def voucher_redeem(*, voucher_id: UUID, store: str, actor: str, deadline: Deadline) -> Used:
    """Use a voucher once, on one till.

    Raises Conflict where it is used already, with where and when if we know; Rejected and NotFound as Engage does.
    Nothing is kept then.
    """
    voucher = Voucher.objects.select_related("contact").filter(pk=voucher_id).first()
    if voucher is not None and voucher_id in standings([voucher_id]):
        # Somebody may have made it usable again in Engage itself; a fresh list releases our lock.
        vouchers_current(contact=voucher.contact, deadline=deadline)
        voucher = Voucher.objects.select_related("contact").filter(pk=voucher_id).first()
    if voucher is not None and not breaker.is_closed():
        _refuse_from_copy(voucher)
    use, item = _accept(voucher_id, voucher, store=store, actor=actor)
    try:
        outcome = deliver_now(item, deadline=deadline)
    except Conflict as refused:
        if refused.error_code == ALREADY_REDEEMED:
            raise _already_redeemed(voucher_id) from refused
        raise
    return Used(use, is_live=isinstance(outcome, Delivered))


def _refuse_from_copy(voucher: Voucher) -> None:
    """While Engage is away our copy says what it would say: better at the till than to staff, days later."""
    standing = standings([voucher.pk]).get(voucher.pk)
    redeemed = standing.is_used if standing else voucher.redeemed
    state = use_state(voucher, redeemed=redeemed)
    if state is UseState.REDEEMED:
        raise _already_redeemed(voucher.pk)
    if state is UseState.EXPIRED:
        raise Conflict("The voucher has expired.", error_code="RewardVoucherExpired")
    if state is UseState.NOT_YET_VALID:
        raise Conflict("The voucher cannot be used yet.", error_code="RewardVoucherNotYetValid")


def _accept(voucher_id: UUID, voucher: Voucher | None, *, store: str, actor: str) -> tuple[VoucherUse, Item]:
    try:
        with transaction.atomic():
            use = VoucherUse.objects.create(
                voucher_id=voucher_id,
                contact=voucher.contact if voucher else None,
                store=store,
                api_key_name=actor,
            )
            if _open_items(voucher_id).filter(kind=VOUCHER_REACTIVATE, state=State.ATTENTION).exists():
                raise Conflict(
                    "The voucher is used: Engage refused to make it usable again.",
                    error_code=ALREADY_REDEEMED,
                )
            return use, _enqueue(VOUCHER_REDEEM, use, store=store, actor=actor)
    except IntegrityError:
        raise _already_redeemed(voucher_id) from None


def voucher_reactivate(*, voucher_id: UUID, store: str, actor: str, deadline: Deadline) -> bool:
    """Make a used voucher usable again, because a sale was cancelled; True where nothing is on its way any more.

    A use that has not left yet is simply taken back: Engage hears of neither. Raises Conflict where it is not used or
    was reactivated too often, Rejected and NotFound as Engage does; then nothing is changed.
    """
    try:
        item = _accept_reactivation(voucher_id, store=store, actor=actor)
    except IntegrityError:
        raise Conflict("The voucher was not used until this moment.", error_code=ALREADY_ACTIVATED) from None
    return item is None or isinstance(deliver_now(item, deadline=deadline), Delivered)


@transaction.atomic
def _accept_reactivation(voucher_id: UUID, *, store: str, actor: str) -> Item | None:
    """The item that undoes the use; None where the use could be stopped instead."""
    # Items before uses, as whoever records an outcome takes them: else the two could wait for each other.
    list(_open_items(voucher_id).select_for_update().order_by("pk"))
    use = _current(voucher_id)
    if use is not None and _taken_back(use, actor=actor):
        return None
    voucher = Voucher.objects.select_related("contact").filter(pk=voucher_id).first()
    use = use or _used_elsewhere(voucher_id, voucher)
    if voucher is not None and not breaker.is_closed():
        _refuse_reactivation_from_copy(voucher, is_used_here=use.is_ours)
    use.released_at = clock.now()
    use.save(update_fields=["released_at"])
    return _enqueue(VOUCHER_REACTIVATE, use, store=store, actor=actor)


def _current(voucher_id: UUID) -> VoucherUse | None:
    uses = VoucherUse.objects.select_for_update().filter(voucher_id=voucher_id, released_at__isnull=True)
    return uses.first()


def _taken_back(use: VoucherUse, *, actor: str) -> bool:
    """Whether the use could be stopped before Engage heard of it; then its lock is gone too."""
    mine = Item.objects.open().filter(kind=VOUCHER_REDEEM, subject_id=use.pk)
    item = mine.first()
    if item is None or item.was_in_doubt:
        return False
    if item.needs_attention:  # refused by Engage: there is no use to take back
        cancel(items=mine.filter(pk=item.pk), by=actor, reason="The sale was cancelled.")
        return True
    if not supersede(item=item, reason=f"Taken back by {actor} before it was sent: the sale was cancelled."):
        return False
    use.delete()
    return True


def _used_elsewhere(voucher_id: UUID, voucher: Voucher | None) -> VoucherUse:
    """A use that was not made through here, to be undone. Raises Conflict where it is being undone already."""
    # Inserted as a lock: of two requests at once, the second one waits here for the first one's end.
    use = VoucherUse.objects.create(
        voucher_id=voucher_id, contact=voucher.contact if voucher else None, is_ours=False
    )
    last = _open_items(voucher_id).order_by("pk").last()
    if last is not None and last.kind == VOUCHER_REACTIVATE:
        raise Conflict("The voucher is being made usable already.", error_code=ALREADY_ACTIVATED)
    return use


def _refuse_reactivation_from_copy(voucher: Voucher, *, is_used_here: bool) -> None:
    if not is_used_here and not voucher.redeemed:
        raise Conflict("The voucher is not used.", error_code=ALREADY_ACTIVATED)
    if use_state(voucher, redeemed=False) is UseState.EXPIRED:
        raise Conflict("The voucher has expired.", error_code="RewardVoucherExpired")


def _open_items(voucher_id: UUID) -> QuerySet[Item]:
    return Item.objects.open().filter(stream=_stream(voucher_id))


def _stream(voucher_id: UUID) -> str:
    """Of its own: a use and its reactivation go in order, and wait for nothing else about the contact."""
    return f"voucher:{voucher_id}"


def _enqueue(kind: str, use: VoucherUse, *, store: str, actor: str) -> Item:
    return enqueue(
        kind=kind,
        subject_id=use.pk,
        stream=_stream(use.voucher_id),
        reference=str(use.voucher_id),
        store=store,
        actor=actor,
    )


def _already_redeemed(voucher_id: UUID) -> Conflict:
    """The refusal, with when and where it was used as far as we know."""
    standing = standings([voucher_id]).get(voucher_id)
    when: datetime | None = None
    where = ""
    if standing is not None and standing.is_used and standing.use.is_ours:
        when = standing.use.accepted_at
        where = f", in store {standing.use.store}" if standing.use.store else ""
    else:
        voucher = Voucher.objects.filter(pk=voucher_id, redeemed=True).first()
        when = voucher.redeemed_on if voucher else None
    words = (
        f"The voucher is already used, since {when.astimezone(UTC):%Y-%m-%d %H:%M} UTC{where}."
        if when
        else ""
    )
    return Conflict(words or "The voucher is already redeemed.", error_code=ALREADY_REDEEMED)
