"""Sales of people who signed up in an outage: they follow the contacts file that staff began, once Engage took it."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage.xml import FileType
from engage_portal.fallback.models import FOLLOWED, SpoolFile
from engage_portal.fallback.spool.claiming import Claimed, Round, sales_by_file
from engage_portal.fallback.spool.leases import Lease, LostLeaseError, held
from engage_portal.fallback.spool.starting import RULE
from engage_portal.outbox import pauses
from engage_portal.outbox.line import breaker, outages
from engage_portal.outbox.words import items_in_words


def follow(end: Deadline) -> int:
    """Put what was sold to the people in such files into files, too, in the name of whoever began them. Returns how
    many items.

    Once for each contacts file, and only while the outage lasts in which it was begun: what is taken back, or sold
    later, waits for the API, the rule or a person. May run twice, and at the same time in two processes; where the time
    is over before all was claimed, the next run goes on.
    """
    count = 0
    while not end.is_past and (since := _away_since()) is not None:
        if (claimed := _follow_next(since, end)) is None:
            break
        count += claimed.items
    return count


def _away_since() -> datetime | None:
    """When the outage began; None where the API is back, or such sales may not go, in files or at all.

    A store whose sales are paused keeps those of others from nothing: they stay behind.
    """
    outage, paused, sales = outages.running(), pauses.current(), sales_by_file()
    if outage is None or breaker.is_closed() or not sales:
        return None
    return None if any(paused.cover(kind=handler.kind, store="") for handler in sales) else outage.began_at


def _due(since: datetime) -> QuerySet[SpoolFile]:
    """The contacts files that staff began in this outage, and that Engage has had the time to import. Those of the rule
    need nobody: it looks at everything each hour.
    """
    margin = timedelta(minutes=settings.SPOOL_MARGIN_MINUTES)
    begun = SpoolFile.objects.filter(is_for_outage=True, made_at__gte=since).exclude(made_by=RULE)
    return begun.filter(
        file_type=FileType.CONTACTS,
        state=SpoolFile.State.PICKED_UP,
        ended_at__lte=clock.now() - margin,
        followed_at__isnull=True,
    )


def _follow_next(since: datetime, end: Deadline) -> Claimed | None:
    """Where it stops halfway the file stays due: what is in files by then is not put there again."""
    with held(_due(since)) as lease:
        if lease is None:
            return None
        file = lease.file
        claimed = Round(
            by=file.made_by, is_for_outage=True, is_over=lambda: end.is_past, behind=file.key
        ).claim()
        with suppress(LostLeaseError):
            _tell(lease, claimed)
        return claimed


def _tell(lease: Lease, claimed: Claimed) -> None:
    """Not that all is done where a pause came in between: then it was not."""
    is_over = claimed.stopped_at is None and _away_since() is not None
    changes: dict[str, Any] = {"followed_at": clock.now()} if is_over else {}
    if claimed.items:
        numbers = ", ".join(str(file.pk) for file in claimed.files)
        lease.tell(FOLLOWED, detail=f"{items_in_words(claimed.items)}, in file {numbers}.", **changes)
    else:
        lease.keep(**changes)
