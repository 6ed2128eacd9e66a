"""Which items somebody wants to send again: some that they ticked, or all that a filter shows."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import QueryDict

from engage_portal.outbox.filters import ItemFilter
from engage_portal.outbox.models import Item
from engage_portal.outbox.selectors import items
from engage_portal.staff.words import RETRYABLE

MOST_WITHOUT_ASKING = 20
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish as the form sent it."""

    pks: tuple[int, ...]
    query: str
    """The filter as a query string; counts only where `wants_all`."""
    wants_all: bool
    is_confirmed: bool

    @classmethod
    def read(cls, form: QueryDict) -> "Wish":
        """Read a form: the button of one row wins over the ticked ones, and those over the filter."""
        only = form.getlist("only")
        return cls(
            pks=_numbers(only or form.getlist("item")),
            query=form.get("query", ""),
            wants_all=not only and form.get("scope") == "all",
            is_confirmed=form.get("confirmed") == "yes",
        )

    def items(self) -> QuerySet[Item]:
        """The items that are meant. A filter that makes no sense means none, never all."""
        if not self.wants_all:
            return items().filter(pk__in=self.pks)
        chosen = ItemFilter(QueryDict(self.query), queryset=items())
        if not chosen.is_valid():
            return items().none()
        found: QuerySet[Item] = chosen.qs.filter(state__in=RETRYABLE)
        return found


def needs_asking(wish: Wish, count: int) -> bool:
    """Whether so many are meant that a person should look twice."""
    return count > MOST_WITHOUT_ASKING and not wish.is_confirmed


def _numbers(texts: list[str]) -> tuple[int, ...]:
    return tuple(
        int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    )
