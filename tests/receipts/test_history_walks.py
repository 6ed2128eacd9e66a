"""Whoever walks through a history gets each transaction once and misses none, whatever happens meanwhile."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from contacts.models import Contact
from engage_portal.core.clock import Deadline
from engage_portal.engage import Page, Transaction, Unavailable
from engage_portal.outbox.line import door
from receipts.history import pages
from receipts.history.pages import history_page
from receipts.models import HistorySnapshot
from tests.receipts.history_of import forget_age

pytestmark = pytest.mark.django_db

FRONT, PAGE, BEGINNING = 6, 4, 15
DAWN = datetime(2020, 1, 1, tzinfo=UTC)
STEPS = st.one_of(
    st.sampled_from(["sale", "sales", "aged", "down", "up"]),
    st.tuples(st.just("late"), st.integers(0, BEGINNING)),
    st.tuples(st.just("read"), st.integers(0, 1)),
    st.tuples(st.just("read"), st.integers(0, 1)),
    st.tuples(st.just("jump"), st.integers(0, BEGINNING)),
)


class TinyEngage:
    """Nothing of Engage but one contact's list, newest first."""

    def __init__(self) -> None:
        self.sold: list[tuple[float, str]] = []
        self.is_down = False
        for hour in range(BEGINNING):
            self.sell(hour)

    def sell(self, hour: float) -> None:
        """A transaction of some hour; of two in one hour the later one to arrive counts as newer."""
        self.sold.append((hour, f"t-{len(self.sold)}"))
        self.sold.sort(key=lambda sale: sale[0])

    def ask(self, call: Callable[[Any], Any], **_how: Any) -> Any:
        """Stands in for the door."""
        if self.is_down:
            raise Unavailable("no answer")
        return call(self)

    def list_transactions(self, _contact_id: str, *, offset: int = 0, count: int) -> Page[Transaction]:
        """As Engage pages."""
        items = [
            {"id": name, "createdDate": (DAWN + timedelta(hours=hour)).isoformat()}
            for hour, name in reversed(self.sold)
        ][offset : offset + count]
        body = {"items": items, "totalCount": len(self.sold), "offset": offset, "count": len(items)}
        return Page.read(body, Transaction.read, offset=offset, count=count)


@dataclass
class Walker:
    """Reads page after page until it has as many as it was told there are."""

    name: str
    contact: Contact
    engage: TinyEngage
    offset: int = 0
    given: list[str] = field(default_factory=list)
    owed: set[str] = field(default_factory=set)

    def step(self) -> bool:
        """Read one page; False where the walk has come to its end, and a new one begins."""
        if not self.offset:
            self.owed, self.given = {name for _, name in self.engage.sold}, []
        try:
            page = history_page(
                contact=self.contact,
                offset=self.offset,
                count=PAGE,
                deadline=Deadline.after(60),
                reader=self.name,
            )
        except Unavailable:
            return True
        if not self.offset and page.read.freshness != "live":
            self.owed = set()  # told as of an earlier moment, and said so
        self.given += [row["id"] for row in page.rows]
        self.offset += len(page.rows)
        if page.rows and self.offset < page.total:
            return True
        assert len(self.given) == len(set(self.given)), "something was given twice"
        assert self.owed <= set(self.given), "something was lost"
        self.offset = 0
        return False


@settings(
    max_examples=400 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 12,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(steps=["sale", "sale", ("read", 0), "sale", "sale"])
@example(steps=["sale", "sale", "sale", ("read", 0), "sales"])
@given(steps=st.lists(STEPS, min_size=5, max_size=30))
def test_each_walk_gives_each_transaction_once_and_loses_none(monkeypatch, steps):
    engage = TinyEngage()
    monkeypatch.setattr(door, "ask", engage.ask)
    monkeypatch.setattr(pages, "HISTORY_COUNT", FRONT)
    cache.clear()
    contact = Contact.objects.create(engage_contact_id=uuid4())
    walkers = [Walker(name, contact, engage) for name in ("one", "two")]
    for step in steps:
        take(step, engage, walkers)
    engage.is_down = False
    for walker in walkers * 2:
        while walker.step():
            pass
    snapshot = HistorySnapshot.objects.get(contact=contact)
    assert snapshot.kept_count == contact.transactions.filter(numbering=snapshot.numbering).count()


def take(step: Any, engage: TinyEngage, walkers: list[Walker]) -> None:
    word, number = step if isinstance(step, tuple) else (step, 0)
    if word in {"sale", "sales"}:
        for _ in range(1 if word == "sale" else FRONT + 2):
            engage.sell(100 + len(engage.sold))
    elif word == "late":
        engage.sell(number + 0.5)
    elif word == "aged":
        forget_age()
    elif word in {"down", "up"}:
        engage.is_down = word == "down"
    elif word == "read":
        walkers[number].step()
    else:
        Walker("onlooker", walkers[0].contact, engage, offset=number).step()
