"""How vouchers of cancelled sales become usable again in Engage."""

from typing import Any

from engage_portal.core.ids import EngageContactId
from engage_portal.engage import EngageClient, EngageError
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import Call, Verdict
from engage_portal.outbox.states import State
from promotions.handlers.voucher_uses import OfVoucherUse, engage_contact_of
from promotions.kinds import VOUCHER_REACTIVATE
from promotions.models import Voucher, VoucherUse
from promotions.services.vouchers import ALREADY_ACTIVATED


class VoucherReactivate(OfVoucherUse):
    """Undo a use, by the voucher's id. Engage does it a limited number of times, three by default."""

    kind = VOUCHER_REACTIVATE
    label = "Reactivated voucher"

    def request(self, item: Item, subject: VoucherUse) -> Call:
        """`POST /api/v3/reward-vouchers/{rewardVoucherId}/reactivate`."""
        del item
        voucher_id = str(subject.voucher_id)
        return Call(
            "POST /api/v3/reward-vouchers/{rewardVoucherId}/reactivate",
            lambda client: client.reactivate_voucher(voucher_id),
        )

    def look(self, item: Item, subject: VoucherUse) -> Call | None:
        """Read the contact's vouchers and see whether this one is unused.

        Where that cannot be told, a second reactivation is harmless: Engage answers it with
        `RewardVoucherAlreadyActivated` [developer.voyado.com/docs/loyalty/vouchers].
        """
        del item
        contact = engage_contact_of(subject)
        if contact is None:
            return None
        wanted = str(subject.voucher_id)
        return Call("GET /api/v3/reward-vouchers", lambda client: _is_unused(client, contact, wanted))

    def settle(self, item: Item, subject: VoucherUse, call: Call, answer: Any) -> None:
        """Our copy of the voucher says so too."""
        del item, call, answer
        Voucher.objects.filter(pk=subject.voucher_id).update(redeemed=False, redeemed_on=None)

    def refused(self, item: Item, subject: VoucherUse, call: Call, error: EngageError) -> None:
        """The caller knows that nothing changed: the use is a use again. Unless the voucher was not used at all."""
        del item, call
        if error.error_code == ALREADY_ACTIVATED:
            Voucher.objects.filter(pk=subject.voucher_id).update(redeemed=False, redeemed_on=None)
        else:
            _lock_again(subject)

    def given_up(self, item: Item, subject: VoucherUse) -> None:
        """The use stays a use, unless Engage may have undone it."""
        if not item.was_in_doubt:
            _lock_again(subject)

    def judge(self, item: Item, error: EngageError) -> Verdict | None:
        """That it is usable already is what was wanted, where nobody waits to be told that it was not used."""
        del item
        if error.error_code == ALREADY_ACTIVATED:
            return Verdict(State.DELIVERED, ALREADY_ACTIVATED, "The voucher was not used in Engage.")
        return None


def _lock_again(use: VoucherUse) -> None:
    """The use counts again, unless the voucher was used anew since: then that one is the lock."""
    if not use.is_ours:
        VoucherUse.objects.filter(pk=use.pk).delete()
        return
    current = VoucherUse.objects.filter(voucher_id=use.voucher_id, released_at__isnull=True)
    if not current.exists():
        VoucherUse.objects.filter(pk=use.pk).update(released_at=None)


def _is_unused(client: EngageClient, contact: EngageContactId, wanted: str) -> bool | None:
    page = client.list_vouchers(contact)
    return True if any(entry.id == wanted and not entry.redeemed for entry in page.items) else None
