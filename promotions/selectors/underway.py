"""Which uses of offers and vouchers are on their way to Engage at this moment.

Not those of which that may take long: what failed three times, is paused, lies in a file or needs a person.
"""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from contacts.models import Contact
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import CLAIMABLE, State
from promotions.kinds import REDEEM, VOUCHER_REDEEM
from promotions.models import Assignment, Redemption, VoucherUse

_TRIES = 3


def uses_of_offers_underway(assignments: Collection[UUID]) -> QuerySet[Item]:
    """The uses of these offers of which Engage is about to hear."""
    uses = Redemption.objects.filter(assignment_id__in=assignments)
    return _underway(kind=REDEEM, subject_id__in=uses.values("pk"))


def uses_of_promotions_underway(templates: Collection[UUID], *, whose: Contact) -> QuerySet[Item]:
    """The same of whatever somebody has of these promotions."""
    offers = Assignment.objects.filter(contact=whose, promotion_id__in=templates)
    uses = Redemption.objects.filter(assignment_id__in=offers.values("pk"))
    return _underway(kind=REDEEM, subject_id__in=uses.values("pk"))


def uses_of_vouchers_underway(*, whose: Contact) -> QuerySet[Item]:
    """The same of somebody's vouchers."""
    uses = VoucherUse.objects.filter(contact=whose, released_at__isnull=True)
    return _underway(kind=VOUCHER_REDEEM, subject_id__in=uses.values("pk"))


def _underway(**of: object) -> QuerySet[Item]:
    """One kind at a time: for one or the other the database would read the whole queue with its history."""
    is_due = Q(state__in=CLAIMABLE, is_parked=False, tries__lt=_TRIES)
    return Item.objects.filter(is_due | Q(state=State.SENDING, tries__lte=_TRIES), **of)
