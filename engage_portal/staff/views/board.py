"""The dashboard."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from contacts.importing import in_the_way
from contacts.selectors import feeds_in_trouble
from engage_portal.accounts.access import staff_page
from engage_portal.fallback.selectors import in_trouble
from engage_portal.outbox import pauses, selectors
from engage_portal.outbox.line import outages
from engage_portal.outbox.states import State
from engage_portal.staff.chart import chart_of
from engage_portal.staff.permissions import VIEW
from receipts.services.clashes import clashes_unseen

_TILES = (State.ATTENTION, State.PENDING, State.SENDING, State.IN_DOUBT, State.ACCEPTED, State.DELIVERED)
_FILES_SHOWN = 3
_RARE_TILES = (State.SPOOLED, State.CANCELLED, State.SUPERSEDED)


@require_safe
@staff_page(VIEW)
def dashboard(request: HttpRequest) -> HttpResponse:
    """How the line to Engage stands and what waits. With `?live` only the parts that change, for htmx."""
    template = "staff/dashboard_live.html" if "live" in request.GET else "staff/dashboard.html"
    return render(request, template, {**_board(), "live": "live" in request.GET})


def _board() -> dict[str, Any]:
    board = selectors.dashboard()
    tiles = [(state, board.counts.get(state, 0)) for state in _TILES]
    rare = [(state, board.counts[state]) for state in _RARE_TILES if board.counts.get(state)]
    return {
        "board": board,
        "paused": pauses.current(),
        "outage": outages.newest().first(),
        "clashes": clashes_unseen().count(),
        "feeds": feeds_in_trouble(),
        "blocking": in_the_way(),
        "held_files": in_trouble()[:_FILES_SHOWN],
        "tiles": tiles + rare,
        "chart": chart_of(board.last_hour),
    }
