"""Reading a contacts export into the local copy, against the least that reading and writing it takes."""

from pathlib import Path
from typing import Any

from engage_portal.sandbox import exports
from tests.bench.report import Figure, Grid, at_most, middle, paired, spread
from tests.bench.running import POSTGRESQL, Store, inside, kinds, store

_HOW = (
    "An export of {count:,} contacts with a dozen fields each goes into an empty copy: by the portal (checked, counted, "
    "read again, looked up, normalised, resumable), and bare (lxml's stream parser, and COPY or prepared statements into "
    "the same table with its indexes, in one transaction), in turns, each in a process of its own. Then the same people "
    "come again in another file."
)
_MOST_MEMORY = 250


def measure(home: Path, *, is_quick: bool) -> Figure:
    """Both in turns, on each database."""
    count, rounds = (50_000, 2) if is_quick else (1_000_000, 3)
    figure = Figure("importing", "Importing contacts", _HOW.format(count=count))
    grid = Grid("", ("On", "What", "Contacts/s, median", "Lowest", "Highest", "Peak memory"))
    figure.grids.append(grid)
    first, again = _file(home / "first.xml", count), _file(home / "again.xml", count, ends_with="\n")
    for kind in kinds():
        with store(kind, home, "https://engage.invalid") as database:
            _measure_one(figure, grid, database, first, again, rounds)
    return figure


def _measure_one(figure: Figure, grid: Grid, database: Store, first: Path, again: Path, rounds: int) -> None:
    ours, bare, second = list[Any](), list[Any](), list[Any]()
    for _ in range(rounds):
        inside(database, "import-empty")
        bare.append(inside(database, "import-bare", str(first)))
        inside(database, "import-empty")
        ours.append(_sound(inside(database, "import", str(first)), "new"))
        second.append(_sound(inside(database, "import", str(again)), "unchanged"))
    kind = database.kind
    ratios = paired(_seconds(ours), _seconds(bare))
    figure.ratios.append(at_most("Import / bare minimum", kind, middle(ratios), 2.0, spread(ratios)))
    peaks = [done["peak"] / 2**20 for done in (*ours, *second)]
    figure.ratios.append(at_most("Peak memory, MiB", kind, max(peaks), _MOST_MEMORY, spread(peaks)))
    if kind == POSTGRESQL:
        written = [float(done["rows_written"]) for done in second]
        figure.ratios.append(
            at_most("Rows written by the same again", kind, max(written), 0, spread(written))
        )
    for name, runs in (("bare", bare), ("import", ours), ("the same again", second)):
        rates = [done["total"] / done["seconds"] for done in runs]
        numbers = [f"{number:,.0f}" for number in (middle(rates), min(rates), max(rates))]
        grid.rows.append([kind, name, *numbers, f"{max(done['peak'] for done in runs) / 2**20:.0f} MiB"])


def _sound(done: dict[str, Any], outcome: str) -> dict[str, Any]:
    if done[outcome] != done["total"]:
        raise RuntimeError(f"{done[outcome]} of {done['total']} were {outcome}")
    return done


def _seconds(runs: list[dict[str, Any]]) -> list[float]:
    return [done["seconds"] for done in runs]


def _file(path: Path, count: int, *, ends_with: str = "") -> Path:
    """An export; with other bytes at its end its content is another."""
    with path.open("w", encoding="utf-8") as out:
        exports.write(out, new=exports.people(count))
        out.write(ends_with)
    return path
