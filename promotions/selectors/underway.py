"""Which uses of offers and vouchers are on their way to Engage at this moment."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from contacts.models import Contact
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import CLAIMABLE, State
from promotions.kinds import REDEEM, VOUCHER_REDEEM
from promotions.models import Redemption, VoucherUse

_TRIES = 3


def is_use_underway(*, assignments: Collection[UUID], vouchers_of: Contact | None) -> bool:
    """Whether one of these offers, or a voucher of somebody, is used here and Engage is about to hear of it.

    Not where that may take long: it failed three times, is paused, lies in a file or needs a person.
    """
    offers = Redemption.objects.filter(assignment_id__in=assignments).values("pk")
    is_use = Q(kind=REDEEM, subject_id__in=offers)
    if vouchers_of is not None:
        vouchers = VoucherUse.objects.filter(contact=vouchers_of, released_at__isnull=True).values("pk")
        is_use |= Q(kind=VOUCHER_REDEEM, subject_id__in=vouchers)
    is_due = Q(state__in=CLAIMABLE, is_parked=False, tries__lt=_TRIES)
    return Item.objects.filter(is_use, is_due | Q(state=State.SENDING, tries__lte=_TRIES)).exists()
