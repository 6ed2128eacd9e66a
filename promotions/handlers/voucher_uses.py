"""What the two things that happen to a voucher, its use and the undoing of it, have in common on their way."""

from collections.abc import Collection, Mapping
from uuid import UUID

from engage_portal.core.ids import EngageContactId
from engage_portal.outbox.registry import Handler
from promotions.models import VoucherUse


class OfVoucherUse(Handler[VoucherUse]):
    """A use, or the undoing of one."""

    priority = 20
    holds_back = True
    """One that overtook the other would leave the voucher used, or be refused."""

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, VoucherUse]:
        """The uses of the batch."""
        return VoucherUse.objects.select_related("contact__same_as").in_bulk(subject_ids)


def engage_contact_of(use: VoucherUse) -> EngageContactId | None:
    """Engage's id of whoever's voucher was used, where we know."""
    known = use.contact.engage_id if use.contact else None
    return EngageContactId(str(known)) if known else None
