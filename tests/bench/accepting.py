"""How long a till waits until its receipt is kept, with Engage up, down and hanging, against a view that inserts a row."""

import http.client
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx

from tests.bench.report import Figure, Grid, at_most, middle, paired, percentile, spread
from tests.bench.running import Store, engage_running, inside, kinds, process, store
from tests.conftest import make_receipt
from tests.flows.running import free_port, until

_TILLS = 8
_MODES = ("up", "down", "hang")
_BARE = "bare view"
_HOW = (
    f"A closed loop of {_TILLS} tills, each of which posts its next receipt as soon as the last one is answered, over "
    f"kept connections; web and bare view under the same gunicorn settings (2 processes of {_TILLS} threads), in turns. "
    "The bare view is DRF without authentication or middleware and inserts one row. The worker delivers beside them on "
    "the same cores, at its default rate."
)


@dataclass(frozen=True)
class _Server:
    port: int
    key: str = ""
    answers: Counter[int] = field(default_factory=Counter)


def measure(home: Path, *, is_quick: bool) -> Figure:
    """Bare, up, bare, down, bare, hanging, and again."""
    count, rounds = (200, 3) if is_quick else (400, 4)
    figure = Figure("accepting", "Accepting a receipt", _HOW)
    grid = Grid("", ("On", "What", "p50, ms", "p99, ms", "Receipts/s"))
    figure.grids.append(grid)
    for kind in kinds():
        times = _times(kind, home, count=count, rounds=rounds)
        for what, seen in times.items():
            halves = [percentile(each, 0.5) for each in seen], [percentile(each, 0.99) for each in seen]
            throughput = _TILLS / middle([sum(each) / len(each) for each in seen])
            numbers = [f"{middle(values) * 1000:.1f}" for values in halves]
            grid.rows.append([kind, _name(what), *numbers, f"{throughput:.0f}"])
        for share, name in ((0.5, "p50"), (0.99, "p99")):
            figure.ratios += _ratios(kind, times, share, name)
    return figure


def _name(what: str) -> str:
    return what if what == _BARE else f"portal, Engage {'hanging' if what == 'hang' else what}"


def _ratios(kind: str, times: dict[str, list[list[float]]], share: float, name: str) -> Iterator:
    ranked = {what: [percentile(each, share) for each in seen] for what, seen in times.items()}
    bare = paired(ranked["up"], ranked[_BARE])
    yield at_most(f"Accepting {name}: Engage up / bare view", kind, middle(bare), 2, spread(bare))
    for mode in _MODES[1:]:
        ratios = paired(ranked[mode], ranked["up"])
        yield at_most(f"Accepting {name}: Engage {mode} / up", kind, middle(ratios), 1.1, spread(ratios))


def _times(kind: str, home: Path, *, count: int, rounds: int) -> dict[str, list[list[float]]]:
    times: dict[str, list[list[float]]] = defaultdict(list)
    with ExitStack() as stack:
        engage = stack.enter_context(engage_running(home))
        database = stack.enter_context(store(kind, home, engage.url))
        other = stack.enter_context(
            store(kind, home, engage.url, DJANGO_SETTINGS_MODULE="tests.bench.bare.settings")
        )
        portal = stack.enter_context(_web(database, home, "tests.bench.portal_wsgi"))
        bare = stack.enter_context(_web(other, home, "tests.bench.bare.wsgi"))
        portal = replace(portal, key=inside(database, "key"))
        stack.enter_context(process(["manage.py", "worker"], database.environment, home / "worker.log"))
        for server in (portal, bare):
            _posts(server, 100)  # threads and connections are there before it counts
        for _ in range(rounds):
            times[_BARE].append(_posts(bare, count))
            for mode in _MODES:
                engage.fault(mode)
                times[mode].append(_posts(portal, count))
                engage.fault("up")
        for server in (portal, bare):
            if set(server.answers) != {202}:
                raise RuntimeError(f"not every receipt was answered with 202: {dict(server.answers)}")
    return times


@contextmanager
def _web(database: Store, home: Path, module: str) -> Iterator[_Server]:
    port = free_port()
    command = [
        "-m",
        "gunicorn",
        "--config",
        "python:engage_portal.server",
        "--threads",
        str(_TILLS),
        "--bind",
        f"127.0.0.1:{port}",
        module,
    ]
    with process(command, database.environment, home / f"{module}.log"):
        until(lambda: httpx.get(f"http://127.0.0.1:{port}/", timeout=10).status_code, what=module)
        yield _Server(port)


def _posts(server: _Server, count: int) -> list[float]:
    with ThreadPoolExecutor(_TILLS) as pool:
        found = list(pool.map(partial(_till, server), [count // _TILLS] * _TILLS))
    return [seconds for times in found for seconds in times]


def _till(server: _Server, count: int) -> list[float]:
    headers = {"apikey": server.key, "Content-Type": "application/json"}
    bodies = [json.dumps(make_receipt(str(uuid4()), contact=_somebody())) for _ in range(count)]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    times = []
    for body in bodies:
        began = time.perf_counter()
        connection.request("POST", "/api/v3/receipts", body, headers)
        answer = connection.getresponse()
        answer.read()
        times.append(time.perf_counter() - began)
        server.answers[answer.status] += 1
    connection.close()
    return times


def _somebody() -> dict[str, str]:
    return {"matchKey": str(uuid4()), "matchKeyType": "contactId"}
