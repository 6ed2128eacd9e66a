"""Outages: all that are remembered, and one as a timeline."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from engage_portal.accounts.access import staff_page
from engage_portal.outbox.line.outages import Kept, Left, kept_in, left_of
from engage_portal.outbox.models import Outage
from engage_portal.outbox.words import lasted
from engage_portal.staff.outages import standing, story, with_files
from engage_portal.staff.permissions import VIEW

PER_PAGE = 20


@require_safe
@staff_page(VIEW)
def overview(request: HttpRequest) -> HttpResponse:
    """The outages, newest first. What is not counted yet is counted here for the newest of them only."""
    page = Paginator(with_files(), PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    uncounted = next((outage for outage in shown if outage.kept is None), None)
    left = left_of(shown)
    rows = [
        _row(outage, kept_in(outage) if outage is uncounted else None, left.get(outage.pk))
        for outage in shown
    ]
    moves = any(row["standing"].moves for row in rows)
    return render(request, "staff/outages.html", {"page": page, "rows": rows, "moves": moves, "query": ""})


@require_safe
@staff_page(VIEW)
def outage(request: HttpRequest, pk: int) -> HttpResponse:
    """One outage: what was kept, where it stands now, and what happened."""
    found = with_files().filter(pk=pk).first()
    if found is None:
        raise Http404
    kept, left = kept_in(found), left_of([found]).get(pk)
    context = {
        **_row(found, kept, left),
        "kept": kept,
        "table": [(kind, kept.by_kind[kind], states.items()) for kind, states in kept.counts.items()],
        "timeline": story(found, kept, left),
    }
    return render(request, "staff/outage.html", context)


def _row(outage: Outage, kept: Kept | None, left: Left | None) -> dict[str, Any]:
    counts = outage.kept if kept is None else kept.by_kind
    return {
        "outage": outage,
        "standing": standing(outage, kept, left),
        "lasted": lasted(outage),
        "counts": counts,
        "total": None if counts is None else sum(counts.values()),
    }
