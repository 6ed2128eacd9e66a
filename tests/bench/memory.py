"""Whether a worker's memory stays flat."""

import json
from pathlib import Path

from tests.bench.report import Figure, Grid, at_most
from tests.bench.running import SQLITE, engage_running, inside, process, store

_HOW = (
    "Resident memory of one process that runs the worker's task again and again, without latency and rate limit, "
    "read after each {every:,} items; flat is at most a tenth more at the end than after the first {every:,}."
)


def measure(home: Path, *, is_quick: bool) -> Figure:
    """Deliver many items in one process."""
    count, every = (20_000, 2_000) if is_quick else (100_000, 10_000)
    figure = Figure("memory", "Memory of a worker", _HOW.format(every=every))
    with (
        engage_running(home, latency_ms=0) as engage,
        store(SQLITE, home, engage.url, BENCH_UNLIMITED="yes") as database,
    ):
        inside(database, "fill", str(count), "memory")
        log = home / "drain.log"
        command = ["-m", "tests.bench.inside", "drain-in-slices", str(every)]
        with process(command, database.environment, log) as drain:
            if drain.wait(timeout=900):
                raise RuntimeError(f"the drain failed: {log.read_text()[-1000:]}")
        samples = _samples(log)
        came = len(engage.arrivals())
    if came != count:
        raise RuntimeError(f"{came} receipts came instead of {count}")
    megabytes = [sample["rss"] / 2**20 for sample in samples]
    figure.ratios.append(
        at_most(f"Memory at the end / after {every:,} items", SQLITE, megabytes[-1] / megabytes[0], 1.1)
    )
    grid = Grid("", ("Items", "Resident memory"))
    grid.rows = [
        [f"{sample['items']:,}", f"{size:.1f} MiB"] for sample, size in zip(samples, megabytes, strict=True)
    ]
    figure.grids.append(grid)
    return figure


def _samples(log: Path) -> list[dict[str, int]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith('{"items"')]
