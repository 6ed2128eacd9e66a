"""A member's purchases: as fast with a long history as with a short one."""

from pathlib import Path

from engage_portal.core import clock
from tests.bench.report import Figure, Grid, at_most, middle, paired, percentile, spread
from tests.bench.running import inside, kinds, store
from tests.bench.serving import Request, asked, web

_FEW, _MANY = "50", "5000"
_PAGES = {
    "first page": "",
    "second page": "?page=2",
    "returns": "?kind=returns",
    "this year": f"?year={clock.now().year}",
}
_HOW = (
    f"My Pages' purchases of a member who bought {_FEW} times and of one who bought {int(_MANY):,} times, one browser over "
    "a kept connection, copies fresh and complete, in turns."
)


def measure(home: Path, *, is_quick: bool) -> Figure:
    """Few, many, few, many."""
    times, rounds = (15, 3) if is_quick else (100, 6)
    figure = Figure("purchases", "Purchases on My Pages", _HOW)
    grid = Grid("", ("On", "Page", "Purchases", "p50, ms", "p99, ms"))
    figure.grids.append(grid)
    for kind in kinds():
        with store(kind, home, "http://127.0.0.1:9", SNAPSHOT_FRESH_SECONDS="86400") as database:
            sessions: dict[str, str] = inside(database, "members", "2", _FEW, _MANY)
            with web(database, home, "tests.bench.portal_wsgi") as port:
                for name, query in _PAGES.items():
                    seen = _in_turns(port, sessions, query, times=times, rounds=rounds)
                    for many, found in seen.items():
                        every = [seconds for each in found for seconds in each]
                        numbers = [f"{percentile(every, at) * 1000:.1f}" for at in (0.5, 0.99)]
                        grid.rows.append([kind, name, f"{int(many):,}", *numbers])
                    halves = {many: [percentile(each, 0.5) for each in found] for many, found in seen.items()}
                    ratios = paired(halves[_MANY], halves[_FEW])
                    what = f"Purchases, {name}: {int(_MANY):,} / {_FEW}"
                    figure.ratios.append(at_most(what, kind, middle(ratios), 1.2, spread(ratios)))
    return figure


def _in_turns(
    port: int, sessions: dict[str, str], query: str, *, times: int, rounds: int
) -> dict[str, list[list[float]]]:
    """Seconds of each answer, round by round."""
    seen: dict[str, list[list[float]]] = {_FEW: [], _MANY: []}
    for place in range(rounds + 1):  # the first warms up
        for many, found in seen.items():
            took = asked(port, _Browser(sessions[many], query), people=1, times=times)
            found.extend([took] if place else [])
    return seen


class _Browser:
    """Somebody who is signed in."""

    def __init__(self, session: str, query: str) -> None:
        self._request: Request = ("GET", f"/me/purchases/{query}", None, {"Cookie": f"sessionid={session}"})

    def __call__(self, _number: int) -> Request:
        return self._request
