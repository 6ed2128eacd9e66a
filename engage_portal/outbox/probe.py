"""Finding out whether Engage is there: one harmless read, by one process, every ENGAGE_PROBE_SECONDS."""

from django.db.models import Q

from engage_portal.core import clock
from engage_portal.engage import EngageError
from engage_portal.outbox import breaker, line, pace
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import CLAIMABLE
from engage_portal.outbox.verdicts import NO_ANSWER

_PATIENCE = 5.0
_TRIES_TO_HURRY = 3


def engage_is_up() -> bool:
    """Whether the delivery may go on; finds out where that is not certain.

    After a failure the worker asks again at once until the breaker is sure, so that people are told soon. While it is
    open, the one process that holds the lease asks, once per interval; for all others this costs one update.
    """
    while breaker.is_suspect():
        if _ask() is None:
            return True
    if breaker.is_closed():
        return True
    if not breaker.take_probe():
        return False
    return _ask() is None


def _ask() -> EngageError | None:
    """Count the contacts: the call that Engage's documentation itself uses to test a connection.

    [developer.voyado.com/en/api/api-authentication]
    """
    outcome: EngageError | None = None
    pace.reserve(pace.Lane.DELIVERY)
    try:
        line.client().within(_PATIENCE).count_contacts()
    except EngageError as error:
        outcome = error
    if line.report([outcome]):
        hurry()
    return outcome


def hurry() -> int:
    """Make due now what only waited for Engage to come back. Returns how many items.

    Only items that failed a few times: one that fails again and again while Engage is up keeps its growing waits.
    """
    now = clock.now()
    waiting = Q(state__in=CLAIMABLE, not_before__gt=now, reason_code=NO_ANSWER, tries__lte=_TRIES_TO_HURRY)
    return Item.objects.filter(waiting).update(not_before=now)
