"""Moments in the sentences that a cashier reads."""

from datetime import datetime

from django.utils.timezone import localtime


def till_time(moment: datetime) -> str:
    """As a till's own clock shows it, in the portal's zone (`TIME_ZONE`): 2026-11-21 at 14:03."""
    return f"{localtime(moment):%Y-%m-%d at %H:%M}"
