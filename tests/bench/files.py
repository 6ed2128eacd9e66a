"""Writing receipts to checked import files, against lxml's bare trees and stream."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.report import Figure, Grid, at_least, at_most, middle, paired, spread
from tests.flows.running import ROOT

_HOW = (
    "{count:,} receipts of three lines each go into files of 5,000: by the portal (named by the tenant's profile, "
    "cleaned, counted, hashed, and each file read again and checked against its schema), and bare (the same trees built "
    "by lxml from the same receipts, written by its stream, every name in its place, nothing checked), in turns, each in "
    "a process of its own, which tells how much memory it needed at most."
)
_MOST_MEMORY = 150


def measure(home: Path, *, is_quick: bool) -> Figure:
    """Both in turns."""
    count, rounds = (20_000, 3) if is_quick else (100_000, 5)
    figure = Figure("files", "Writing import files", _HOW.format(count=count))
    ours, bare = list[Any](), list[Any]()
    for _ in range(rounds):
        bare.append(_once("bare", count, home))
        ours.append(_once("ours", count, home))
    ratios = paired([done["seconds"] for done in bare], [done["seconds"] for done in ours])
    peaks = [done["peak"] / 2**20 for done in ours]
    figure.ratios += [
        at_least("Checked files: rate / bare lxml", "files", middle(ratios), 0.5, spread(ratios)),
        at_most("Peak memory, MiB", "files", max(peaks), _MOST_MEMORY, spread(peaks)),
    ]
    grid = Grid("", ("What", "Receipts/s, median", "Lowest", "Highest", "MiB written", "Peak memory"))
    for name, runs in (("bare", bare), ("checked files", ours)):
        rates = [done["total"] / done["seconds"] for done in runs]
        numbers = [f"{number:,.0f}" for number in (middle(rates), min(rates), max(rates))]
        peak = max(done["peak"] for done in runs) / 2**20
        grid.rows.append([name, *numbers, f"{runs[0]['size'] / 2**20:.0f}", f"{peak:.0f} MiB"])
    figure.grids.append(grid)
    return figure


def _once(which: str, count: int, home: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.files_once", which, str(count), str(home)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{which}: {done.stderr.strip()[-1500:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
