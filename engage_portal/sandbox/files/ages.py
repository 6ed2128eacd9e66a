"""How old somebody is, from what a file says about them [A1: `age`, else the personal number or the birthday]."""

import re
from collections.abc import Mapping
from datetime import date

_SWEDISH = re.compile(r"(\d\d)?(\d\d)(\d\d)(\d\d)[-+]?\d{4}")
_FINNISH = re.compile(r"(\d\d)(\d\d)(\d\d)([-+A-FU-Y])\d{3}[0-9A-Y]", re.IGNORECASE)
_CENTURIES = {"+": 1800, **dict.fromkeys("-UVWXY", 1900), **dict.fromkeys("ABCDEF", 2000)}
_COORDINATION = 60


def age(fields: Mapping[str, str], today: date) -> int | None:
    """Whole years, or None where nothing tells."""
    given = fields.get("age", "")
    if given.isascii() and given.isdecimal():
        return int(given)
    born = _born(fields.get("socialSecurityNumber", ""), today) or _day(fields.get("birthDay", "")[:10])
    if born is None:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _born(number: str, today: date) -> date | None:
    """The birthday in a personal number. Some read as Swedish and as Finnish; this tenant is Swedish."""
    return _born_swedish(number, today) or _born_finnish(number)


def _born_swedish(number: str, today: date) -> date | None:
    """Ten digits are somebody younger than a hundred [A15]."""
    found = _SWEDISH.fullmatch(number)
    if not found:
        return None
    century, year, month, day = found.groups()
    month_and_day = int(month), int(day) % _COORDINATION
    if century:
        return _date(int(century + year), *month_and_day)
    this = today.year // 100 * 100 + int(year)
    born = _date(this, *month_and_day)
    return born if born and born <= today else _date(this - 100, *month_and_day)


def _born_finnish(number: str) -> date | None:
    found = _FINNISH.fullmatch(number)
    if not found:
        return None
    day, month, year, century = found.groups()
    return _date(_CENTURIES[century.upper()] + int(year), int(month), int(day))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
