"""Bringing what waits into files: how fast, in how much memory, and whether a long history makes it slower."""

from pathlib import Path
from typing import Any

from tests.bench.report import Figure, Grid, at_most, spread
from tests.bench.running import Store, inside, kinds, store

_HOW = (
    "{count:,} receipts that wait go into files: claimed in batches, then written, checked and released, one process and "
    "no upload. Then a tenth of them again, before and behind {history:,} finished items."
)
_MOST_MEMORY = 150


def measure(home: Path, *, is_quick: bool) -> Figure:
    """On each database."""
    count, history = (20_000, 50_000) if is_quick else (100_000, 500_000)
    figure = Figure("spooling", "Into files", _HOW.format(count=count, history=history))
    columns = (
        "On",
        "Receipts",
        "Finished before",
        "Claimed/s",
        "Written/s",
        "Queries per 1,000",
        "Peak memory",
    )
    grid = Grid("", columns)
    figure.grids.append(grid)
    for kind in kinds():
        with store(kind, home, "https://engage.invalid") as database:
            few = _once(grid, database, home, count // 10, "few", 0)
            many = _once(grid, database, home, count, "many", 0)
            inside(database, "grow", str(history), "2")
            again = _once(grid, database, home, count // 10, "again", history)
        peak = [many["peak"] / 2**20]
        figure.ratios.append(at_most("Peak memory, MiB", kind, peak[0], _MOST_MEMORY, spread(peak)))
        slower = [again["claiming"] / few["claiming"]]
        figure.ratios.append(
            at_most("Claiming behind a long history / without", kind, slower[0], 1.5, spread(slower))
        )
    return figure


def _once(grid: Grid, database: Store, home: Path, count: int, prefix: str, history: int) -> dict[str, Any]:
    inside(database, "fill", str(count), prefix)
    done: dict[str, Any] = inside(database, "claim-and-write", str(home))
    if done["claimed"] != count:
        raise RuntimeError(f"{done['claimed']} receipts of {count} went into files")
    rates = [f"{count / done[phase]:,.0f}" for phase in ("claiming", "writing")]
    queries, peak = f"{1000 * done['queries'] / count:.1f}", f"{done['peak'] / 2**20:.0f} MiB"
    grid.rows.append([database.kind, f"{count:,}", f"{history:,}", *rates, queries, peak])
    return done
