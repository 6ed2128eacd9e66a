"""What waits only for Engage to come back."""

from django.db.models import Q

from engage_portal.core import clock
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import CLAIMABLE
from engage_portal.outbox.verdicts import NO_ANSWER

_TRIES_TO_HURRY = 3


def hurry() -> int:
    """Make due now what only waited for Engage to come back. Returns how many items.

    Only items that failed a few times: one that fails again and again while Engage is up keeps its growing waits.
    """
    now = clock.now()
    waiting = Q(state__in=CLAIMABLE, not_before__gt=now, reason_code=NO_ANSWER, tries__lte=_TRIES_TO_HURRY)
    return Item.objects.filter(waiting).update(not_before=now)
