"""Figures for Prometheus. Every scrape reads the database: it is all that web and worker processes share.

Labels are kinds, states and words of ours. Nothing personal is in them, and no store.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pybreaker
import structlog
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from engage_portal import __version__
from engage_portal.core import clock
from engage_portal.fallback.selectors import open_files
from engage_portal.outbox import pauses, selectors, tallies
from engage_portal.outbox.line import breaker
from engage_portal.outbox.registry import kinds

log = structlog.get_logger(__name__)

Tallied = Mapping[tuple[str, str], float]
_BREAKER_STATES = (pybreaker.STATE_CLOSED, pybreaker.STATE_HALF_OPEN, pybreaker.STATE_OPEN)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures, for whoever brings the token."""
    if not settings.METRICS_TOKEN:
        return _sentence("There are no metrics: METRICS_TOKEN is not set.", status=404)
    if not _has_token(request):
        refusal = _sentence("Send METRICS_TOKEN as a bearer token.", status=401)
        refusal["WWW-Authenticate"] = "Bearer"
        return refusal
    registry = CollectorRegistry()
    registry.register(Ledger())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    try:
        return HttpResponse(encode(registry), content_type=content_type)
    except Error as error:
        log.warning("the database does not answer; no metrics", error=type(error).__name__)
        return _sentence("The database does not answer.", status=503)


def keep_figures(**_kwargs: Any) -> None:
    """After a request, add what this process counted; figures that cannot be written fail nothing."""
    try:
        tallies.write_now_and_then()
    except Error as error:
        log.warning("figures are written later", error=type(error).__name__)


class Ledger(Collector):
    """The queue and the line to Engage as they stand now, in a fixed number of queries."""

    def collect(self) -> Iterator[Metric]:
        """Every family of figures; none of them reads settled history."""
        yield InfoMetricFamily("engage_portal", "The running version.", value={"version": __version__})
        yield _items()
        yield GaugeMetricFamily(
            "engage_portal_outbox_oldest_waiting_seconds",
            "Age of the oldest item on its way; 0 where none is.",
            value=_age(selectors.oldest_waiting_at(), never=0),
        )
        yield GaugeMetricFamily(
            "engage_portal_outbox_pauses", "Running pauses.", value=pauses.running().count()
        )
        yield _files()
        yield from _line()
        yield GaugeMetricFamily(
            "engage_portal_worker_heartbeat_age_seconds",
            "Time since a worker last took a task; +Inf where none ever did.",
            value=_age(selectors.worker_seen_at(), never=math.inf),
        )
        yield from _tallied(tallies.read())


def _items() -> Metric:
    """Kinds that have none are told too: a series that comes and goes is hard to alert on."""
    found = selectors.unsettled()
    shown = {(state, handler.kind): 0 for handler in kinds() for state in selectors.UNSETTLED} | found
    family = GaugeMetricFamily(
        "engage_portal_outbox_items",
        "Items that are not seen in Engage yet, by state and kind.",
        labels=["state", "kind"],
    )
    for (state, kind), number in sorted(shown.items()):
        family.add_metric([state, kind], number)
    return family


def _files() -> Metric:
    family = GaugeMetricFamily(
        "engage_portal_spool_files",
        "Files for Engage that are on their way, by state; stuck ones need a person.",
        labels=["state"],
    )
    for state, number in open_files().items():
        family.add_metric([state], number)
    return family


def _line() -> Iterator[Metric]:
    state, status = selectors.breaker_state(), breaker.status()
    family = GaugeMetricFamily(
        "engage_portal_engage_breaker_state", "1 for the state that the breaker is in.", labels=["state"]
    )
    for each in _BREAKER_STATES:
        family.add_metric([each.replace("-", "_")], each == state)
    yield family
    yield GaugeMetricFamily(
        "engage_portal_engage_down_seconds",
        "How long Engage has been down; 0 while it is up.",
        value=_age(status.down_since, never=0),
    )


def _tallied(tallied: Tallied) -> Iterator[Metric]:
    """What processes counted and added up in the database."""
    yield _counter(
        "engage_portal_outbox_attempts",
        "Attempts to bring an item to Engage.",
        tallied,
        tally="attempts",
        labels=["kind", "outcome", "channel"],
    )
    yield HistogramMetricFamily(
        "engage_portal_engage_call_seconds",
        "How long the worker's requests to Engage took.",
        buckets=list(_cumulative(tallied)),
        sum_value=tallied.get(("call_seconds_sum", ""), 0),
    )
    yield _counter(
        "engage_portal_pace_wait_seconds",
        "Time that calls stood in line for the pace.",
        tallied,
        tally="pace_wait_seconds",
        labels=["lane"],
    )
    yield _counter(
        "engage_portal_pace_refused",
        "Calls that were not made because the pace had no room in time.",
        tallied,
        tally="pace_refused",
        labels=["lane"],
    )


def _counter(name: str, words: str, tallied: Tallied, *, tally: str, labels: list[str]) -> Metric:
    family = CounterMetricFamily(name, words, labels=labels)
    for (metric, stored), value in tallied.items():
        if metric == tally:
            given = tallies.labels_of(stored)
            family.add_metric([given.get(label, "") for label in labels], value)
    return family


def _cumulative(tallied: Tallied) -> Iterator[tuple[str, float]]:
    """Each class with all below it, as Prometheus wants them; the table counts a call in one class only."""
    total = 0.0
    for limit in tallies.CLASSES:
        total += tallied.get(("call_seconds", f"le={limit}"), 0)
        yield limit, total


def _age(moment: datetime | None, *, never: float) -> float:
    return max(0.0, (clock.now() - moment).total_seconds()) if moment else never


def _has_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN)


def _sentence(words: str, *, status: int) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8")
