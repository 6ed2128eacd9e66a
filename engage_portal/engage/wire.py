"""Reading JSON of which we know neither the exact members nor their exact types.

Engage adds members without notice, spells some in two ways (`items`, `Items`) and documents few error
bodies [developer.voyado.com/en/api/api-versioning/]. So every reader here takes what it can use and never
raises on the rest.
"""

from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, datetime
from decimal import Decimal, DecimalException
from functools import cache
from typing import Any

import msgspec

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")
_BOM = b"\xef\xbb\xbf"


class Unreadable(Exception):  # noqa: N818 - it names a body, not a failure of ours
    """The body is not JSON, or JSON that no honest server sends."""


def decode(body: bytes) -> Any:
    """The JSON value in a body, fractions as Decimal with the digits they came with."""
    try:
        return _decoder.decode(body.removeprefix(_BOM))
    except (ValueError, DecimalException, RecursionError):
        raise Unreadable from None


def encode(value: Any) -> bytes:
    """A value as JSON, Decimals as numbers."""
    return _encoder.encode(value)


def member(value: Any, *names: str) -> Any:
    """The first of these members, whatever its case, or None when there is none (or `value` is no object)."""
    if not isinstance(value, dict | Mapping):  # the first saves asking the second, which is slow
        return None
    for name in names:
        if value.get(name) is not None:
            return value[name]
    wanted, found = _folded(names), {}
    for key, each in value.items():
        if each is not None and (folded := str(key).casefold()) in wanted:
            found[folded] = each
    return next((found[name] for name in wanted if name in found), None) if found else None


@cache
def _folded(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.casefold() for name in names)


def text(value: Any, *names: str) -> str | None:
    """A member as text. Numbers count as text: voucher numbers and external ids come both ways."""
    found = member(value, *names)
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
        return None
    return str(found)


def lowered(value: Any, *names: str) -> str:
    """An id, in lower case because the API and the exports disagree about case; empty when missing."""
    return (text(value, *names) or "").strip().lower()


def number(value: Any, *names: str) -> Decimal | None:
    """A member as a finite number; digits in a string count, as our own snapshots store them so."""
    found = member(value, *names)
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
        return None
    try:
        parsed = Decimal(found)
    except DecimalException:
        return None
    return parsed if parsed.is_finite() else None


def whole(value: Any, *names: str) -> int | None:
    """A member as a whole number."""
    found = number(value, *names)
    return (
        int(found)
        if found is not None and found.copy_abs() < Decimal(10) ** 18 and found == int(found)
        else None
    )


def truth(value: Any, *names: str) -> bool | None:
    """A member as yes or no; None when it says neither."""
    found = member(value, *names)
    if isinstance(found, bool):
        return found
    return {"true": True, "false": False}.get(found.casefold()) if isinstance(found, str) else None


def moment(value: Any, *names: str) -> datetime | None:
    """A member as an aware time. One without an offset is local time in the tenant's zone, as in Engage's files.

    That is the process's own zone: Django gives it `TIME_ZONE`. The first year and the last one are how programs write
    "none" and "never", and some zone has no such day: None, too.
    """
    found = member(value, *names)
    if not isinstance(found, str):
        return None
    try:
        parsed = datetime.fromisoformat(found.strip())
    except ValueError:
        return None
    if not MINYEAR < parsed.year < MAXYEAR:
        return None
    return parsed if parsed.tzinfo else parsed.astimezone()


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects in an array; anything else in it, and anything that is no array, is left out."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else []
