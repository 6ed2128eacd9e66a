"""How times and money read on every page."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.utils import formats, timezone
from django.utils.timesince import timesince

from engage_portal.core import clock

register = template.Library()

_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"
_A_MINUTE = timedelta(minutes=1)


@register.filter
def money(amount: Decimal | float | None, currency: str = "") -> str:
    """An amount with its currency, such as 1,249.00 SEK."""
    if amount is None:
        return ""
    value = Decimal(str(amount))
    digits = formats.number_format(abs(value), decimal_pos=2, force_grouping=True)
    return f"{_MINUS if value < 0 else ''}{digits}{_NO_BREAK_SPACE}{currency}".rstrip()


@register.filter
def points(amount: Decimal | None) -> str:
    """A number of points, such as 1,249, with a fraction only where there is one."""
    if amount is None:
        return ""
    digits = formats.number_format(f"{abs(amount).normalize():f}", force_grouping=True)
    return f"{_MINUS if amount < 0 else ''}{digits}"


@register.filter
def day(value: datetime | None) -> str:
    """A day as people say it: today, yesterday, 3 November, 3 November 2025."""
    if value is None:
        return ""
    local, today = timezone.localtime(value), timezone.localtime(clock.now())
    if local.date() == today.date():
        return "today"
    if local.date() == today.date() - timedelta(days=1):
        return "yesterday"
    return formats.date_format(local, "j F" if local.year == today.year else "j F Y")


@register.filter
def time(value: datetime | None) -> str:
    """A time of day, such as 14:02."""
    return "" if value is None else formats.date_format(timezone.localtime(value), "H:i")


@register.filter
def moment(value: datetime | None) -> str:
    """A time and its day: 14:02 today, 14:02 yesterday, 14:02 on 3 November."""
    if value is None:
        return ""
    words = day(value)
    return f"{time(value)}{_NO_BREAK_SPACE}{words}" if not words[0].isdigit() else f"{time(value)} on {words}"


@register.filter
def ago(value: datetime | None) -> str:
    """How long ago: just now, 5 minutes ago."""
    if value is None:
        return "never"
    return "just now" if clock.now() - value < _A_MINUTE else f"{lasting(value)} ago"


@register.filter
def lasting(value: datetime | None) -> str:
    """For how long: under a minute, 5 minutes."""
    if value is None:
        return ""
    return "under a minute" if clock.now() - value < _A_MINUTE else timesince(value, clock.now(), depth=1)


@register.filter
def until(value: datetime | None) -> str:
    """When something is due: now, in 5 minutes."""
    if value is None:
        return ""
    left = value - clock.now()
    if left <= timedelta(0):
        return "now"
    return (
        f"in {int(left.total_seconds())} s"
        if left < _A_MINUTE
        else f"in {timesince(clock.now(), value, depth=1)}"
    )


@register.filter
def safe_link(value: Any) -> str:
    """A web address that may stand in a link; empty for anything else, such as javascript: addresses."""
    text = str(value or "").strip()
    return text if text.startswith("https://") else ""


@register.inclusion_tag("partials/nav_link.html", takes_context=True)
def nav_link(context: template.Context, url: str, label: str, *, exact: bool = False) -> dict[str, Any]:
    """A link of the main navigation, marked where the visitor is on that page or below it."""
    request = context.get("request")
    path = request.path if request else ""
    return {"url": url, "label": label, "is_here": path == url if exact else path.startswith(url)}
