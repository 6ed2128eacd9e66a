"""Using a voucher and taking a use back. The row of a use is the lock, from the moment it is accepted."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage import Conflict, NotFound
from engage_portal.outbox.control import cancel
from engage_portal.outbox.delivery.live import Delivered, deliver_now
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Item
from engage_portal.outbox.services import enqueue, supersede
from engage_portal.outbox.states import State
from promotions.kinds import VOUCHER_REACTIVATE, VOUCHER_REDEEM
from promotions.models import Voucher, VoucherUse
from promotions.selectors.states import UseState, use_state
from promotions.selectors.vouchers import standings, worth_of
from promotions.services.amounts import kept_amount
from promotions.services.repeating import refuse_again
from promotions.services.voucher_copy import vouchers_asked
from promotions.words import already_redeemed_words

ALREADY_REDEEMED = "RewardVoucherAlreadyRedeemed"
ALREADY_ACTIVATED = "RewardVoucherAlreadyActivated"


@dataclass(frozen=True, slots=True)
class Used:
    """A use of a voucher, and whether Engage has it already (else it is queued)."""

    use: VoucherUse
    is_live: bool


def voucher_redeem(
    *, voucher_id: UUID, store: str, actor: str, deadline: Deadline, request_key: str = ""
) -> Used:
    """Use a voucher once, on one till.

    A request that its caller repeats under the same `request_key` is the same use, whoever died over the first one.

    Raises Conflict where it is used already, with where and when if we know; Rejected and NotFound as Engage does.
    Nothing is kept then.
    """
    repeated = _repeated(voucher_id, actor, request_key) if request_key else None
    if repeated is not None:
        return repeated
    voucher = _known(voucher_id)
    if voucher is not None:
        voucher = _usable(voucher, deadline)
    use, item = _accept(voucher_id, voucher, store=store, actor=actor, request_key=request_key)
    try:
        outcome = deliver_now(item, deadline=deadline)
    except Conflict as refused:
        if refused.error_code == ALREADY_REDEEMED:
            raise _already_redeemed(voucher_id) from refused
        raise
    return Used(use, is_live=isinstance(outcome, Delivered))


def _repeated(voucher_id: UUID, actor: str, request_key: str) -> Used | None:
    mine = VoucherUse.objects.filter(voucher_id=voucher_id, api_key_name=actor, request_key=request_key)
    use = mine.filter(released_at__isnull=True).first()
    if use is None:
        return None
    item = Item.objects.filter(kind=VOUCHER_REDEEM, subject_id=use.pk).exclude(state=State.CANCELLED).first()
    if item is None:  # given up by staff, or long forgotten
        return None
    refuse_again(item)
    return Used(use, is_live=item.state == State.DELIVERED)


def _known(voucher_id: UUID) -> Voucher | None:
    return Voucher.objects.select_related("contact__same_as").filter(pk=voucher_id).first()


def _usable(voucher: Voucher, deadline: Deadline) -> Voucher:
    """The voucher, where it can be used by what we know; where not, Engage is asked for its list before we refuse.

    Somebody may have made it usable again in Engage itself; such a list releases our lock. Raises Conflict as Engage
    would: better at the till than to staff, days later.
    """
    try:
        _refuse_from_copy(voucher)
    except Conflict:
        with suppress(NotFound):
            vouchers_asked(contact=voucher.contact, deadline=deadline)
        current = _known(voucher.pk)
        if current is None:
            raise
        _refuse_from_copy(current)
        return current
    return voucher


def _refuse_from_copy(voucher: Voucher) -> None:
    standing = standings([voucher.pk]).get(voucher.pk)
    redeemed = standing.is_used if standing else voucher.redeemed
    state = use_state(voucher, redeemed=redeemed)
    if state is UseState.REDEEMED:
        raise _already_redeemed(voucher.pk)
    if state is UseState.EXPIRED:
        raise Conflict("The voucher has expired.", error_code="RewardVoucherExpired")
    if state is UseState.NOT_YET_VALID:
        raise Conflict("The voucher cannot be used yet.", error_code="RewardVoucherNotYetValid")


def _accept(
    voucher_id: UUID, voucher: Voucher | None, *, store: str, actor: str, request_key: str
) -> tuple[VoucherUse, Item]:
    try:
        with transaction.atomic():
            use = VoucherUse.objects.create(
                voucher_id=voucher_id,
                contact=voucher.contact if voucher else None,
                store=store,
                api_key_name=actor,
                request_key=request_key,
                **kept_amount(worth_of(voucher) if voucher else None),
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

    A use that has not left yet is simply taken back: Engage hears of neither. `store` limits it to that store's uses.
    Raises NotFound where another one did, Conflict where it is not used or was reactivated too often, Rejected and
    NotFound as Engage does; then nothing is changed.
    """
    try:
        item = _accept_reactivation(voucher_id, store=store, actor=actor)
    except IntegrityError:
        raise Conflict("The voucher was not used until this moment.", error_code=ALREADY_ACTIVATED) from None
    return item is None or isinstance(deliver_now(item, deadline=deadline), Delivered)


@transaction.atomic
def _accept_reactivation(voucher_id: UUID, *, store: str, actor: str) -> Item | None:
    """The item that undoes the use; None where the use could be stopped instead."""
    # Items before uses, as whoever records an outcome takes them: else the two could wait for each other. The use is
    # the one that was there before its items were locked: of a newer one they would not be.
    current = VoucherUse.objects.filter(voucher_id=voucher_id, released_at__isnull=True).first()
    list(_open_items(voucher_id).select_for_update().order_by("pk"))
    use = _still_current(current) if current else None
    if use is not None and store and use.store != store:
        raise NotFound("It was not used in this store.", status=404, error_code="RewardVoucherNotRedeemed")
    if use is not None and _taken_back(use, actor=actor):
        return None
    voucher = _known(voucher_id)
    use = use or _used_elsewhere(voucher_id, voucher)
    if voucher is not None and not breaker.is_closed():
        _refuse_reactivation_from_copy(voucher, is_used_here=use.is_ours)
    use.released_at = clock.now()
    use.save(update_fields=["released_at"])
    return _enqueue(VOUCHER_REACTIVATE, use, store=store, actor=actor)


def _still_current(use: VoucherUse) -> VoucherUse | None:
    return VoucherUse.objects.select_for_update().filter(pk=use.pk, released_at__isnull=True).first()


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
    if standing is not None and standing.is_used and standing.use.is_ours:
        words = already_redeemed_words("voucher", standing.use.accepted_at, standing.use.store)
    else:
        voucher = Voucher.objects.filter(pk=voucher_id, redeemed=True).first()
        words = already_redeemed_words("voucher", voucher.redeemed_on if voucher else None)
    return Conflict(words, error_code=ALREADY_REDEEMED)
