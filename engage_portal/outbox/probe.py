"""Finding out whether Engage is there: one harmless read, by one process, every ENGAGE_PROBE_SECONDS."""

from threading import Event

from engage_portal.engage import EngageError
from engage_portal.outbox import breaker, line, pace

_PATIENCE = 5.0


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
    return not breaker.is_outage(_ask())


def _ask() -> EngageError | None:
    """Count the contacts: the call that Engage's documentation itself uses to test a connection.

    [developer.voyado.com/en/api/api-authentication]
    """
    outcome: EngageError | None = None
    (start,) = pace.reserve(pace.Lane.PEOPLE)
    Event().wait(min(start, _PATIENCE))
    try:
        line.client().within(_PATIENCE).count_contacts()
    except EngageError as error:
        outcome = error
    line.report([outcome])
    return outcome
