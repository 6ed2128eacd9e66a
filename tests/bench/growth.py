"""The same drain from a table that has grown for years, against one that is almost empty."""

from contextlib import ExitStack
from pathlib import Path

from tests.bench import plans
from tests.bench.delivery import drained
from tests.bench.report import Figure, Grid, at_least, middle, paired, spread
from tests.bench.running import Engage, Store, engage_running, inside, kinds, rate, store

_FINISHED, _WAITING = 1_000_000, 100_000
_HOW = (
    "Items a second of one worker process, as above, out of a table of {finished:,} finished items and {waiting:,} that wait "
    "(half of them for another day, half in streams behind an item that needs attention) and out of an almost empty one, "
    "in turns."
)


def measure(home: Path, *, is_quick: bool) -> Figure:
    """A small and a large table in turns, on each database."""
    finished, waiting = (200_000, 20_000) if is_quick else (_FINISHED, _WAITING)
    count, rounds = (500, 2) if is_quick else (2000, 3)
    figure = Figure("growth", "Growing table", _HOW.format(finished=finished, waiting=waiting))
    grid = Grid("", ("On", "Table", "Rows", "Items/s, median", "Lowest", "Highest"))
    figure.grids.append(grid)
    for kind in kinds():
        with ExitStack() as stack:
            engage = stack.enter_context(engage_running(home))
            tables = [
                stack.enter_context(store(kind, home, engage.url, BENCH_UNLIMITED="yes")) for _ in range(2)
            ]
            empty, grown = tables
            rows = inside(grown, "grow", str(finished), str(waiting))
            seen = {"almost empty": list[float](), "grown": list[float]()}
            for number in range(rounds):
                seen["almost empty"].append(_one(engage, empty, home, count, f"e{number}"))
                seen["grown"].append(_one(engage, grown, home, count, f"g{number}"))
            inside(grown, "fill", str(count), "plan")
            plan = inside(grown, "plan")
        for name, rates in seen.items():
            numbers = [f"{value:.0f}" for value in (middle(rates), min(rates), max(rates))]
            grid.rows.append([kind, name, f"{rows if name == 'grown' else 0:,}", *numbers])
        ratios = paired(seen["grown"], seen["almost empty"])
        figure.ratios.append(at_least("Grown table / empty table", kind, middle(ratios), 0.9, spread(ratios)))
        figure.plans[f"The claim's query plan, {kind}"] = plan
        plans.check(plan)
    return figure


def _one(engage: Engage, database: Store, home: Path, count: int, prefix: str) -> float:
    engage.reset()
    drained(engage, database, home, count, prefix)
    return rate(engage.arrivals())
