"""The wall clock of Engage's lists of changes, in nights without an hour and with one twice.

`contacts/changes` takes local time without an offset, and whose is not documented; we take the tenant's, `TIME_ZONE`
[developer.voyado.com/docs/contacts/bulk-contacts-api].
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

_ROUNDED = timedelta(milliseconds=1)
"""Engage's form ends with milliseconds, and what is beyond them is cut off."""


def window(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """What to ask for, as the tenant's clocks show it, to hear of everything between two moments.

    A time that comes twice that night may be read either way: then the window is wider by the hour that is repeated.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    first, last = start.astimezone(zone), end.astimezone(zone)
    return first - _doubt(first), last + _doubt(last) + _ROUNDED


def _doubt(local: datetime) -> timedelta:
    """How far apart the two readings of a wall-clock time are; zero but for one hour in the year."""
    once, again = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    return abs(once - again) if once is not None and again is not None else timedelta(0)
