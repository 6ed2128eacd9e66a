"""When files are written: when a person says so, or after Engage's API was away for long."""

from collections.abc import Iterator
from datetime import timedelta

import structlog
from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.fallback.dropbox import is_configured
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool.claiming import Claimed, Round
from engage_portal.outbox.line import breaker

log = structlog.get_logger(__name__)

_AGAIN_AFTER = timedelta(hours=1)
"""Engage's imports run once an hour: more often, files would only be more and smaller."""
SLICE_SECONDS = 20
"""For which a command claims before it writes what it claimed."""
RULE = "portal"
"""Who begins files by rule."""
_STOPPED_AT = "fallback:round:stopped_at"
"""Whose round's time was over, and where. Where the cache loses it or is away, what is left goes after that hour."""
_Stopped = tuple[str, bool, str, int]
_Place = tuple[str, int]


def start(*, by: str, end: Deadline) -> Claimed:
    """Put what waits into files, whatever Engage's API does. They are written and uploaded by the worker, or a command.

    May run twice, and at the same time in two processes: an item goes into one file. Of a queue so long that the time
    is over before all of it was claimed, the worker claims the rest.
    """
    return _begun(by, end)


def start_in_slices(*, by: str) -> Iterator[Claimed]:
    """The same for whoever writes the files as well: a slice at a time, each to be written before the next is asked
    for, so that a long queue is not claimed as a whole before its first file lies there. The worker takes none of it
    over.
    """
    goes_on_at = None
    while True:
        claimed = _claimed(by, Deadline.after(SLICE_SECONDS), goes_on_at, is_for_outage=_is_away())
        yield claimed
        if (goes_on_at := claimed.stopped_at) is None:
            return


def start_if_due(end: Deadline) -> Claimed | None:
    """Go on with what was begun; else, by rule, once `SPOOL_AFTER` hours of an outage are over, and each hour from then
    on, the same.
    """
    if not is_configured():
        return None
    if (stopped := _stopped()) is not None:
        by, is_for_outage, kind, last = stopped
        if not (is_for_outage and breaker.is_closed()):
            return _begun(by, end, (kind, last))
        _remember(None)  # the API is back: what is left goes by it
    mine = SpoolFile.objects.filter(is_for_outage=True, made_by=RULE, made_at__gt=clock.now() - _AGAIN_AFTER)
    return None if not is_long_away() or mine.exists() else _begun(RULE, end)


def _begun(by: str, end: Deadline, goes_on_at: _Place | None = None) -> Claimed:
    """Where the time is over before all was claimed, the worker goes on there."""
    is_for_outage = _is_away()
    claimed = _claimed(by, end, goes_on_at, is_for_outage=is_for_outage)
    _remember((by, is_for_outage, *claimed.stopped_at) if claimed.stopped_at else None)
    return claimed


def _claimed(by: str, end: Deadline, goes_on_at: _Place | None, *, is_for_outage: bool) -> Claimed:
    claimed = Round(
        by=by, is_for_outage=is_for_outage, is_over=lambda: end.is_past, goes_on_at=goes_on_at
    ).claim()
    log.info(
        "files begun", files=len(claimed.files), items=claimed.items, is_whole=claimed.stopped_at is None
    )
    return claimed


def _is_away() -> bool:
    return not breaker.is_closed()


def _stopped() -> _Stopped | None:
    try:
        found: _Stopped | None = cache.get(_STOPPED_AT)
    except RedisError as trouble:
        log.warning("cannot tell where a round stopped", problem=type(trouble).__name__)
        return None
    return found


def _remember(stopped: _Stopped | None) -> None:
    """What was claimed stands in the database by now: a cache that is away must not look as if it did not."""
    try:
        cache.set(_STOPPED_AT, stopped, _AGAIN_AFTER.total_seconds())
    except RedisError as trouble:
        log.warning("cannot keep where a round stopped", problem=type(trouble).__name__)


def is_long_away() -> bool:
    """Whether Engage's API has been unreachable for `SPOOL_AFTER` hours; never, where that is 0."""
    since = breaker.status().down_since
    if not settings.SPOOL_AFTER or since is None:
        return False
    return clock.now() - since >= timedelta(hours=settings.SPOOL_AFTER)
