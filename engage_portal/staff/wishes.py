"""Which items somebody wants to move: some that they ticked, or all that a filter shows."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import QueryDict

from engage_portal.outbox.filters import ItemFilter
from engage_portal.outbox.models import Item
from engage_portal.outbox.selectors import items
from engage_portal.outbox.states import State

MOST_WITHOUT_ASKING = 20
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish as the form sent it."""

    pks: tuple[int, ...]
    query: str
    """The filter as a query string; counts only where `wants_all`."""
    wants_all: bool
    confirmed: int
    """How many they were asked about and said yes to; 0 before they were asked."""
    up_to: int
    """The newest item when they were asked: what came later is not meant. 0 before they were asked."""

    @classmethod
    def read(cls, form: QueryDict) -> "Wish":
        """Read a form: the button of one row wins over the ticked ones, and those over the filter."""
        only = form.getlist("only")
        return cls(
            pks=_numbers(only or form.getlist("item")),
            query=form.get("query", ""),
            wants_all=not only and form.get("scope") == "all",
            confirmed=_number(form.get("confirmed", "")),
            up_to=_number(form.get("up_to", "")),
        )

    def items(self, movable: Collection[State]) -> QuerySet[Item]:
        """The items that are meant: the ticked ones, or those of the filter that can move at all.

        A filter that makes no sense means none, never all.
        """
        if not self.wants_all:
            return items().filter(pk__in=self.pks)
        chosen = ItemFilter(QueryDict(self.query), queryset=items())
        if not chosen.is_valid():
            return items().none()
        found: QuerySet[Item] = chosen.qs.filter(state__in=movable)
        return found.filter(pk__lte=self.up_to) if self.up_to else found


def _numbers(texts: list[str]) -> tuple[int, ...]:
    return tuple(
        int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    )


def _number(text: str) -> int:
    return next(iter(_numbers([text])), 0)
