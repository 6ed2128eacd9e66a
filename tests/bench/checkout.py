"""What a till asks before it takes money: against a bare view over the same rows, and while Engage hangs."""

import json
from pathlib import Path

from tests.bench.filling_contacts import person
from tests.bench.report import Figure, Grid, at_least, at_most, middle, paired, percentile, spread
from tests.bench.running import Engage, Store, engage_running, inside, kinds, store
from tests.bench.serving import Request, asked, web

_PEOPLE, _TILLS, _CROWD, _BUDGET = 200, 8, 50, 1.0
_SLACK = 0.05
_BARE, _OURS = "bare view", "portal, fresh copy"
_HOW = (
    f"`POST /api/portal/v1/checkout` by e-mail, fresh copies of {_PEOPLE} members with four offers and four vouchers each, "
    f"{_TILLS} tills in a closed loop over kept connections; the bare view is Django without DRF or middleware and reads "
    "the same rows (key, contact, lists, their age, uses, line) from the same database, in turns. Then with copies that count as old and an "
    f"Engage that hangs: {_CROWD} at once, time budget {_BUDGET:g} s."
)


def measure(home: Path, *, is_quick: bool) -> Figure:
    """Bare, portal, and again; then a crowd while Engage hangs."""
    times, rounds = (25, 3) if is_quick else (100, 6)
    figure = Figure("checkout", "Checkout", _HOW)
    grid = Grid("", ("On", "What", "p50, ms", "p99, ms", "Answers/s"))
    figure.grids.append(grid)
    for kind in kinds():
        with (
            engage_running(home) as engage,
            store(kind, home, engage.url, SNAPSHOT_FRESH_SECONDS="86400") as database,
        ):
            inside(database, "members", str(_PEOPLE))
            ask = _Till(inside(database, "key"))
            seen = _in_turns(database, home, ask, times=times, rounds=rounds)
            hanging = _while_it_hangs(database, home, engage, ask)
        rates = {what: [_TILLS / (sum(each) / len(each)) for each in found] for what, found in seen.items()}
        for what, found in [*seen.items(), ("portal, Engage hangs", [hanging])]:
            every = [seconds for each in found for seconds in each]
            numbers = [f"{percentile(every, at) * 1000:.1f}" for at in (0.5, 0.99)]
            grid.rows.append([kind, what, *numbers, f"{middle(rates[what]):.0f}" if what in rates else "–"])
        ratios = paired(rates[_OURS], rates[_BARE])
        late = percentile(hanging, 0.99) / (_BUDGET + _SLACK)
        figure.ratios += [
            at_least("Checkout rate / bare view", kind, middle(ratios), 0.6, spread(ratios)),
            at_most("Checkout p99, Engage hangs / budget and 50 ms", kind, late, 1),
        ]
    return figure


def _in_turns(
    database: Store, home: Path, ask: "_Till", *, times: int, rounds: int
) -> dict[str, list[list[float]]]:
    """Seconds of each answer, round by round."""
    reading = {"DJANGO_SETTINGS_MODULE": "tests.bench.bare.reading_settings"}
    with (
        web(database, home, "tests.bench.portal_wsgi") as ours,
        web(database, home, "tests.bench.bare.reading", **reading) as bare,
    ):
        seen: dict[str, list[list[float]]] = {_BARE: [], _OURS: []}
        for place in range(rounds + 1):  # the first warms up
            for what, port in ((_BARE, bare), (_OURS, ours)):
                found = asked(port, ask, people=_TILLS, times=times)
                seen[what] += [found] if place else []
    return seen


def _while_it_hangs(database: Store, home: Path, engage: Engage, ask: "_Till") -> list[float]:
    """Seconds of each answer, where no copy is young enough."""
    with web(database, home, "tests.bench.portal_wsgi", SNAPSHOT_FRESH_SECONDS="0") as ours:
        asked(ours, ask, people=_TILLS, times=2)
        engage.fault("hang")
        hanging = asked(ours, ask, people=_CROWD, times=4)
        engage.fault("up")
    return hanging


class _Till:
    """Asks for one member after another."""

    def __init__(self, key: str) -> None:
        self._headers = {"apikey": key, "Content-Type": "application/json"}

    def __call__(self, number: int) -> Request:
        """The request number so and so."""
        email = person(number % _PEOPLE).email
        return "POST", "/api/portal/v1/checkout", json.dumps({"email": email}), self._headers
