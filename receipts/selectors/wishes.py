"""Which purchases a member wants to see."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.http import urlencode

_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_DIGITS_OF_A_YEAR = 4


class Kind(StrEnum):
    """Money in, or money back."""

    PURCHASES = "purchases"
    RETURNS = "returns"


@dataclass(frozen=True, slots=True)
class Wish:
    """Everything, or those of a year of the portal's zone, of a kind, or of both."""

    year: int | None = None
    kind: Kind | None = None

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> "Wish":
        """From a page's address. Raises ValueError for what no link and no choice on the page asks for."""
        year, kind = str(query.get("year", "")), str(query.get("kind", ""))
        if year and not _is_year(year):
            raise ValueError("year")
        return cls(int(year) if year else None, Kind(kind) if kind else None)

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self == Wish()

    @property
    def query(self) -> str:
        """As it stands in an address, before the page."""
        given = {"year": self.year, "kind": self.kind}
        chosen = urlencode({name: value for name, value in given.items() if value})
        return f"{chosen}&" if chosen else ""

    def in_time(self) -> Q:
        """The condition on `created_date`."""
        if self.year is None:
            return Q()
        zone = timezone.get_default_timezone()
        begin, end = (datetime(year, 1, 1, tzinfo=zone) for year in (self.year, self.year + 1))
        return Q(created_date__gte=begin, created_date__lt=end)


def _is_year(text: str) -> bool:
    """Whether it is written as a page writes a year: one address for one choice."""
    if not (text.isascii() and text.isdecimal() and len(text) == _DIGITS_OF_A_YEAR):
        return False
    return _FIRST_YEAR <= int(text) <= _LAST_YEAR
