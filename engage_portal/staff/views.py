"""The staff screens: what has not reached Engage, why, and sending it again."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from engage_portal.accounts.access import staff_page
from engage_portal.outbox import selectors
from engage_portal.outbox.breaker import status
from engage_portal.outbox.filters import ItemFilter
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import kinds
from engage_portal.outbox.services import retry as send_again
from engage_portal.outbox.states import State
from engage_portal.staff.chart import chart_of
from engage_portal.staff.wishes import Wish, needs_asking
from engage_portal.staff.words import RETRYABLE, next_step

VIEW, RETRY = "outbox.view_item", "outbox.retry_item"
PER_PAGE = 25
_TILES = (State.ATTENTION, State.PENDING, State.SENDING, State.IN_DOUBT, State.ACCEPTED, State.DELIVERED)
_RARE_TILES = (State.SPOOLED, State.CANCELLED, State.SUPERSEDED)
_BIGGEST_ID = 2**63 - 1


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
    return {"board": board, "tiles": tiles + rare, "chart": chart_of(board.last_hour)}


@require_safe
@staff_page(VIEW)
def queue(request: HttpRequest) -> HttpResponse:
    """The items, newest first, narrowed by a filter."""
    chosen = ItemFilter(request.GET, queryset=selectors.items())
    page = Paginator(chosen.qs, PER_PAGE).get_page(request.GET.get("page"))
    query = _without_page(request)
    context = {
        "filter": chosen,
        "page": page,
        "query": f"{query}&" if query else "",
        "filter_query": query,
        "is_filtered": any(request.GET.get(name) for name in ItemFilter.base_filters),
        "states": State.choices,
        "kinds": kinds(),
        "chosen_states": request.GET.getlist("state"),
        "retryable": chosen.qs.filter(state__in=RETRYABLE).count() if request.user.has_perm(RETRY) else 0,
        "newest": page.object_list[0].pk if page.object_list and page.number == 1 else 0,
    }
    return render(request, "staff/queue.html", context)


@require_safe
@staff_page(VIEW)
def queue_live(request: HttpRequest) -> HttpResponse:
    """The present state of the rows that a queue page shows, and how many came since; for htmx."""
    pks = [int(pk) for pk in request.GET.getlist("row")[:PER_PAGE] if _is_id(pk)]
    newest = request.GET.get("newest", "")
    shown = ItemFilter(request.GET, queryset=selectors.items()).qs
    context = {
        "items": selectors.items().filter(pk__in=pks),
        "arrived": shown.filter(pk__gt=int(newest)).count() if _is_id(newest) and newest != "0" else 0,
        "filter_query": request.GET.get("query", ""),
        "live": True,
    }
    return render(request, "staff/queue_live.html", context)


@require_safe
@staff_page(VIEW)
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """One item and its story."""
    if pk > _BIGGEST_ID:
        raise Http404
    try:
        detail = selectors.item_detail(pk)
    except Item.DoesNotExist:
        raise Http404 from None
    context = {
        "detail": detail,
        "item": detail.item,
        "next_step": next_step(detail.item, waits_for=detail.waits_for, is_line_up=status().is_up),
        "is_retryable": detail.item.state in RETRYABLE,
    }
    return render(request, "staff/item.html", context)


@staff_page(RETRY)
@require_POST
def retry(request: HttpRequest) -> HttpResponseBase:
    """Send items again; asks first where many are meant."""
    wish = Wish.read(request.POST)
    wanted = wish.items()
    count = wanted.count()
    back = _back(request)
    if not count:
        messages.info(request, "Nothing was selected.")
        return redirect(back)
    if needs_asking(wish, count):
        return render(request, "staff/retry_confirm.html", {"wish": wish, "count": count, "back": back})
    messages.success(request, str(send_again(items=wanted, by=request.user.get_username())))
    return redirect(back)


def _back(request: HttpRequest) -> str:
    """The page that the form stood on, if it is one of ours."""
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if ours and target.startswith("/staff/") else reverse("staff:queue")


def _without_page(request: HttpRequest) -> str:
    """The filter of a list as a query string."""
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


def _is_id(text: str) -> bool:
    return (
        text.isascii()
        and text.isdecimal()
        and int(text[:19]) <= _BIGGEST_ID
        and len(text) <= len(str(_BIGGEST_ID))
    )
