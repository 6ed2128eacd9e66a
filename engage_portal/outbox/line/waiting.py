"""What waits only for Engage to come back."""

from engage_portal.core import clock
from engage_portal.outbox.models import Item

NO_ANSWER = "NoAnswer"
"""The reason code of what waits because Engage did not answer."""

_TRIES_TO_HURRY = 3


def hurry() -> int:
    """Make due now what only waited for Engage to come back. Returns how many items.

    Only items that failed a few times: one that fails again and again while Engage is up keeps its growing waits.
    """
    now = clock.now()
    waiting = Item.objects.claimable().filter(not_before__gt=now, reason_code=NO_ANSWER)
    return waiting.filter(tries__lte=_TRIES_TO_HURRY).update(not_before=now)
