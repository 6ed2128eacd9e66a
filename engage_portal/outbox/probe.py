"""Finding out whether Engage is back: one harmless read, by one process, every ENGAGE_PROBE_SECONDS."""

from django.db.models import Q

from engage_portal.core import clock
from engage_portal.engage import EngageError
from engage_portal.outbox import breaker, line
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import CLAIMABLE
from engage_portal.outbox.verdicts import NO_ANSWER

_PATIENCE = 5.0
_TRIES_TO_HURRY = 3


def probe() -> bool:
    """Test the water where it is due; True where Engage is up now. Costs one update while it is not due.

    The contact count is the call Engage's documentation itself uses to test a connection
    [developer.voyado.com/en/api/api-authentication].
    """
    if breaker.is_closed():
        return True
    if not breaker.take_probe():
        return False
    outcome: EngageError | None = None
    try:
        line.client().within(_PATIENCE).count_contacts()
    except EngageError as error:
        outcome = error
    if line.report([outcome]):
        hurry()
    return outcome is None


def hurry() -> int:
    """Make due now what only waited for Engage to come back. Returns how many items.

    Only items that failed a few times: one that fails again and again while Engage is up keeps its growing waits.
    """
    now = clock.now()
    waiting = Q(state__in=CLAIMABLE, not_before__gt=now, reason_code=NO_ANSWER, tries__lte=_TRIES_TO_HURRY)
    return Item.objects.filter(waiting).update(not_before=now)
