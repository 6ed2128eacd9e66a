"""How old an answer is, said the same way by pages and by the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Freshness(StrEnum):
    """The values of the header `X-Engage-Freshness`."""

    LIVE = "live"
    """Engage answered just now."""
    CACHED = "cached"
    """Our copy, young enough that Engage was not asked."""
    STALE = "stale"
    """Our copy, older than that: Engage did not answer in time, or only an id was wanted, which we know."""
    NONE = "none"
    """There is no copy and Engage did not answer."""


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """A value with its age."""

    value: T
    freshness: Freshness
    fetched_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReadPage:
    """Some rows in Engage's own words, newest first, of a total, with their age."""

    rows: Sequence[Mapping[str, Any]]
    total: int
    read: Read[None]
