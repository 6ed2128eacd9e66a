"""How uses of vouchers reach Engage."""

from typing import Any

from engage_portal.core import clock
from engage_portal.core.ids import EngageContactId, parse_guid
from engage_portal.engage import EngageClient, EngageError
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import Call
from engage_portal.outbox.services import supersede
from promotions.handlers.voucher_uses import OfVoucherUse, engage_contact_of
from promotions.handlers.whose import refuse_one_from_before, with_a_look
from promotions.kinds import VOUCHER_REACTIVATE, VOUCHER_REDEEM
from promotions.models import Voucher, VoucherUse
from promotions.services.vouchers import ALREADY_REDEEMED


class VoucherRedeem(OfVoucherUse):
    """Redeem a voucher by its id, never by the number printed on it."""

    kind = VOUCHER_REDEEM
    label = "Used voucher"

    def request(self, item: Item, subject: VoucherUse) -> Call:
        """`POST /api/v3/reward-vouchers/{rewardVoucherId}/redeem`."""
        voucher_id = str(subject.voucher_id)
        call = Call(
            "POST /api/v3/reward-vouchers/{rewardVoucherId}/redeem",
            lambda client: client.redeem_voucher(voucher_id),
        )
        return with_a_look(call, self.look(item, subject)) if item.was_in_doubt else call

    def look(self, item: Item, subject: VoucherUse) -> Call | None:
        """Read the contact's used vouchers and see whether this is one of them, by us.

        Where the contact is not known there is nothing to read; then, as with a voucher that is not on the first page,
        a second redemption is harmless: Engage answers it with `RewardVoucherAlreadyRedeemed`
        [developer.voyado.com/docs/loyalty/vouchers].
        """
        del item
        contact = engage_contact_of(subject)
        if contact is None:
            return None
        return Call(
            "GET /api/v3/reward-vouchers/redeemed", lambda client: _is_redeemed(client, contact, subject)
        )

    def settle(self, item: Item, subject: VoucherUse, call: Call, answer: Any) -> None:
        """Our copy of the voucher says so too.

        A row that somebody holds is left to them: they keep a new list, after which the use still counts, and they hold
        the contact, too, which the rest of a batch may wait for.
        """
        del item, call, answer
        mine = Voucher.objects.filter(pk=subject.voucher_id, redeemed=False)
        free = list(mine.select_for_update(skip_locked=True).values_list("pk", flat=True))
        Voucher.objects.filter(pk__in=free).update(redeemed=True, redeemed_on=clock.now())

    def refused(self, item: Item, subject: VoucherUse, call: Call, error: EngageError) -> None:
        """The caller knows that it was not used: the lock goes. Our copy learns of a use elsewhere."""
        del item, call
        _forget(subject)
        if error.error_code == ALREADY_REDEEMED:
            Voucher.objects.filter(pk=subject.voucher_id).update(redeemed=True)

    def given_up(self, item: Item, subject: VoucherUse) -> None:
        """The voucher may be used again, unless Engage may have it as used."""
        if not item.was_in_doubt and item.reason_code != ALREADY_REDEEMED:
            _forget(subject)


def _forget(use: VoucherUse) -> None:
    """There was no use, so there is nothing to take back either."""
    for item in Item.objects.open().filter(kind=VOUCHER_REACTIVATE, subject_id=use.pk):
        supersede(item=item, reason="The use that it takes back was not accepted.")
    VoucherUse.objects.filter(pk=use.pk).delete()


def _is_redeemed(client: EngageClient, contact: EngageContactId, use: VoucherUse) -> bool | None:
    for entry in client.list_vouchers(contact, which="redeemed").items:
        if parse_guid(entry.id) == use.voucher_id:
            refuse_one_from_before(entry.redeemed_on, use.accepted_at, error_code=ALREADY_REDEEMED)
            return True
    return None
