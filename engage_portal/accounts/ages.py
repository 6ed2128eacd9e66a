"""How old the data on a customer's page is, in words they can use."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engage_portal.core.freshness import Freshness, Read

_WORST_FIRST = (Freshness.NONE, Freshness.STALE, Freshness.CACHED, Freshness.LIVE)


@dataclass(frozen=True, slots=True)
class Age:
    """The age of everything on one page."""

    freshness: Freshness
    fetched_at: datetime | None

    @property
    def is_live(self) -> bool:
        """Asked for just now."""
        return self.freshness == Freshness.LIVE

    @property
    def is_stale(self) -> bool:
        """An older copy, because nobody answered."""
        return self.freshness == Freshness.STALE and self.fetched_at is not None

    @property
    def is_missing(self) -> bool:
        """Nobody answered, and there is no copy."""
        return self.freshness == Freshness.NONE or (
            self.freshness == Freshness.STALE and self.fetched_at is None
        )


def age_of(*reads: Read[Any]) -> Age:
    """The age of a page: as old as the oldest part of it, as fresh as the least fresh."""
    times = [read.fetched_at for read in reads if read.fetched_at is not None]
    worst = min((read.freshness for read in reads), key=_WORST_FIRST.index)
    return Age(freshness=worst, fetched_at=min(times, default=None))
