"""Finding somebody by phone in a large copy, against fetching a row by its primary key."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.report import Figure, Grid, at_most, percentile
from tests.bench.running import inside, kinds, store

_PEOPLE = 1_000_000
_HOW = (
    "Milliseconds of one look-up by phone number in a copy of {people:,} contacts, as the API does it, and of one bare "
    "query by primary key for the same row, in turns, in one process."
)


def measure(home: Path, *, is_quick: bool) -> Figure:
    """One process, both queries in turns, on each database."""
    people, rounds = (50_000, 2000) if is_quick else (_PEOPLE, 10_000)
    figure = Figure("lookup", "Finding somebody", _HOW.format(people=people))
    grid = Grid("", ("On", "What", "p50, ms", "p99, ms"))
    figure.grids.append(grid)
    for kind in kinds():
        with store(kind, home, "http://127.0.0.1:9") as database:
            inside(database, "people", str(people))
            seen: dict[str, list[float]] = inside(database, "look-up", str(people), str(rounds))
        for name, took in seen.items():
            grid.rows.append([kind, name, *(f"{percentile(took, at):.3f}" for at in (0.5, 0.99))])
        by_phone, by_key = (percentile(seen[name], 0.99) for name in ("by phone", "by primary key"))
        figure.ratios.append(at_most("Look-up by phone p99 / bare primary key", kind, by_phone / by_key, 2))
    return figure


def look_up(people: str, rounds: str) -> dict[str, list[float]]:
    """Inside the portal: milliseconds of each, in turns."""
    from contacts.models import Contact
    from contacts.selectors import contacts_matching
    from engage_portal.engage import Identifier, IdentifierKind
    from tests.bench.filling_contacts import person

    chance = random.Random(7)
    seen: dict[str, list[float]] = {"by phone": [], "by primary key": []}
    for _ in range(int(rounds)):
        wanted = person(chance.randrange(int(people)))
        identifier = Identifier(IdentifierKind.MOBILE_PHONE, wanted.mobile_phone)
        seen["by phone"].append(_timed(lambda asked=identifier: contacts_matching(asked)))
        seen["by primary key"].append(_timed(lambda pk=wanted.pk: Contact.objects.get(pk=pk)))
    return seen


def _timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    if not call():
        raise SystemExit("nobody was found")
    return (time.perf_counter() - began) * 1000
