"""Many contacts that changed while Engage was away: in how few calls they reach it, and at what pace the rest goes."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engage_portal.sandbox.app import Sandbox, create_app
from engage_portal.sandbox.server import running
from engage_portal.sandbox.state import Settings
from tests.bench.filling_contacts import in_engage
from tests.bench.pace import fullest_second
from tests.bench.report import Figure, Grid, at_most
from tests.bench.running import LATENCY_MS, inside, kinds, process, store

_PEOPLE, _RATE = 20_000, 50
_CONFIRMING = 20.0
_LONGEST = 600.0
_HOW = (
    "{people:,} contacts that changed during an outage, `manage.py worker` with ENGAGE_RATE=50. Bulk calls until the last "
    "change is in the sandbox; then single calls (the confirmation) for {seconds:.0f} s more, and the fullest second of all."
)


class _Noting:
    """The sandbox, and which calls came in when."""

    def __init__(self, app: Sandbox) -> None:
        self._app = app
        self.arrivals: list[float] = []
        self.bulk_calls = 0

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/api/"):
            self.arrivals.append(time.monotonic())
            self.bulk_calls += environ["PATH_INFO"].endswith("/bulk")
        return self._app(environ, start_response)

    def moved(self) -> int:
        """How many contacts have the new city."""
        with self._app.engage.lock:
            self._app.engage.settle()
            return sum(
                each["attributes"]["city"] == "Göteborg" for each in self._app.engage.contacts.values()
            )


def measure(home: Path, *, is_quick: bool) -> Figure:
    """The worker finds everybody waiting when Engage is back."""
    people = 5000 if is_quick else _PEOPLE
    figure = Figure("outage", "After an outage", _HOW.format(people=people, seconds=_CONFIRMING))
    grid = Grid("", ("On", "Contacts", "Bulk calls", "All in Engage after", "Calls in the fullest second"))
    figure.grids.append(grid)
    for kind in kinds():
        noting = _sandbox(people)
        with running(noting) as server, store(kind, home, server.url, ENGAGE_RATE=str(_RATE)) as database:  # type: ignore[arg-type]
            inside(database, "people", str(people))
            inside(database, "change-everybody")
            began = time.monotonic()
            with process(["manage.py", "worker"], database.environment, home / "worker.log"):
                _wait_for(people, noting)
                took = time.monotonic() - began
                time.sleep(_CONFIRMING)
        fullest = fullest_second(sorted(noting.arrivals))
        grid.rows.append([kind, f"{people:,}", str(noting.bulk_calls), f"{took:.1f} s", str(fullest)])
        figure.ratios += [
            at_most("Bulk calls after an outage", kind, noting.bulk_calls, 10),
            at_most("Fullest second after an outage / rate", kind, fullest / _RATE, 1),
        ]
    return figure


def _sandbox(people: int) -> _Noting:
    app = create_app(seed=False, rate_limit=10**6, settings=Settings(bulk_delay=0, latency_ms=LATENCY_MS))
    for number in range(people):
        contact = in_engage(number)
        app.engage.store.put("contact", str(contact["id"]), contact)
    app.engage.store.commit()
    return _Noting(app)


def _wait_for(people: int, noting: _Noting) -> None:
    end = time.monotonic() + _LONGEST
    while (moved := noting.moved()) < people:
        if time.monotonic() > end:
            raise RuntimeError(f"only {moved} of {people} changes are in Engage")
        time.sleep(0.5)
