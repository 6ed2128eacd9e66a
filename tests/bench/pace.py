"""How close the real worker comes to the rate that it is given, and that it never exceeds it."""

import time
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engage_portal.sandbox.app import Sandbox, create_app
from engage_portal.sandbox.server import running
from engage_portal.sandbox.state import Settings
from tests.bench.report import Figure, Grid, at_most
from tests.bench.running import LATENCY_MS, SQLITE, inside, process, store

_RATE = 50
_HOW = (
    f"`manage.py worker` with ENGAGE_RATE={_RATE}; the sandbox ({LATENCY_MS} ms) noted the moment at which each call "
    "arrived. The time is that from the first arrival to the last, the fullest second any second at all."
)


class _Noting:
    """The sandbox, and when each call for it came in."""

    def __init__(self, app: Sandbox) -> None:
        self._app = app
        self.arrivals: list[float] = []

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/api/"):
            self.arrivals.append(time.monotonic())
        return self._app(environ, start_response)


def measure(home: Path, *, is_quick: bool) -> Figure:
    """Let the worker drain a backlog, and look at the arrivals."""
    count = 1000 if is_quick else 5000
    noting = _Noting(
        create_app(
            seed=False, rate_limit=10**6, settings=Settings(import_delay=864_000, latency_ms=LATENCY_MS)
        )
    )
    with (
        running(noting) as server,  # type: ignore[arg-type]
        store(SQLITE, home, server.url, ENGAGE_RATE=str(_RATE)) as database,
    ):
        inside(database, "fill", str(count), "pace")
        with process(["manage.py", "worker"], database.environment, home / "worker.log"):
            _wait_for(count, noting.arrivals, seconds=count / _RATE * 1.5 + 60)
    arrivals = sorted(noting.arrivals)
    took, ideal = arrivals[-1] - arrivals[0], count / _RATE
    fullest = fullest_second(arrivals)
    grid = Grid(
        "", ("Items", "Time at exactly 50/s", "Time it took", "Items/s", "Calls in the fullest second")
    )
    grid.rows.append([str(count), f"{ideal:.1f} s", f"{took:.1f} s", f"{count / took:.2f}", str(fullest)])
    ratios = [
        at_most("Drain at 50/s: time / ideal time", SQLITE, took / ideal, 1.03),
        at_most("Drain at 50/s: fullest second / rate", SQLITE, fullest / _RATE, 1),
    ]
    return Figure("pace", "Pace", _HOW, ratios, [grid])


def _wait_for(count: int, arrivals: list[float], *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while len(arrivals) < count:
        if time.monotonic() > end:
            raise RuntimeError(f"only {len(arrivals)} of {count} came within {seconds:.0f} s")
        time.sleep(0.5)


def fullest_second(arrivals: list[float]) -> int:
    """The greatest number of arrivals in any second, wherever it begins; `arrivals` are in order."""
    return max(bisect_left(arrivals, begin + 1.0) - place for place, begin in enumerate(arrivals))
