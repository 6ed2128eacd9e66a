"""Finding out whether Engage is there: one harmless read, by one process, every ENGAGE_PROBE_SECONDS."""

from threading import Event

from engage_portal.engage import EngageError
from engage_portal.outbox.line import breaker, door, pace
from engage_portal.outbox.models import EngageLine

_PATIENCE = 5.0


def engage_may_be_called() -> bool:
    """Whether the delivery may go on; finds out where that is not certain. One query while all is well."""
    line = EngageLine.objects.filter(pk="default").first()
    if line is not None and (line.failures or not breaker.is_closed(line)) and not engage_is_up():
        return False
    return not pace.is_paused(line)


def engage_is_up() -> bool:
    """Whether Engage is there; finds out where that is not certain.

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
    return not breaker.is_outage(_ask())


def _ask() -> EngageError | None:
    """Count the contacts: the call that Engage's documentation itself uses to test a connection.

    [developer.voyado.com/en/api/api-authentication]
    """
    outcome: EngageError | None = None
    (start,) = pace.reserve(pace.Lane.PEOPLE, latest=pace.LONGEST_PAUSE * 2)
    Event().wait(min(start, _PATIENCE))
    try:
        door.client().within(_PATIENCE).count_contacts()
    except EngageError as error:
        outcome = error
    door.report([outcome])
    return outcome
