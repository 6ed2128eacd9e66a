"""How long people wait, with Engage up, down and hanging."""

import re
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.bench.report import Figure, Grid, percentile
from tests.conftest import make_receipt
from tests.flows.running import Portal, portal_running

_TILLS = 8
_BUDGET = 1.0
_HOW = (
    f"The real processes with their worker, {_TILLS} tills at once and one customer, time budget {_BUDGET:g} s; "
    "milliseconds."
)
Call = Callable[[httpx.Client, int], httpx.Response]


def measure(home: Path, *, is_quick: bool) -> Figure:
    """Every kind of call in every weather."""
    figure = Figure("people", "How long people wait", _HOW)
    grid = Grid("", ("Engage", "Call", "p50", "p99", "Slowest", "p50 / Engage up", "Answers"))
    figure.grids.append(grid)
    with portal_running(home, "web", "worker", DEBUG="true", PORTAL_TIME_BUDGET=str(_BUDGET)) as portal:
        cookies = _signed_in(portal)
        first: dict[str, float] = {}
        for mode in ("up", "down", "hang"):
            portal.fault(mode)
            for name, call, count in _calls(mode, is_quick=is_quick):
                grid.rows.append(_row(mode, name, *_measure(portal, call, count), first))
            grid.rows.append(_row(mode, "My Pages, snapshot here", *_pages(portal, cookies), first))
        portal.fault("up")
    return figure


def _calls(mode: str, *, is_quick: bool) -> list[tuple[str, Call, int]]:
    return [
        (
            "POST receipts",
            lambda till, n: till.post(
                "/api/v3/receipts", json=make_receipt(f"{mode}-{n}", contact=_somebody(n))
            ),
            80 if is_quick else 400,
        ),
        (
            "GET contacts/id, unknown here",
            lambda till, n: till.get("/api/v3/contacts/id", params={"email": f"{mode}{n}@example.com"}),
            40,
        ),
        (
            "POST contacts",
            lambda till, n: till.post(
                "/api/v3/contacts", json={"firstName": "B", "email": f"new{mode}{n}@example.com"}
            ),
            40,
        ),
    ]


def _somebody(number: int) -> dict[str, str]:
    return {"matchKey": f"+4670{number:07d}", "matchKeyType": "mobilePhone", "contactType": "Member"}


def _measure(portal: Portal, call: Call, count: int) -> tuple[list[float], set[int]]:
    def till(start: int) -> list[tuple[float, int]]:
        with httpx.Client(base_url=portal.url, headers={"apikey": portal.key}, timeout=60) as client:
            return [
                _timed(lambda number=number: call(client, number)) for number in range(start, count, _TILLS)
            ]

    with ThreadPoolExecutor(_TILLS) as pool:
        seen = [entry for entries in pool.map(till, range(_TILLS)) for entry in entries]
    return [seconds for seconds, _ in seen], {status for _, status in seen}


def _pages(portal: Portal, cookies: httpx.Cookies) -> tuple[list[float], set[int]]:
    with httpx.Client(base_url=portal.url, cookies=cookies, timeout=60) as browser:
        seen = [_timed(lambda: browser.get("/me/")) for _ in range(60)]
    return [seconds for seconds, _ in seen], {status for _, status in seen}


def _timed(call: Callable[[], httpx.Response]) -> tuple[float, int]:
    began = time.perf_counter()
    status = call().status_code
    return time.perf_counter() - began, status


def _row(mode: str, name: str, times: list[float], statuses: set[int], first: dict[str, float]) -> list[str]:
    median = statistics.median(times)
    figures = [f"{value * 1000:.1f}" for value in (median, percentile(times, 0.99), max(times))]
    ratio = median / first.setdefault(name, median)
    return [mode, name, *figures, f"{ratio:.2f}", " ".join(map(str, sorted(statuses)))]


def _signed_in(portal: Portal) -> httpx.Cookies:
    """Sign in as a customer would: e-mail, code from the demo's mail, first look at every page."""
    with httpx.Client(base_url=portal.url, follow_redirects=True, timeout=60) as browser:
        _submit(browser, browser.get("/"), email="anna@example.com")
        mail = browser.get("/demo/mail/").text
        code = re.findall(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail)[0]
        _submit(browser, browser.get("/sign-in/code/"), code=code)
        for page in ("/me/", "/me/purchases/", "/me/offers/", "/me/profile/"):
            browser.get(page).raise_for_status()
        return httpx.Cookies(browser.cookies)


def _submit(browser: httpx.Client, page: httpx.Response, **fields: str) -> None:
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[0]
    data = {"csrfmiddlewaretoken": token, **fields}
    browser.post(page.url, data=data, headers={"Referer": str(page.url)}).raise_for_status()
