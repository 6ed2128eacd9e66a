"""How old somebody is, by what a record says: `age`, else the personal number or the birthday.

[developer.voyado.com/en/contacts/contact-xml-import.html]
"""

import re
from collections.abc import Mapping
from datetime import date

_AGE = re.compile(r"[0-9]{1,3}")
_SWEDISH = re.compile(r"([0-9]{2})?([0-9]{2})([0-9]{2})([0-9]{2})([-+]?)[0-9]{4}")
_FINNISH = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})([-+A-FU-Y])[0-9]{3}[0-9A-Y]", re.IGNORECASE)
_CENTURIES = {"+": 1800, **dict.fromkeys("-UVWXY", 1900), **dict.fromkeys("ABCDEF", 2000)}
_SWEDEN = {"SE", ""}
_COORDINATION = 60
"""Is added to the day in a Swedish co-ordination number."""


def age(fields: Mapping[str, str], today: date) -> int | None:
    """Whole years, or None where nothing tells. Of two things that tell, the younger counts: no child slips through.

    But a Danish number begins with the day and reads as a Swedish one without its century: such a number counts only
    where nothing says another country, and no birthday.
    """
    if _AGE.fullmatch(given := fields.get("age", "").strip()):
        return int(given)
    number = fields.get("socialSecurityNumber", "").strip()
    birthday = _birthday(fields.get("birthDay", ""))
    is_short_swedish = birthday is None and fields.get("countryCode", "").strip().upper() in _SWEDEN
    days = (_swedish(number, today, is_short=is_short_swedish), _finnish(number), birthday)
    born = max((day for day in days if day is not None), default=None)
    if born is None:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _swedish(number: str, today: date, *, is_short: bool) -> date | None:
    """Ten digits, where they may be Swedish, are somebody younger than a hundred, unless a plus says otherwise."""
    found = _SWEDISH.fullmatch(number)
    if not found:
        return None
    century, year, month, day, sign = found.groups()
    month_and_day = int(month), int(day) % _COORDINATION
    if century:
        return _day(int(century + year), *month_and_day)
    if not is_short:
        return None
    this = today.year // 100 * 100 + int(year)
    born = _day(this, *month_and_day)
    if born is None or born > today:
        born = _day(this - 100, *month_and_day)
    return _day(born.year - 100, born.month, born.day) if born and sign == "+" else born


def _finnish(number: str) -> date | None:
    found = _FINNISH.fullmatch(number)
    if not found:
        return None
    day, month, year, century = found.groups()
    return _day(_CENTURIES[century.upper()] + int(year), int(month), int(day))


def _birthday(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
