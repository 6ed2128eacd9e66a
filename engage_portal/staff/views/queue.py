"""The queue, and one item with its story."""

from datetime import timedelta
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from engage_portal.accounts.access import staff_page
from engage_portal.core import clock
from engage_portal.core.ids import parse_guid
from engage_portal.fallback.models import SpoolFile
from engage_portal.outbox import pauses, selectors
from engage_portal.outbox.control import CANCELLABLE, RETRYABLE
from engage_portal.outbox.filters import ItemFilter, outage_numbered
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import kinds
from engage_portal.outbox.states import MOVING, State
from engage_portal.outbox.words import next_step_of, pause_over
from engage_portal.staff.about import contact_about
from engage_portal.staff.permissions import CANCEL, CORRECT, RETRY, VIEW
from receipts.services.owners import ownerless

PER_PAGE = 25
_BIGGEST_ID = 2**63 - 1
_FOLLOWED_FOR = timedelta(minutes=10)
"""How long the page of an item that Engage accepted follows it by itself; most are seen there within a minute."""


@require_safe
@staff_page(VIEW)
def queue(request: HttpRequest) -> HttpResponse:
    """The items, newest first, narrowed by a filter."""
    chosen = ItemFilter(request.GET, queryset=selectors.items())
    page = Paginator(chosen.qs, PER_PAGE).get_page(request.GET.get("page"))
    query = _without_page(request)
    retryable, cancellable = _movable_by(request)
    context = {
        "filter": chosen,
        "page": page,
        "paused": pauses.current(),
        "query": f"{query}&" if query else "",
        "filter_query": query,
        "is_filtered": any(request.GET.get(name) for name in ItemFilter.base_filters),
        "states": State.choices,
        "kinds": kinds(),
        "outage": outage_numbered(request.GET.get("outage", "")),
        "file": _file_with(parse_guid(request.GET.get("file", ""))),
        "chosen_states": request.GET.getlist("state"),
        "may_choose": {*retryable, *cancellable},
        "retryable": chosen.qs.filter(state__in=retryable).count(),
        "cancellable": chosen.qs.filter(state__in=cancellable).count(),
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
        "paused": pauses.current(),
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
    pause = pause_over(detail.item, pauses.current())
    retryable, cancellable = _movable_by(request)
    context = {
        "detail": detail,
        "item": detail.item,
        "pause": pause,
        "moves": _moves(detail.item),
        "contact_id": contact_about(detail.item),
        "has_no_owner": request.user.has_perm(CORRECT) and ownerless(detail.item) is not None,
        "file": _file_with(detail.item.spool_file),
        "next_step": next_step_of(detail, pause=pause),
        "is_retryable": detail.item.state in retryable,
        "is_cancellable": detail.item.state in cancellable,
    }
    return render(request, "staff/item.html", context)


def _moves(item: Item) -> bool:
    """Whether the page looks again by itself: Engage may take days to show what it accepted."""
    if item.state == State.ACCEPTED and item.finished_at is not None:
        return clock.now() - item.finished_at < _FOLLOWED_FOR
    return item.state in MOVING


def _file_with(key: UUID | None) -> SpoolFile | None:
    return SpoolFile.objects.filter(key=key).first() if key else None


def _movable_by(request: HttpRequest) -> tuple[tuple[State, ...], tuple[State, ...]]:
    """The states out of which the visitor may send again, and those out of which they may cancel."""
    may = request.user.has_perm
    return RETRYABLE if may(RETRY) else (), CANCELLABLE if may(CANCEL) else ()


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
