"""How fast one worker process delivers, against a bare HTTP loop and against one task per item."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from engage_portal.outbox.delivery.passes import CONCURRENCY
from tests.bench import filling
from tests.bench.report import Figure, Grid, at_least, for_information, middle, paired, spread
from tests.bench.running import (
    LATENCY_MS,
    REDIS,
    Engage,
    Store,
    engage_running,
    forget_redis,
    inside,
    kinds,
    process,
    rate,
    store,
    wait_for,
)

_OURS, _BARE, _Q2 = "one worker process", "bare loop", "django-q2, a task per item"
_CELERY, _THREADS = "Celery, a task per item", f"Celery, {CONCURRENCY} threads"
_NOT_OURS = "1"
"""Days: what is queued for the others is not due for our own."""

_HOW = (
    f"Items a second from the first arrival at a sandbox of {LATENCY_MS} ms to the last; all of them were queued before. "
    f"The bare loop posts bodies from memory through {CONCURRENCY} threads and one httpx client, the tasks load the row, "
    "post and update the row (one client per process; workers as many as cores, the libraries' defaults)."
)


def measure(home: Path, *, is_quick: bool) -> Figure:
    """Everybody in turns, on each database."""
    figure = Figure("delivery", "Delivery rate", _HOW)
    grid = Grid("", ("On", "Who", "Items a round", "Items/s, median", "Lowest", "Highest"))
    figure.grids.append(grid)
    for kind in kinds():
        counts = _counts(is_quick=is_quick)
        rates = _rates(kind, home, counts, rounds=1 if is_quick else 3)
        for who, seen in rates.items():
            numbers = [f"{value:.0f}" for value in (middle(seen), min(seen), max(seen))]
            grid.rows.append([kind, who, str(counts[who]), *numbers])
        against = {who: paired(rates[_OURS], seen) for who, seen in rates.items() if who != _OURS}
        figure.ratios += [
            at_least("Delivery / bare loop", kind, middle(against[_BARE]), 0.7, spread(against[_BARE])),
            at_least("Delivery / django-q2", kind, middle(against[_Q2]), 5, spread(against[_Q2])),
            at_least("Delivery / Celery", kind, middle(against[_CELERY]), 5, spread(against[_CELERY])),
            for_information(
                f"Delivery / Celery with {CONCURRENCY} threads",
                kind,
                middle(against[_THREADS]),
                spread(against[_THREADS]),
            ),
        ]
    return figure


def _counts(*, is_quick: bool) -> dict[str, int]:
    many, few = (1000, 120) if is_quick else (2000, 150)
    return {_OURS: many, _BARE: many, _Q2: few, _CELERY: few, _THREADS: many // 3}


def _rates(kind: str, home: Path, counts: dict[str, int], *, rounds: int) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = defaultdict(list)
    runs = {_OURS: drained, _BARE: _bare, _Q2: _q2, _CELERY: _celery, _THREADS: _celery_threads}
    with (
        engage_running(home) as engage,
        store(kind, home, engage.url, BENCH_UNLIMITED="yes", BENCH_BROKER=REDIS) as database,
    ):
        for number in range(rounds):
            for place, (who, run) in enumerate(runs.items()):
                rates[who].append(_one(run, engage, database, home, counts[who], f"r{number}{place}"))
    return rates


Run = Callable[[Engage, Store, Path, int, str], None]


def _one(run: Run, engage: Engage, database: Store, home: Path, count: int, prefix: str) -> float:
    engage.reset()
    run(engage, database, home, count, prefix)
    arrivals = engage.arrivals()
    if len(arrivals) != count:
        raise RuntimeError(f"{len(arrivals)} receipts came instead of {count}")
    return rate(arrivals)


def drained(_engage: Engage, database: Store, _home: Path, count: int, prefix: str) -> None:
    """Our own: the delivery pass of one process, until everything is recorded."""
    inside(database, "fill", str(count), prefix)
    inside(database, "drain", prefix)


def _bare(engage: Engage, database: Store, home: Path, count: int, prefix: str) -> None:
    file = home / "bodies"
    file.write_bytes(b"\n".join(filling.body(number, prefix) for number in range(count)))
    command = ["-m", "tests.bench.bare_loop", engage.url, str(file), str(CONCURRENCY)]
    with process(command, database.environment, home / "bare.log") as loop:
        if loop.wait(timeout=300):
            raise RuntimeError(f"the bare loop failed: {(home / 'bare.log').read_text()[-1000:]}")


def _q2(engage: Engage, database: Store, home: Path, count: int, prefix: str) -> None:
    inside(database, "fill", str(count), prefix, _NOT_OURS)
    inside(database, "queue-q2", prefix, BENCH_TASK_PER_ITEM="yes")
    environment = {**database.environment, "BENCH_TASK_PER_ITEM": "yes"}
    log = home / "q2.log"
    with process(["manage.py", "qcluster"], environment, log) as cluster:
        wait_for(count, engage, cluster, log)


def _celery(engage: Engage, database: Store, home: Path, count: int, prefix: str, *options: str) -> None:
    forget_redis()
    inside(database, "fill", str(count), prefix, _NOT_OURS)
    inside(database, "queue-celery", prefix)
    command = ["-m", "celery", "-A", "tests.bench.celery_app", "worker", "--loglevel", "WARNING", *options]
    log = home / "celery.log"
    with process(command, database.environment, log) as worker:
        wait_for(count, engage, worker, log)


def _celery_threads(engage: Engage, database: Store, home: Path, count: int, prefix: str) -> None:
    options = ("--pool", "threads", "--concurrency", str(CONCURRENCY))
    _celery(engage, database, home, count, prefix, *options)
