"""How uses of vouchers reach Engage."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from engage_portal.core import clock
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import EngageClient, EngageError
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import Call, Handler
from engage_portal.outbox.services import supersede
from promotions.kinds import VOUCHER_REACTIVATE, VOUCHER_REDEEM
from promotions.models import Voucher, VoucherUse
from promotions.services.vouchers import ALREADY_REDEEMED


class VoucherRedeem(Handler[VoucherUse]):
    """Redeem a voucher by its id, never by the number printed on it."""

    kind = VOUCHER_REDEEM
    label = "Used voucher"
    priority = 20
    holds_back = True
    """A reactivation that overtook its use would leave the voucher used."""

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, VoucherUse]:
        """The uses of the batch."""
        return VoucherUse.objects.select_related("contact__same_as").in_bulk(subject_ids)

    def request(self, item: Item, subject: VoucherUse) -> Call:
        """`POST /api/v3/reward-vouchers/{rewardVoucherId}/redeem`."""
        del item
        voucher_id = str(subject.voucher_id)
        return Call(
            "POST /api/v3/reward-vouchers/{rewardVoucherId}/redeem",
            lambda client: client.redeem_voucher(voucher_id),
        )

    def look(self, item: Item, subject: VoucherUse) -> Call | None:
        """Read the contact's used vouchers and see whether this is one of them.

        Where the contact is not known there is nothing to read; then, as with a voucher that is not on the first page,
        a second redemption is harmless: Engage answers it with `RewardVoucherAlreadyRedeemed`
        [developer.voyado.com/docs/loyalty/vouchers].
        """
        del item
        contact = engage_contact_of(subject)
        if contact is None:
            return None
        wanted = str(subject.voucher_id)
        return Call(
            "GET /api/v3/reward-vouchers/redeemed", lambda client: _is_redeemed(client, contact, wanted)
        )

    def settle(self, item: Item, subject: VoucherUse, call: Call, answer: Any) -> None:
        """Our copy of the voucher says so too."""
        del item, call, answer
        Voucher.objects.filter(pk=subject.voucher_id, redeemed=False).update(
            redeemed=True, redeemed_on=clock.now()
        )

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


def engage_contact_of(use: VoucherUse) -> EngageContactId | None:
    """Engage's id of whoever's voucher was used, where we know."""
    known = use.contact.engage_id if use.contact else None
    return EngageContactId(str(known)) if known else None


def _forget(use: VoucherUse) -> None:
    """There was no use, so there is nothing to take back either."""
    for item in Item.objects.open().filter(kind=VOUCHER_REACTIVATE, subject_id=use.pk):
        supersede(item=item, reason="The use that it takes back was not accepted.")
    VoucherUse.objects.filter(pk=use.pk).delete()


def _is_redeemed(client: EngageClient, contact: EngageContactId, wanted: str) -> bool | None:
    page = client.list_vouchers(contact, which="redeemed")
    return True if any(entry.id == wanted for entry in page.items) else None
